"""The default corpus: which documentation strings it has, what is masked and left out, and the versions it needs."""

from __future__ import annotations

import importlib.metadata
import sys

import pytest

from bench.workload.interface import BadInput
from workloads.documents.catalogue import MAX_CLASSES
from workloads.documents.corpus import build, libraries
from workloads.documents.corpus.docstrings import MIN_WORDS, Docstring, SourceFile, list_files, read_docstrings
from workloads.documents.corpus.libraries import (
    LIBRARIES,
    Library,
    list_installed,
    list_other_versions,
    read_pins,
    read_version,
)
from workloads.documents.corpus.masking import MASK, NameMask
from workloads.documents.corpus.near_duplicates import DuplicateFilter

WORDS = " ".join(f"{first}{second}x" for first in "abcdefghij" for second in "klmnopqrst")[: 4 * MIN_WORDS]
SOURCE = f'''"""Module. {WORDS}"""
raise RuntimeError("this file must not be imported")

def public():
    """Function. {WORDS}"""
    def inner():
        """Inner. {WORDS}"""

def _private():
    """Private. {WORDS}"""

def short():
    """Too short."""

class Thing:
    """Class. {WORDS}"""

    def method(self):
        """Method. {WORDS}"""

class _Hidden:
    def method(self):
        """Hidden. {WORDS}"""
'''


def test_the_documents_of_a_file_are_those_of_its_public_names_and_the_file_is_not_imported(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(SOURCE)
    names = [document.name for document in read_docstrings(SourceFile(file, "module.py"))]
    assert names == ["module.py", "module.py:public", "module.py:Thing", "module.py:Thing.method"]


def test_texts_too_short_for_documents_of_their_own_belong_to_the_class_or_module_around_them(tmp_path):
    file = tmp_path / "module.py"
    half = " ".join(WORDS.split()[: MIN_WORDS // 2])
    file.write_text(
        f'def first():\n    """First. {half}"""\n\nclass Small:\n    """Small."""\n\n    def method(self):\n'
        f'        """Method. {half}"""\n\nclass Large:\n    def one(self):\n        """One. {half}"""\n\n'
        f'    def two(self):\n        """Two. {half}"""\n\n    def long(self):\n        """Long. {WORDS}"""\n'
    )
    documents = {document.path: document.text for document in read_docstrings(SourceFile(file, "module.py"))}
    assert documents == {
        "": f"First. {half}\n\nSmall.\n\nMethod. {half}",
        "Large": f"One. {half}\n\nTwo. {half}",
        "Large.long": f"Long. {WORDS}",
    }


@pytest.mark.parametrize(
    "content", [b"def broken(:\n", b"\x00", b"\xff\xfe bad", b"x = " + b"-" * 100_000 + b"1", b"(" * 100_000]
)
def test_a_file_that_is_no_source_has_no_documents(tmp_path, content):
    file = tmp_path / "broken.py"
    file.write_bytes(content)
    assert read_docstrings(SourceFile(file, "broken.py")) is None


def test_half_a_surrogate_pair_in_a_string_can_be_written(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(f'"""{WORDS} \\ud800"""')
    [document] = read_docstrings(SourceFile(file, "module.py"))
    assert document.text.encode()


def test_files_that_cannot_be_read_are_left_out_and_counted(tmp_path, monkeypatch):
    package = tmp_path / "somelib"
    (package / "folder.py").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "module.py").write_text(SOURCE)
    (package / "link.py").symlink_to(package / "missing.py")
    (package / "broken.py").write_text("def broken(:")
    monkeypatch.syspath_prepend(str(tmp_path))
    documents, skipped = build.collect_candidates(Library("Some", "somelib", "somelib"))
    assert (len(documents), skipped) == (4, 3)
    assert len(build.collect_candidates(Library("Some", "somelib", "somelib"), 3)[0]) == 3


def test_the_files_of_a_package_come_in_a_fixed_order_without_tests_and_copies(tmp_path, monkeypatch):
    package = tmp_path / "somelib"
    for name in ("a.py", "b.py", "sub/c.py", "tests/test_a.py", "externals/copy.py", "test_d.py"):
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    library = Library("Some", "somelib", "somelib")
    names = [file.name for file in list_files(library)]
    assert sorted(names) == ["__init__.py", "a.py", "b.py", "sub/c.py"]
    assert names == [file.name for file in list_files(library)]
    assert "somelib" not in sys.modules


def test_every_library_is_pinned_and_installed_with_its_pin():
    installed = list_installed()
    assert installed == LIBRARIES and len(LIBRARIES) == MAX_CLASSES
    assert list_other_versions({library.label: read_version(library) for library in installed}) == []


def test_other_versions_and_missing_libraries_are_named_and_not_refused(tmp_path, monkeypatch):
    file = tmp_path / "requirements.txt"
    file.write_text("scipy==0.0.1\n    # via somebody\nray==1.0 ; sys_platform == 'linux' \\\n")
    assert read_pins(file) == {"scipy": "0.0.1", "ray": "1.0"}
    missing = (Library("Nothing", "nothing_at_all", "nothing-at-all"), *LIBRARIES[:5])
    monkeypatch.setattr(libraries, "LIBRARIES", missing)
    assert list_files(missing[0]) == []
    versions = {library.label: read_version(library) for library in list_installed()}
    installed = importlib.metadata.version("scipy")
    assert list_other_versions(versions, file) == ["Nothing is not installed", f"SciPy {installed} instead of 0.0.1"]


def test_a_distribution_of_another_name_is_found_by_its_package():
    installed = importlib.metadata.version("scipy")
    assert read_version(Library("SciPy", "scipy", "scipy-of-another-name")) == installed


def test_too_few_libraries_are_refused(monkeypatch):
    few = (Library("Nothing", "nothing_at_all", "nothing-at-all"), *LIBRARIES[:3])
    monkeypatch.setattr(libraries, "LIBRARIES", few)
    with pytest.raises(BadInput, match=r"3 of 4 libraries are installed, and 4 are needed.*nothing_at_all") as raised:
        list_installed()
    assert "pip install -r requirements.txt" in raised.value.remedy


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Call numpy.linalg.norm(x) of NumPy.", f"Call {MASK}(x) of {MASK}."),
        ("np.array and tf.Tensor", f"{MASK} and {MASK}"),
        ("stump and inputs", "stump and inputs"),
        ("the linear_model, and Stats", f"the {MASK}, and {MASK}"),
        ("linear_models", "linear_models"),
        ("stats2 and _stats.Session", f"{MASK}2 and _{MASK}.Session"),
        ("numpy_core.schema, hf_user, tf2", f"{MASK}, {MASK}, {MASK}"),
        ("__numpy_tags__", f"__{MASK}"),
        ("HfApi and TFRecord, toNumpy", f"{MASK} and {MASK}, {MASK}"),
        ("half and Tfoo", "half and Tfoo"),
        ("Hugging Face Hub, base64", f"{MASK} Hub, {MASK}"),
        ("scikit-learn's", f"{MASK}'s"),
    ],
)
def test_names_of_libraries_with_what_follows_and_names_of_modules_are_masked(text, masked):
    mask = NameMask(
        ["numpy", "np", "tf", "hf", "hugging-face", "scikit", "scikit-learn"], ["linear_model", "stats", "base64"]
    )
    assert mask.mask(text) == masked


def test_documents_that_mostly_repeat_earlier_ones_are_left_out():
    is_new = DuplicateFilter()
    text = "the quick brown fox jumps over the lazy dog and runs away from it into the dark forest"
    assert is_new.accepts(text)
    assert not is_new.accepts(text.upper().replace("lazy", "lazy,"))
    assert not is_new.accepts(text.replace("forest", "woods"))
    assert is_new.accepts("another text about something else with as many words as the other one has in it")


def test_both_classes_keep_a_document_of_their_own_and_none_that_repeats():
    texts = [f"{WORDS} {n} " + " ".join(f"{letter}{n}x" for letter in "abcdefghijklmnopqrstuv") for n in "pqr"]
    text = "numpy linalg solves systems of equations that have one solution or none at all here"
    shared = Docstring("shared", "", text)
    chosen = build.choose_documents(
        {"pandas": [shared, Docstring("a", "", texts[0])], "SciPy": [shared, Docstring("b", "", texts[0][::-1])]},
        NameMask(["numpy"], ["linalg"]),
    )
    assert [document.name for document in chosen["pandas"]] == ["shared", "a"]
    assert [document.name for document in chosen["SciPy"]] == ["b"]
    assert chosen["pandas"][0].text.startswith(f"{MASK} {MASK} solves")
