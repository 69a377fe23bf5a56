"""Finds out what a file is from its first bytes, whatever its name ends with. Reads no more of it."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from bench.formatting import escape_invisible, format_count
from bench.workload.file_summary import UPLOAD_PREFIX, find_upload, find_upload_name
from bench.workload.git_lfs import POINTER_REMEDY, POINTER_START
from bench.workload.interface import BadInput

HEAD_BYTES = 512
CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""Bytes that no text has, and that every binary file has near its beginning."""
EXPORT_REMEDY = "Save the table as CSV or Parquet, and give that file."
PATH_REMEDY = "Give the path of a CSV or Parquet file, or of a folder of Parquet files, on this machine."

Compression = Literal["", "gzip", "bzip2", "xz", "zip", "zstd"]
COMPRESSION_SIGNATURES: Mapping[bytes, Compression] = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
PICTURE = ("is a picture", PATH_REMEDY)
PICKLE = ("is a pickle, which may run any code when it is read", EXPORT_REMEDY)
WEB_PAGE = ("is a web page", "Download the table itself: this is often the page that offers it.")
BINARY_SIGNATURES: Mapping[bytes, tuple[str, str]] = {
    b"PARE": ("is an encrypted Parquet file", "Save it without encryption."),
    b"ARROW1": ("is an Arrow (Feather) file", EXPORT_REMEDY),
    b"FEA1": ("is a Feather file", EXPORT_REMEDY),
    b"ORC": ("is an ORC file", EXPORT_REMEDY),
    b"Obj\x01": ("is an Avro file", EXPORT_REMEDY),
    b"SQLite format 3\x00": ("is an SQLite database", EXPORT_REMEDY),
    b"\x89HDF": ("is an HDF5 file", EXPORT_REMEDY),
    b"\xd0\xcf\x11\xe0": ("is an Excel workbook of the old format", EXPORT_REMEDY),
    b"7z\xbc\xaf\x27\x1c": ("is a 7z archive", "Unpack it, and give one of the files."),
    b"Rar!\x1a\x07": ("is a RAR archive", "Unpack it, and give one of the files."),
    b"\x89PNG": PICTURE,
    b"\xff\xd8\xff": PICTURE,
    b"GIF8": PICTURE,
    b"BM": PICTURE,
    **{bytes([0x80, protocol]): PICKLE for protocol in range(2, 6)},
}
"""By the first bytes of a binary file: what it is instead of a table, and what to do. A text may begin so too."""
TEXT_SIGNATURES: Mapping[re.Pattern[bytes], tuple[str, str]] = {
    re.compile(re.escape(POINTER_START)): ("is a pointer of Git LFS, not the table itself", POINTER_REMEDY),
    re.compile(rb"/annex/objects/"): (
        "is a git-annex pointer, not the table itself",
        "Fetch the content with 'git annex get', and give the file again.",
    ),
    re.compile(rb"%PDF-"): ("is a PDF document", EXPORT_REMEDY),
    re.compile(rb"\{\\rtf"): ("is a document in Rich Text Format", EXPORT_REMEDY),
    re.compile(
        rb"(<!--.{0,400}?-->\s*)?<(!doctype html|(html|head|body|table)[\s>])", re.IGNORECASE | re.DOTALL
    ): WEB_PAGE,
    re.compile(rb"<\?xml", re.IGNORECASE): ("is an XML document", EXPORT_REMEDY),
    re.compile(rb'\{\s*"|\[\s*[\[{]'): ("is JSON", EXPORT_REMEDY),
}
"""By how a text begins, after white space: the same."""
HIDDEN_STARTS = (".", "_")
MAX_PARTS = 1000
TAR_SIGNATURE, TAR_OFFSET = b"ustar", 257


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file that holds a table."""

    path: Path
    name: str
    """What messages call it: an upload has a name of its own."""
    kind: Literal["CSV", "Parquet"]
    compression: Compression = ""
    """How a CSV file is compressed."""
    parts: tuple[Path, ...] = ()
    """If `path` is a folder: the Parquet files in it and below it, in the order in which pandas reads them."""

    def open_bytes(self) -> IO[bytes]:
        """The content of a CSV file, decompressed while it is read. Raises OSError and BadInput."""
        return io.BufferedReader(_OPENERS[self.compression](self))


def find_table(value: str, uploads: Path) -> TableFile:
    """The table that a parameter's value names: a path, or a file in the folder `uploads`. Raises BadInput."""
    if not value.startswith(UPLOAD_PREFIX):
        return identify_file(Path(value))
    file = find_upload(uploads, value)
    if not file.is_file():
        raise BadInput("the uploaded table is no longer on this machine", "Upload it again.")
    return identify_file(file, find_upload_name(file))


def name_table(value: str, uploads: Path) -> str:
    """What the table is called next to a claim. It need not exist."""
    return find_upload_name(find_upload(uploads, value)) if value.startswith(UPLOAD_PREFIX) else Path(value).name


def identify_file(path: Path, name: str = "") -> TableFile:
    """What the file at `path`, called `name` in messages, is. Raises BadInput if it cannot be read, or is no table."""
    try:
        path = path.expanduser().absolute()
        name = name or path.name
        if path.is_dir():
            return _identify_folder(path)
        if not path.exists():
            raise BadInput(f"There is no file {path}", PATH_REMEDY)
        if not path.is_file():
            raise BadInput(f"{path} is a device, a pipe or a socket, not a file", PATH_REMEDY)
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            file.seek(max(0, path.stat().st_size - 4))
            tail = file.read()
    except BadInput:
        raise
    except PermissionError as error:
        raise BadInput(
            f"The user who runs Fairlap has no permission to read {path}", "Grant it, or give another file."
        ) from error
    except (OSError, RuntimeError, ValueError) as error:
        # For example: a name that is too long or contains a null, an unknown home folder, a failing disk.
        raise BadInput(f"{str(path)!r} cannot be read: {error}", PATH_REMEDY) from error
    if not head:
        raise BadInput(f"The file {name} is empty (0 bytes)", "Give a text file with a header and rows.")
    if head.startswith(b"PAR1") and (tail == b"PAR1" or CONTROL_BYTES.search(head)):
        if tail != b"PAR1":
            raise BadInput(
                f"The file {name} begins as a Parquet file and does not end as one: a part is missing",
                "Copy or download the whole file again.",
            )
        return TableFile(path, name, "Parquet")
    _refuse_other_kinds(name, head)
    for sign, compression in COMPRESSION_SIGNATURES.items():
        if head.startswith(sign):
            file = TableFile(path, name, "CSV", compression)
            _check_compressed(file)
            return file
    return TableFile(path, name, "CSV")


def _identify_folder(path: Path) -> TableFile:
    """A folder of Parquet files. Raises BadInput if it has other files, or none."""
    parts: list[Path] = []
    for folder, subfolders, names in os.walk(path):
        # As PyArrow does: Spark and others write _SUCCESS, _metadata and checksums beside the files.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(HIDDEN_STARTS))
        for name in sorted(name for name in names if not name.startswith(HIDDEN_STARTS)):
            part = Path(folder, name)
            if not _is_parquet(part):
                more = f" (and {format_count(len(parts), 'Parquet file')})" if parts else ""
                raise BadInput(
                    f"{path} is a folder with {escape_invisible(name)}, which is no Parquet file{more}",
                    "Give the path of one file, or of a folder that has Parquet files only.",
                )
            parts.append(part)
        if len(parts) > MAX_PARTS:
            raise BadInput(
                f"{path} is a folder with more than {MAX_PARTS:,} Parquet files",
                "Save it as one file: pandas.read_parquet(folder).to_parquet('table.parquet').",
            )
    if not parts:
        raise BadInput(f"{path} is a folder without Parquet files", PATH_REMEDY)
    return TableFile(path, path.name, "Parquet", parts=tuple(sorted(parts)))


def _is_parquet(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _refuse_other_kinds(name: str, head: bytes) -> None:
    if head[TAR_OFFSET:].startswith(TAR_SIGNATURE):
        raise BadInput(f"The file {name} is a TAR archive", "Unpack it, and give one of the files.")
    for sign, (what, remedy) in BINARY_SIGNATURES.items():
        if head.startswith(sign) and CONTROL_BYTES.search(head):
            raise BadInput(f"The file {name} {what}", remedy)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for pattern, (what, remedy) in TEXT_SIGNATURES.items():
        if pattern.match(start):
            raise BadInput(f"The file {name} {what}", remedy)


def _check_compressed(file: TableFile) -> None:
    """Raise BadInput if a compressed file is damaged at its beginning, or holds something else than text."""
    try:
        with file.open_bytes() as content:
            head = content.read(HEAD_BYTES)
    except (OSError, EOFError, lzma.LZMAError, zipfile.BadZipFile, ValueError) as error:
        raise damaged_compression(file, error) from error
    if not head:
        raise BadInput(f"The file {file.name} is empty after decompression", "Give a text file with a header and rows.")
    if head.startswith(b"PAR1") and CONTROL_BYTES.search(head):
        raise BadInput(f"The file {file.name} is a Parquet file inside of {file.compression}", "Decompress it first.")
    for sign, compression in COMPRESSION_SIGNATURES.items():
        if head.startswith(sign) and CONTROL_BYTES.search(head):
            raise BadInput(
                f"The file {file.name} is a {compression} file inside of {file.compression}", "Decompress it."
            )
    _refuse_other_kinds(file.name, head)


def damaged_compression(file: TableFile, error: Exception) -> BadInput:
    """The error for a compressed file that cannot be decompressed."""
    if isinstance(error, BadInput):
        return error
    return BadInput(
        f"The file {file.name} cannot be decompressed ({file.compression}): {error}",
        "Copy or download the whole file again, or decompress it yourself.",
    )


def _open_zip(file: TableFile) -> IO[bytes]:
    archive = zipfile.ZipFile(file.path)
    # Archives of macOS have a file of attributes beside each.
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= set(names):
        raise BadInput(f"The file {file.name} is an Excel workbook or another office document", EXPORT_REMEDY)
    if len(names) != 1:
        raise BadInput(
            f"The file {file.name} is a ZIP archive with {len(names)} files", "Unpack it, and give one of the files."
        )
    if archive.getinfo(names[0]).flag_bits & 1:
        raise BadInput(f"The file {file.name} is an encrypted ZIP archive", "Unpack it, and give the file.")
    return archive.open(names[0])


def _open_xz(file: TableFile) -> IO[bytes]:
    return lzma.LZMAFile(file.path)


def _open_zstd(file: TableFile) -> IO[bytes]:
    # Only here, because PyArrow takes half a second to load and the standard library has no zstd.
    import pyarrow as pa

    return pa.input_stream(str(file.path), compression="zstd")


_OPENERS: Mapping[Compression, Callable[[TableFile], Any]] = {
    "": lambda file: file.path.open("rb", buffering=0),
    "gzip": lambda file: gzip.GzipFile(file.path),
    "bzip2": lambda file: bz2.BZ2File(file.path),
    "xz": _open_xz,
    "zip": _open_zip,
    "zstd": _open_zstd,
}
