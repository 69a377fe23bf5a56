"""Stored kernels: the same evidence as of compiled ones, and no entry that is damaged or belongs to something else."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bench.paths import ROOT
from bench.system import cache_entry
from bench.system.cache_entry import ENTRY_FILE, digest_file, read_entry
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import kernel_cache, numba_compile, numba_runtime
from workloads.memory_traffic.compiler.kernel_cache import KERNEL_FILE, LOOP_FILE

numba = pytest.importorskip("numba", reason="Numba is not installed")

SMALL = ("vectorization", "strict")
"""A kernel that compiles in less than a second."""
ALL_CASES = [
    *((name, transformation.accelerated) for name, transformation in TRANSFORMATIONS.items()),
    # Its loops of matrices of one column are removed before they are counted.
    ("tiling", "ijk"),
    SMALL,
]
PREPARE_SCRIPT = """
import json, sys
from pathlib import Path
from tests.support.memory_traffic import prepare_arm
from workloads.memory_traffic.compiler import numba_runtime

numba_runtime.THREAD_ENVIRONMENT = {}
folder, arms = Path(sys.argv[1]), {}
for case, lever in json.loads(sys.argv[2]):
    arm, prepared = prepare_arm(folder, case, lever, cores=2)
    arm.result = None
    if arm.problem.out is not None:
        arm.problem.out[:] = arm.arguments[0] if case == "stencil" else -1
    arm.repeat(0, lambda step, work: work())
    arm.problem.require_correct(arm.result, lever)
    (evidence,) = arm.evidence()
    arms[f"{case} {lever}"] = {
        "evidence": evidence.model_dump(mode="json"),
        "facts": prepared["facts"],
        "cached": arm.kernel.origin is not None,
    }
print(json.dumps(arms))
"""


def start_process(folder: Path, kernels) -> subprocess.Popen:
    """A process that prepares arms with their cache in `folder`, and checks what the timed code computes."""
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE_SCRIPT, str(folder), json.dumps(kernels)],
        cwd=ROOT,
        env=os.environ | {"NUMBA_NUM_THREADS": "2"},
        stdout=subprocess.PIPE,
        text=True,
    )


def read_result(process: subprocess.Popen) -> dict:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(output)


def prepare_small(folder: Path) -> dict:
    return read_result(start_process(folder, [SMALL]))[" ".join(SMALL)]


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> tuple[Path, dict]:
    """A cache with the kernels of all cases, and the output of the process that compiled them."""
    folder = tmp_path_factory.mktemp("kernels")
    return folder, read_result(start_process(folder, ALL_CASES))


@pytest.fixture
def copied_cache(cache, tmp_path) -> Path:
    shutil.copytree(cache[0], tmp_path / "copy")
    return tmp_path / "copy"


def find_entries(folder: Path, name: str = "memory-traffic") -> dict[str, Path]:
    """The entries in the folder `name` of the cache, by the name of their function."""
    entries = (path for path in (folder / name).iterdir() if path.is_dir())
    found = {path: read_entry(path) for path in entries}
    return {entry.facts["identity"]["function"]: path for path, entry in found.items() if entry is not None}


def test_a_stored_kernel_has_the_evidence_of_the_compiled_one(cache):
    folder, compiled = cache
    loaded = read_result(start_process(folder, ALL_CASES))
    assert loaded.keys() == compiled.keys()
    for name, arm in loaded.items():
        assert (compiled[name]["cached"], arm["cached"]) == (False, True), name
        *words, origin = arm["evidence"].pop("words")
        assert words == compiled[name]["evidence"]["words"]
        assert origin.startswith("cached: compiled, and its loops counted, on 20")
        assert re.search(r"SHA-256 [0-9a-f]{12} \(kernel\) and [0-9a-f]{12} \(timed loop", origin)
        expected = {key: value for key, value in compiled[name]["evidence"].items() if key != "words"}
        assert arm["evidence"] == expected
        for label in ("machine code", "version", "threads", "result check"):
            assert arm["facts"][label] == compiled[name]["facts"][label]
        assert arm["facts"]["compile time"] == f"{compiled[name]['facts']['compile time']}; {origin}"


def replace_file(folder: Path, name: str, content: bytes) -> None:
    """Replace a file of an entry, and its digest, so that the entry looks intact."""
    (folder / name).write_bytes(content)
    change_card(folder, lambda card: card["sha256"].update({name: digest_file(folder / name)}))


def change_card(folder: Path, change) -> None:
    card = json.loads((folder / ENTRY_FILE).read_text())
    change(card)
    (folder / ENTRY_FILE).write_text(json.dumps(card))


def change_facts(folder: Path, change) -> None:
    """Change the facts of an entry, and their digest, so that the entry looks intact."""

    def change_both(card: dict) -> None:
        change(card["facts"])
        card["facts_sha256"] = cache_entry._digest_facts(card["facts"])

    change_card(folder, change_both)


def take_files_of(other: str, *names: str):
    def damage(folder: Path, entries: dict[str, Path]) -> None:
        for name in names:
            replace_file(folder, name, (entries[other] / name).read_bytes())

    return damage


def take_place_of(other: str):
    def damage(folder: Path, entries: dict[str, Path]) -> None:
        shutil.rmtree(folder)
        shutil.copytree(entries[other], folder)
        change_card(folder, lambda card: card.update(name=folder.name))

    return damage


OTHER = "workloads.memory_traffic.kernels.layout.soa_1"
DAMAGES = {
    "truncated": lambda folder, _: os.truncate(folder / KERNEL_FILE, 1000),
    "other bytes that are no pickle": lambda folder, _: replace_file(folder, LOOP_FILE, b"\x80garbage"),
    "another kernel's files": take_files_of(OTHER, KERNEL_FILE, LOOP_FILE),
    "another kernel's loop": take_files_of(OTHER, LOOP_FILE),
    "another kernel's entry": take_place_of(OTHER),
    "facts of another form": lambda folder, _: change_facts(folder, lambda facts: facts.pop("loops")),
    "other versions": lambda folder, _: change_facts(
        folder, lambda facts: facts["identity"]["versions"].update(numba="0.1")
    ),
    "loop counts without their checksum": lambda folder, _: change_card(
        folder, lambda card: card["facts"]["loops"].update(vector_loops=99)
    ),
    "no digest": lambda folder, _: change_facts(folder, lambda facts: facts["object_code"].clear()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_entry_that_is_damaged_or_foreign_is_made_again(cache, copied_cache, damage):
    entries = find_entries(copied_cache)
    small = next(
        path
        for path in (copied_cache / "memory-traffic").iterdir()
        if path.is_dir()
        and read_entry(path).facts["identity"]["function"].endswith("dot")
        and "reassoc" not in read_entry(path).facts["identity"]["options"]["fastmath"]
    )
    intact = read_entry(small)
    damage(small, entries)
    again = prepare_small(copied_cache)
    assert not again["cached"]
    assert again["evidence"] == cache[1][" ".join(SMALL)]["evidence"]
    made_again = read_entry(small)
    assert made_again.facts["identity"] == intact.facts["identity"]
    assert made_again.facts["loops"] == intact.facts["loops"]
    assert made_again.digests.keys() == intact.digests.keys()


def test_of_two_processes_at_the_same_time_one_compiles(tmp_path):
    processes = [start_process(tmp_path, [SMALL]) for _ in range(2)]
    arms = [read_result(process)[" ".join(SMALL)] for process in processes]
    assert sorted(arm["cached"] for arm in arms) == [False, True]
    assert len(find_entries(tmp_path)) == 1


def load_module(file: Path, source: str) -> ModuleType:
    file.write_text(source)
    spec = importlib.util.spec_from_file_location("changing_kernel", file)
    module = importlib.util.module_from_spec(spec)
    # Not through the cache of bytecode, which is checked by the time of the file in whole seconds.
    exec(compile(source, str(file), "exec"), module.__dict__)
    return module


def digest(function, types=(numba.float64,), has_one_column=False, **options) -> str:
    options = {"parallel": False, "fastmath": {"contract"}} | options
    return kernel_cache.digest_identity(
        kernel_cache.identify_kernel(function, types, options, has_one_column=has_one_column)
    )


def test_a_change_of_the_source_misses_the_cache(tmp_path):
    file = tmp_path / "changing_kernel.py"
    source = "FACTOR = 2\ndef kernel(x):\n    return FACTOR * x\n"
    first = digest(load_module(file, source).kernel)
    assert digest(load_module(file, source).kernel) == first
    assert digest(load_module(file, source.replace("* x", "* x + 1")).kernel) != first
    assert digest(load_module(file, source.replace("2", "3")).kernel) != first, "a constant of the module"


def test_a_change_of_versions_options_or_types_misses_the_cache(monkeypatch):
    function = numba_compile.load_function(
        TRANSFORMATIONS["vectorization"], TRANSFORMATIONS["vectorization"].version("strict")
    )
    digests = [
        digest(function),
        digest(function, types=(numba.float32,)),
        digest(function, parallel=True),
        digest(function, fastmath={"contract", "nsz"}),
        digest(function, has_one_column=True),
    ]
    monkeypatch.setattr(numba.config, "DEBUGINFO_DEFAULT", 1)
    digests.append(digest(function))
    read_version = importlib.metadata.version
    for library in ("numba", "llvmlite"):
        with monkeypatch.context() as patch:
            patch.setattr(
                importlib.metadata,
                "version",
                lambda name, library=library: read_version(name) + ".1" * (name == library),
            )
            digests.append(digest(function))
    assert len(set(digests)) == len(digests)


DIGEST_SCRIPT = """
from tests.workloads.memory_traffic.compiler.test_kernel_cache import add_one, digest
print(digest(add_one))
"""


def test_a_change_of_numbas_settings_misses_the_cache(tmp_path):
    folders = {name: tmp_path / name for name in ("none", "file")}
    for folder in folders.values():
        folder.mkdir()
    (folders["file"] / ".numba_config.yaml").write_text("boundscheck: 1\n")

    def digest_with(folder: str = "none", **variables: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", DIGEST_SCRIPT],
            cwd=folders[folder],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    default = digest_with(NUMBA_NUM_THREADS="1", NUMBA_THREADING_LAYER="omp")
    assert digest_with(NUMBA_NUM_THREADS="2") == default, "the machine code asks for the threads when it runs"
    others = digest_with("file"), digest_with(NUMBA_CPU_FEATURES="+avx2"), digest_with(NUMBA_OPT="2")
    assert len({default, *others}) == 4


def test_the_identity_has_the_sources_that_were_imported(tmp_path):
    transformation = TRANSFORMATIONS["vectorization"]
    function = numba_compile.load_function(transformation, transformation.version("strict"))
    file = Path(function.__code__.co_filename)
    expected = digest(function)
    kernel_cache.digest_source.cache_clear()
    code = function.__code__
    changed = tmp_path / "changed.py"
    changed.write_bytes(file.read_bytes() + b"# changed\n")
    try:
        numba_compile.load_function(transformation, transformation.version("strict"))
        function.__code__ = code.replace(co_filename=str(changed))
        assert digest(function) == expected, "the file changed after the import"
    finally:
        function.__code__ = code


def test_the_digest_of_the_compiler_is_that_of_its_import(tmp_path, monkeypatch):
    before = digest(add_one)
    shutil.copy(kernel_cache.__file__, tmp_path)
    (tmp_path / "more.py").write_text("# changed\n")
    monkeypatch.setattr(kernel_cache, "__file__", str(tmp_path / "kernel_cache.py"))
    assert digest(add_one) == before, "a file changed after the import"
    assert kernel_cache._digest_compiler() != kernel_cache._COMPILER_SHA256
    monkeypatch.setattr(kernel_cache, "_COMPILER_SHA256", kernel_cache._digest_compiler())
    assert digest(add_one) != before


def add_one(x):
    x[0] += 1


def test_without_a_place_to_store_it_a_kernel_is_compiled(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(numba_runtime, "_kernel_cache", tmp_path / "file")
    numbers = np.zeros(3)
    kernel = numba_compile.compile_function(add_one, (numbers,), threads=1)
    kernel.repeated(5, numbers)
    assert (numbers[0], kernel.origin) == (5, None)
    assert str(tmp_path / "file") in kernel.cache_error


COMPILE_SCRIPT = """
import sys
from pathlib import Path

import numpy as np
from filelock import FileLock

from bench.workload.library_guard import UnsupportedLibrary
from tests.workloads.memory_traffic.compiler.test_kernel_cache import add_one
from workloads.memory_traffic.compiler import numba_adapter, numba_compile, numba_runtime

fault, linked = sys.argv[2], []
link_overload, release = numba_adapter.link_overload, FileLock.release

def link_and_fail(dispatcher, unpacked):
    link_overload(dispatcher, unpacked)
    linked.append(unpacked)
    if fault == "link" and len(linked) == 2:
        raise UnsupportedLibrary("LLVM did not link the stored object code", "")

def release_and_fail(lock, force=False):
    release(lock, force)
    if fault == "release" and linked:
        raise OSError(5, "Input/output error")

numba_adapter.link_overload, FileLock.release = link_and_fail, release_and_fail
numba_runtime._kernel_cache = Path(sys.argv[1])
numbers = np.zeros(3)
kernel = numba_compile.compile_function(add_one, (numbers,), threads=1)
kernel.repeated(5, numbers)
kernel.call(numbers)
print(numbers[0], "stored" if kernel.origin else "compiled", kernel.cache_error)
"""


def compile_with_fault(folder: Path, fault: str = "") -> str:
    """Call `add_one` six times in a process of its own. Its result, and the origin of the kernel."""
    command = [sys.executable, "-c", COMPILE_SCRIPT, str(folder), fault]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def test_a_kernel_that_cannot_be_linked_is_compiled_and_stored_again(tmp_path):
    assert compile_with_fault(tmp_path) == "6.0 compiled"
    [entry] = find_entries(tmp_path, "").values()
    inode = (entry / ENTRY_FILE).stat().st_ino
    (tmp_path / "keep").hardlink_to(entry / ENTRY_FILE)  # So that the inode is not used again.
    assert compile_with_fault(tmp_path, "link") == "6.0 compiled"
    assert (entry / ENTRY_FILE).stat().st_ino != inode
    assert compile_with_fault(tmp_path) == "6.0 stored"


def test_an_error_of_the_cache_after_a_kernel_is_linked_is_ignored(tmp_path):
    assert compile_with_fault(tmp_path) == "6.0 compiled"
    assert compile_with_fault(tmp_path, "release") == "6.0 stored"


def make_adder(amount: int):
    def add_amount(x):
        x[0] += amount

    return add_amount


def test_a_function_that_uses_variables_around_it_is_not_stored(tmp_path, monkeypatch):
    monkeypatch.setattr(numba_runtime, "_kernel_cache", tmp_path)
    for amount in (1, 2):
        numbers = np.zeros(3)
        kernel = numba_compile.compile_function(make_adder(amount), (numbers,), threads=1)
        kernel.call(numbers)
        assert numbers[0] == amount
        assert "add_amount uses variables" in kernel.cache_error
    assert not list(tmp_path.iterdir())
