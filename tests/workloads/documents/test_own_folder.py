"""A folder of the user's text files: what is read of it, what is left out with a note, and what is refused."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from bench.workload.interface import BadInput
from tests.support.own_documents import make_documents, make_own_settings, read_own, write_folder
from workloads.documents.input_check import check_inputs
from workloads.documents.own import folder as folder_module
from workloads.documents.own.decoding import MAX_DOCUMENT_BYTES
from workloads.documents.own.folder import list_folder
from workloads.documents.own.limits import MAX_DOCUMENT_CHARACTERS, MAX_OWN_CLASSES


@pytest.fixture
def reviews(tmp_path) -> Path:
    """160 documents of 4 classes."""
    return write_folder(tmp_path / "reviews", 160)


def add(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_each_folder_is_a_class_and_its_files_are_documents_at_any_depth(reviews):
    add(reviews, "sea/2024/deep/er.txt", "a ship far below")
    found, notes = read_own(reviews)
    assert len(found.texts) == 161 and found.labels[found.texts.index("a ship far below")] == "sea"
    assert notes["Classes"] == "4: sea (41), garden (40), kitchen (40), sky (40)"
    assert found.description == "text files in the folders of reviews" and found.is_whole
    assert set(notes) == {"Classes", "Held out"}
    again, _ = read_own(reviews)
    assert again.texts == found.texts


def test_what_is_no_document_is_left_out_and_counted(reviews):
    add(reviews, "README.md", "about")
    add(reviews, "sea/.hidden", "hidden")
    add(reviews, ".git/config", "hidden")
    add(reviews, "__MACOSX/x.txt", "hidden")
    add(reviews, "sea/scan.pdf", b"%PDF-1.7 looks like text")
    add(reviews, "sea/photo.png", b"\x89PNG\r\n\x1a\n\x00\x00")
    add(reviews, "sea/nul.txt", b"a text with a\x00null")
    add(reviews, "sea/empty.txt", "")
    add(reviews, "sea/numbers.txt", "123 !?")
    add(reviews, "rare/one.txt", "alone")
    repeated = sorted((reviews / "sea").glob("*.txt"))[0].read_text()
    add(reviews, "sea/zz-again.txt", repeated.upper() + " 12")
    add(reviews, "sky/zz-other-label.txt", repeated)
    os.mkfifo(reviews / "sea/pipe")
    (reviews / "sea/broken").symlink_to(reviews / "nowhere")
    (reviews / "sea/loop").symlink_to(reviews)
    (reviews / "sea/self").symlink_to(reviews / "sea/self")
    found, notes = read_own(reviews)
    assert len(found.texts) == 164, "with the empty and repeated texts, which the load step leaves out"
    assert "1 document of labels with fewer than 4: rare" in notes["Left out"]
    assert "hidden files and folders: 3" in notes["Left out"]
    assert "files in no class folder: 1" in notes["Left out"]
    assert "links to folders, which are not followed: 1" in notes["Left out"]
    assert "pipes, sockets and broken links: 3" in notes["Left out"]
    assert "3 files that are not text: sea/nul.txt, sea/photo.png, sea/scan.pdf" in notes["Left out"]
    assert notes["Left out by the load step"] == (
        "2 documents without letters; 2 documents with the same words as one before, 1 of them with another label"
    )


@pytest.mark.parametrize(
    ("codec", "name"),
    [("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16-LE"), ("cp1252", "CP1252 (assumed)")],
)
def test_other_encodings_are_found_and_named(tmp_path, codec, name):
    folder = tmp_path / "letters"
    for place, (text, label) in enumerate(make_documents(120)):
        add(folder, f"{label}/{place}.txt", f"Größe schön Übung – {text}".encode(codec))
    found, notes = read_own(folder)
    assert all(text.startswith("Größe schön Übung – ") for text in found.texts)
    if codec == "utf-8-sig":
        assert "Encoding" not in notes
    else:
        assert f"120 files in {name}" in notes["Encoding"]


def test_cyrillic_files_without_a_mark_are_read_as_one_encoding_and_damage_is_not(tmp_path):
    folder = tmp_path / "letters"
    for place, (text, label) in enumerate(make_documents(120)):
        add(folder, f"{label}/{place}.txt", f"Привет мир хорошо {text}".encode("cp1251" if place % 2 else "utf-8"))
    add(folder, "sea/damaged.txt", "schöne Größe über ".encode() + b"\xff")
    found, notes = read_own(folder)
    assert sum(text.startswith("Привет мир хорошо ") for text in found.texts) == 120
    assert "60 files in CP1251 (assumed)" in notes["Encoding"] and "61 files in UTF-8" in notes["Encoding"]
    assert "1 file in UTF-8 with other bytes" in notes["Encoding"]


def test_texts_of_other_scripts_are_documents(tmp_path):
    """Cleaning keeps letters of all alphabets, so such texts are not empty."""
    folder = tmp_path / "scripts"
    for place in range(120):
        label, text = (
            ("zh", f"{chr(0x4E00 + place)}文是")
            if place % 2
            else ("ru", f"Да {chr(0x0430 + place % 32)}{place // 32 * 'я'}")
        )
        add(folder, f"{label}/{place}.txt", f"{text}, 1!")
    found, notes = read_own(folder)
    assert len(found.texts) == 120 and "Left out by the load step" not in notes


def test_only_the_beginning_of_a_long_document_is_read(reviews, monkeypatch):
    long = add(reviews, "sea/0-long.txt", "word " * 10)
    with long.open("r+b") as file:
        file.truncate(100 << 20)
    # A file of 100 MiB whose text begins and never ends, without writing it.
    real = folder_module.read_beginning
    sizes = []

    def read(path):
        content = real(path)
        sizes.append(len(content))
        return content.replace(b"\0", b"w")

    monkeypatch.setattr(folder_module, "read_beginning", read)
    found, notes = read_own(reviews)
    assert max(sizes) == MAX_DOCUMENT_BYTES
    assert max(map(len, found.texts)) == MAX_DOCUMENT_CHARACTERS
    assert notes["Cut"] == "1 document to the first 20,000 characters"


def test_of_more_files_the_documents_of_the_plan_are_drawn_by_the_seed_and_only_they_are_read(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "many", 600)
    opened = []
    real = folder_module.read_beginning
    monkeypatch.setattr(folder_module, "read_beginning", lambda path: opened.append(path) or real(path))
    found, notes = read_own(folder, 240)
    assert len(found.texts) == 240 == len(opened)
    assert notes["Drawn"] == "240 of 600 documents, by the seed, of each class as its share"
    assert notes["Classes"] == "4: garden (60), kitchen (60), sea (60), sky (60)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_files_that_may_not_be_read_are_counted(reviews):
    secret = add(reviews, "sea/secret.txt", "secret")
    secret.chmod(0)
    add(reviews, "closed/a.txt", "closed").parent.chmod(0)
    _, notes = read_own(reviews)
    (reviews / "closed").chmod(0o700)
    assert "1 file that cannot be read: sea/secret.txt" in notes["Left out"]
    assert "folders that may not be read: 1" in notes["Left out"]


def test_files_that_cannot_be_read_are_counted(reviews, monkeypatch):
    add(reviews, "sea/secret.txt", "secret")
    real = folder_module.read_beginning

    def read(path):
        if path.name == "secret.txt":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(folder_module, "read_beginning", read)
    _, notes = read_own(reviews)
    assert notes["Left out"] == "1 file that cannot be read: sea/secret.txt"


def refuse(folder: Path, **parameters) -> BadInput:
    with pytest.raises(BadInput) as refusal:
        check_inputs(make_own_settings(folder, folder.parent, **parameters))
    assert refusal.value.remedy
    return refusal.value


def test_a_folder_without_class_folders_is_refused(tmp_path, reviews):
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "has no files" in str(refuse(empty))
    error = refuse(reviews / "sea")
    assert "has 40 files and no files in folders" in str(error) and "one folder of text files for each class" in (
        error.remedy
    )
    for label in ("kitchen", "garden", "sky"):
        shutil.rmtree(reviews / label)
    assert "all 40 documents of the folder reviews have the label sea" in str(refuse(reviews))


def test_parts_of_a_data_set_are_no_classes(tmp_path, reviews):
    for part in ("train", "test"):
        shutil.copytree(reviews, tmp_path / "set" / part)
    error = refuse(tmp_path / "set")
    assert "parts of a data set, not classes: test, train" in str(error)
    assert error.remedy.endswith(f"such as {tmp_path / 'set' / 'test'}.")


def test_too_few_documents_are_refused_with_their_number(tmp_path):
    assert "labels, and none of them with 4 documents" in str(refuse(write_folder(tmp_path / "one-each", 4)))
    assert "40 documents of 40 of text files in the folders of few can be used, and 100 are needed" in str(
        refuse(write_folder(tmp_path / "few", 40))
    )
    same = tmp_path / "same"
    for place in range(200):
        add(same, f"{'a' if place % 2 else 'b'}/{place}.txt", "the same text")
    assert "1 document of 200" in str(error := refuse(same)) and "199 repeat the words of others" in str(error)
    for place in range(200):
        add(same, f"a/{place}.txt", f"the same text {'ab' * place}")
    assert "without empty and repeated texts, have the label a" in str(refuse(same))


def test_many_labels_are_limited_to_the_most_frequent_or_refused(tmp_path):
    labels = [f"label {number:03d}" for number in range(40)]
    found, notes = read_own(write_folder(tmp_path / "forty", 40 * 8, labels=labels))
    assert len(set(found.labels)) == MAX_OWN_CLASSES
    assert notes["Left out"].startswith("80 documents of the 10 labels after the 30 most frequent: label 030, ")
    labels = [f"label {number:03d}" for number in range(200)]
    error = refuse(write_folder(tmp_path / "hundreds", 200 * 5, labels=labels))
    assert "200 different labels, and the 30 most frequent have 15 % of its documents" in str(error)
    assert "Merge labels" in error.remedy


def test_settings_that_the_documents_do_not_allow_are_refused(reviews):
    assert "160 documents are too few for 100 components" in str(refuse(reviews, components=100))
    few = reviews.parent / "few-words"
    for place in range(120):
        words = [2 * chr(97 + bit) for bit in range(8) if (place + 1) >> bit & 1]
        add(few, f"{'a' if place % 2 else 'b'}/{place}.txt", " ".join(words))
    assert "the documents have 7 features, such as different words, too few for 10 components" in str(refuse(few))


def test_folders_of_the_system_and_too_many_files_are_refused(reviews, monkeypatch, tmp_path):
    for path in ("/proc", "/proc/self", "/sys/kernel", "/dev"):
        assert "is a folder of the operating system" in str(refuse(Path(path)))
    link = tmp_path / "link"
    link.symlink_to("/proc/self")
    assert "is a folder of the operating system" in str(refuse(link))
    assert "is a folder of the operating system" in str(refuse(reviews / "../../../../../../../../../../proc"))
    monkeypatch.setattr(folder_module, "MAX_FILES", 150)
    error = refuse(reviews)
    assert "more than 150 files and folders" in str(error) and "Parquet" in error.remedy


def test_a_folder_of_parquet_files_is_a_table(tmp_path):
    from tests.support.own_documents import make_columns, write_table

    folder = tmp_path / "parts" / "year=2024"
    folder.mkdir(parents=True)
    write_table(folder / "part.parquet", make_columns(160))
    (tmp_path / "parts" / "_SUCCESS").touch()
    found, _ = read_own(tmp_path / "parts")
    assert len(found.texts) == 160 and "Parquet, 1 file" in found.description


def test_names_of_folders_are_labels_without_characters_that_are_invisible(tmp_path):
    hostile = ["<script>alert(1)", "**bold** [x](http:)", "l" * 200, "two\nlines"]
    folder = write_folder(tmp_path / "odd", 120, labels=hostile)
    found, _ = read_own(folder)
    assert set(found.labels) == {*hostile[:3], "two\\nlines"}
    os.makedirs(os.fsencode(folder) + b"/bad\xff")
    for place in range(8):
        add(Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff")), f"{place}.txt", f"text {'abcdefgh'[place]} b")
    found, _ = read_own(folder)
    assert "bad\\udcff" in found.labels


def test_listing_is_bounded_by_depth(tmp_path):
    deep = tmp_path / "deep"
    path = deep
    for _ in range(30):
        path = path / "a"
    add(path, "x.txt", "below")
    add(deep, "a/y.txt", "above")
    listing = list_folder(deep)
    assert listing.paths == ["a/y.txt"] and listing.left_out == {folder_module.DEEP: 1}
