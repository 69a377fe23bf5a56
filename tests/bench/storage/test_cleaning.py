"""What is old, too large or left behind is removed; what a job uses never is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import paths
from bench.paths import ROOT
from bench.run.files import journal_path, order_path
from bench.run.journal import JournalWriter
from bench.storage.cleaning import DAY_S, Limits, Survey, find_removable, remove_items
from bench.storage.store import Store
from bench.storage.temp_folder import TempFolder
from bench.storage.uploads import UPLOAD_PREFIX, is_upload_available, note_upload_use
from bench.system.cache_entry import load_or_make
from bench.workload.file_summary import find_description
from bench.workload.registry import load_workloads
from tests.support.runs import make_opening

EVERYTHING = Limits(cache_age_s=0, upload_age_s=0, damaged_age_s=0)


def make_cache(name: str, days: float, size: int = 1000) -> Path:
    """An entry that was last used so many days ago, by a process that has ended."""
    script = (
        "import sys; from pathlib import Path; from bench.system.cache_entry import load_or_make\n"
        "load_or_make(Path(sys.argv[1]), lambda d: {'n': (d / 'x').write_bytes(b'x' * int(sys.argv[2]))})"
    )
    folder = paths.cache() / name
    subprocess.run([sys.executable, "-c", script, str(folder), str(size)], cwd=ROOT, check=True)
    make_old(folder, days)
    return folder


def make_upload(digit: str, days: float, size: int = 1000) -> Path:
    path = paths.uploads() / (digit * 64)
    path.write_bytes(b"x" * size)
    make_old(path, days)
    return path


def make_old(path: Path, days: float) -> Path:
    then = time.time() - days * DAY_S
    for part in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(part, (then, then))
    return path


def clean(limits: Limits | None = None) -> set[Path]:
    return {item.path for item in remove_items(survey(limits).removable)}


def survey(limits: Limits | None = None) -> Survey:
    store = Store()
    try:
        return find_removable(store.find_named_uploads, limits)
    finally:
        store.close()


def test_old_caches_and_uploads_go_and_recent_ones_stay():
    old, new = make_cache("bert/old", 61), make_cache("modin/new", 59)
    undeclared = make_cache("another/deep/old", 61)
    upload, fresh = make_upload("a", 91), make_upload("b", 89)
    tuned = paths.cache() / "bert" / "tuned-0123456789ab.json"
    tuned.write_text("{}")
    make_old(tuned, 1000)
    removable = survey().removable
    assert {item.path for item in removable} == {old, undeclared, upload}
    assert next(item for item in removable if item.path == old).size_bytes > 1000
    assert "61 days" in next(item.reason for item in removable if item.path == old)
    assert clean() == {old, undeclared, upload}
    assert not old.exists() and not old.with_name("old.lock").exists()
    assert new.exists() and fresh.exists() and tuned.exists()


def test_if_all_caches_together_are_too_large_the_longest_unused_go():
    entries = [make_cache(f"bert/{days}", days, size=100_000) for days in (3, 2, 1)]
    assert clean(Limits(cache_bytes=250_000)) == {entries[0]}


def test_large_uploads_do_not_displace_the_uploads_of_others():
    mine = make_upload("a", 3)
    for digit in "bcd":
        with make_upload(digit, 0).open("r+b") as file:
            file.truncate(1 << 30)
    assert clean() == set()
    assert mine.exists()


def test_an_upload_that_a_stored_job_names_stays_whatever_its_age(finished):
    plan = finished.plan.model_copy(update={"parameters": {"image": f"{UPLOAD_PREFIX}{'a' * 64}"}})
    store = Store()
    store.save(finished.model_copy(update={"plan": plan}))
    store.close()
    named, other = make_upload("a", 1000), make_upload("b", 1000)
    assert survey().named_uploads == [named]
    assert clean(EVERYTHING) == {other}
    assert named.exists()


def test_the_description_of_an_upload_stays_as_long_as_the_upload():
    upload = make_upload("a", 80)
    description = find_description(upload)
    description.write_text("{}")
    make_old(description, 80)
    abandoned = find_description(upload.with_name("b" * 64))
    abandoned.write_text("{}")
    make_old(abandoned, 1)
    assert clean() == {abandoned}
    make_old(upload, 91)
    assert clean() == {upload}
    assert not description.exists()


def test_what_a_process_or_a_running_job_uses_stays():
    held = paths.cache() / "bert" / "held"
    load_or_make(held, lambda draft: {})
    make_old(held, 100)
    opening = make_opening()
    writer = JournalWriter(journal_path("1" * 32))
    writer.append(opening)
    since = make_cache("bert/since", 0)
    before = make_cache("bert/before", 1)
    try:
        found = survey(EVERYTHING)
        assert {item.path for item in found.removable} == {before}
        assert found.in_use == 2
    finally:
        writer.close()
    assert clean(EVERYTHING) == {before, since}
    assert held.exists()


def test_uploads_of_waiting_and_running_jobs_stay_and_using_one_makes_it_new():
    waiting, running, unused = (make_upload(digit, 1000) for digit in "abc")
    order_path("1" * 32).write_text(f'{{"image": "{UPLOAD_PREFIX}{waiting.name}"}}')
    journal_path("2" * 32).write_text(f'{{"image": "{UPLOAD_PREFIX}{running.name}"}}')
    note_upload_use(f"{UPLOAD_PREFIX}{unused.name}")
    assert clean() == set()
    assert clean(EVERYTHING) == {unused}
    assert is_upload_available(f"{UPLOAD_PREFIX}{waiting.name}")


def test_an_upload_that_a_job_names_since_the_survey_stays():
    upload = make_upload("a", 1000)
    removable = survey(EVERYTHING).removable
    assert [item.path for item in removable] == [upload]
    order_path("1" * 32).write_text(f'{{"image": "{UPLOAD_PREFIX}{upload.name}"}}')
    assert remove_items(removable) == []
    assert upload.exists()


def test_what_dead_processes_left_goes_and_what_may_belong_to_a_living_one_stays(home):
    folder = paths.journals()
    names = ["7" * 32 + suffix for suffix in (".error", ".scratch", ".order", ".draft", ".control-draft")]
    left = []
    for name in names:
        path = folder / name
        if name.endswith(".scratch"):
            path.mkdir()
            (path / "log").write_text("x")
        else:
            path.write_text("x")
        left.append(make_old(path, 1))
    (folder / ("8" * 32 + ".order")).write_text("just written")
    journal_path("9" * 32).write_text("not JSON\n")
    make_old(journal_path("9" * 32), 1000)
    held = TempFolder()
    make_old(held.path, 1)
    damaged = folder / ("6" * 32 + ".damaged")
    damaged.write_text("x")
    make_old(damaged, 91)
    draft = paths.uploads() / f"{'a' * 64}.1234"
    draft.write_text("x")
    make_old(draft, 1)
    assert clean() == {*left, damaged, draft}
    assert held.path.exists() and journal_path("9" * 32).exists()
    held.remove()


@pytest.mark.parametrize("name", [name for name, workload in load_workloads().items() if workload.caches])
def test_declared_cache_folders_are_inside_the_cache(name):
    for cache in load_workloads()[name].caches:
        assert not Path(cache.folder).is_absolute() and ".." not in Path(cache.folder).parts
        assert cache.label
