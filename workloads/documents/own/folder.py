"""Documents of a user's folder: one text file each, in one folder for each class, as `sklearn.datasets.load_files`."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bench.formatting import escape_invisible, format_count
from bench.values.arms import RacedInput
from bench.workload.interface import BadInput, ProgressReporter, Settings
from workloads.documents.own.classes import choose_classes, draw_documents
from workloads.documents.own.decoding import MAX_DOCUMENT_BYTES, Decoder, read_beginning
from workloads.documents.own.limits import MAX_FILES, MAX_TOTAL_CHARACTERS, SourceDocuments, join_some

FOLDER_REMEDY = "Give a folder that has one folder of text files for each class, such as reviews/good and reviews/bad."
SYSTEM_FOLDERS = ("/proc", "/sys", "/dev")
"""Of files that the system makes. /dev/shm has those of users."""
SHARED_MEMORY = "/dev/shm"
HIDDEN_STARTS = (".", "__")
"""Of names that no document has, such as `.git` and `__MACOSX`."""
PART_NAMES = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev", "unsup"})
"""Folders of parts of a data set, which are no classes."""
MAX_DEPTH = 20
"""Folders in each other."""
PARQUET_SIGN = b"PAR1"
REPORT_FILES = 500
"""Files that are read between two reports of progress."""
HIDDEN, LINKED, SPECIAL, OUTSIDE, UNREADABLE, DEEP = (
    *("hidden files and folders", "links to folders, which are not followed", "pipes, sockets and broken links"),
    *("files in no class folder", "folders that may not be read", f"folders more than {MAX_DEPTH} deep"),
)


@dataclass(slots=True)
class FolderListing:
    """The files of a folder, in the order of their paths. None was opened."""

    folder: Path
    paths: list[str] = field(default_factory=list[str])
    """Relative to `folder`."""
    left_out: Counter[str] = field(default_factory=Counter[str])
    outside: list[str] = field(default_factory=list[str])
    """Names of the files beside the class folders."""
    entries: int = 0

    @property
    def labels(self) -> list[str]:
        """The class of each file: the name of the folder at the top."""
        return [escape_invisible(path.partition(os.sep)[0]) for path in self.paths]


def resolve_folder(path: Path) -> Path:
    """The folder without links. Raises BadInput for one of the system."""
    try:
        folder = path.expanduser().resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"{str(path)!r} cannot be read: {error}", FOLDER_REMEDY) from error
    is_shared = folder.is_relative_to(SHARED_MEMORY)
    if not is_shared and any(folder.is_relative_to(system) for system in SYSTEM_FOLDERS):
        raise BadInput(f"{folder} is a folder of the operating system, not one of documents", FOLDER_REMEDY)
    return folder


def list_folder(path: Path) -> FolderListing:
    """The files of a folder, at any depth. Links to folders are not followed, so there are no loops.

    Raises BadInput if it cannot be read, or has too many files.
    """
    listing = FolderListing(resolve_folder(path))
    try:
        _scan(listing, "", 0)
    except PermissionError as error:
        raise BadInput(
            f"The user who runs Fairlap has no permission to read the folder {listing.folder}",
            "Grant it, or give another folder.",
        ) from error
    except OSError as error:
        raise BadInput(f"The folder {listing.folder} cannot be read: {error}", FOLDER_REMEDY) from error
    listing.paths.sort()
    return listing


def is_table(listing: FolderListing) -> bool:
    """Whether a folder is one of Parquet files, which are read as a table: by its first file."""
    candidates = [name for name in listing.outside if not name.startswith("_")] or listing.paths[:1]
    if not candidates:
        return False
    try:
        with (listing.folder / min(candidates)).open("rb") as file:
            return file.read(len(PARQUET_SIGN)) == PARQUET_SIGN
    except OSError:
        return False


def require_classes(listing: FolderListing) -> None:
    """Raise BadInput if a folder has no folders of classes."""
    if not listing.paths:
        has = format_count(len(listing.outside), "file") + " and no files in folders" if listing.outside else "no files"
        left_out = _describe_counts(listing.left_out - Counter({OUTSIDE: len(listing.outside)}))
        raise BadInput(f"The folder {listing.folder} has {has}{f' ({left_out})' if left_out else ''}", FOLDER_REMEDY)
    labels = set(listing.labels)
    if {label.lower() for label in labels} <= PART_NAMES:
        raise BadInput(
            f"The folders of {listing.folder} are parts of a data set, not classes: {join_some(sorted(labels))}",
            f"Give the folder of one part, such as {listing.folder / min(labels)}.",
        )


def _scan(listing: FolderListing, below: str, depth: int) -> None:
    """Add what is in the folder `below`. Raises OSError at the top, and BadInput for too many entries."""
    try:
        entries = os.scandir(listing.folder / below)
    except OSError:
        if not below:
            raise
        listing.left_out[UNREADABLE] += 1
        return
    folders: list[str] = []
    with entries:
        for entry in entries:
            listing.entries += 1
            if listing.entries > MAX_FILES:
                raise BadInput(
                    f"The folder {listing.folder} has more than {MAX_FILES:,} files and folders",
                    "Give a folder with fewer, or write texts and labels to one Parquet file.",
                )
            path = os.path.join(below, entry.name)
            if entry.name.startswith(HIDDEN_STARTS):
                listing.left_out[HIDDEN] += 1
            elif entry.is_dir(follow_symlinks=False):
                folders.append(path)
            elif _is_file(entry):
                if below:
                    listing.paths.append(path)
                else:
                    listing.outside.append(entry.name)
                    listing.left_out[OUTSIDE] += 1
            else:
                listing.left_out[LINKED if _is_linked_folder(entry) else SPECIAL] += 1
    if depth == MAX_DEPTH and folders:
        listing.left_out[DEEP] += len(folders)
        return
    for folder in folders:
        _scan(listing, folder, depth + 1)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False  # A loop of links.


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _describe_counts(counts: Counter[str]) -> str:
    return "; ".join(f"{kind}: {count:,}" for kind, count in counts.items())


def read_folder(listing: FolderListing, settings: Settings, progress: ProgressReporter) -> SourceDocuments:
    """At most `settings.batch` documents of a folder, drawn by the seed. Only files that are drawn are read, and of
    each only its beginning. Raises BadInput."""
    require_classes(listing)
    name = f"the folder {escape_invisible(listing.folder.name or str(listing.folder))}"
    labels = listing.labels
    used, left_out = choose_classes(Counter(labels), name, FOLDER_REMEDY)
    numbers = {label: number for number, label in enumerate(used)}
    classes = np.array([numbers.get(label, -1) for label in labels], np.int64)
    drawn = draw_documents(classes, settings.batch, settings.seed).tolist()
    texts, decoder, problems = _read_files(listing, drawn, progress)
    left_out += [_describe_counts(listing.left_out)] if listing.left_out else []
    left_out += [
        f"{format_count(len(files), 'file')} {what}: {join_some(files)}" for what, files in problems.items() if files
    ]
    notes = [RacedInput(label="Encoding", text=text)] if (text := decoder.describe()) else []
    return SourceDocuments(
        texts=list(texts.values()),
        labels=[labels[place] for place in texts],
        total=int(np.count_nonzero(classes >= 0)),
        is_whole=True,
        description=f"text files in the folders of {name.removeprefix('the folder ')}",
        notes=notes,
        left_out=left_out,
    )


def _read_files(
    listing: FolderListing, places: list[int], progress: ProgressReporter
) -> tuple[dict[int, str], Decoder, dict[str, list[str]]]:
    """The texts of the files at `places` of the listing, by place, and the names of those that have none, by what they
    are. Raises BadInput if together they are too long."""
    decoder, texts = Decoder(), dict[int, str]()
    unreadable, undecided, size = list[str](), list[int](), 0
    for count, place in enumerate(places):
        if count % REPORT_FILES == 0:
            progress("reading the files", count / len(places))
        try:
            content = read_beginning(listing.folder / listing.paths[place])
        except OSError:
            unreadable.append(listing.paths[place])
            continue
        size += len(content)
        if size > MAX_TOTAL_CHARACTERS:
            raise BadInput(
                f"the first {MAX_DOCUMENT_BYTES // 1_000} kB of each of {len(places):,} files are more than "
                f"{MAX_TOTAL_CHARACTERS // 10**6} MB together",
                f"Choose about {count // 100 * 100:,} documents, or give shorter ones.",
            )
        text = decoder.decode(place, content)
        if text is None:
            undecided.append(place)
        else:
            texts[place] = text
    texts |= decoder.decode_rest()
    binary = [listing.paths[place] for place in undecided if place not in texts]
    if not texts:
        raise BadInput(
            f"none of the {format_count(len(places), 'file')} of {listing.folder} is a text that can be read, such as "
            f"{join_some([*binary, *unreadable][:3])}",
            "Save the documents as text files in UTF-8.",
        )
    problems = {"that cannot be read": unreadable, "that are not text": binary}
    return dict(sorted(texts.items())), decoder, problems
