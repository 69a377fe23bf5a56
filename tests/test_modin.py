"""pandas to Modin: the calls, equal results, and races with a real Ray: what is left of it, and what happens to it."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

import pandas as pd
import psutil

from bench.machine.core_selection import choose
from bench.plan.plan import PlanError, make
from bench.race.race import Race
from bench.run import events
from bench.run.events import State
from bench.run.record import Run
from bench.system.process_tree import descendants
from bench.values import Phase, Side
from bench.workload.declaration import BadInput, Settings, registry
from tests.conftest import opened, wait_gone
from workloads.modin import results
from workloads.modin.arm import COLUMNS, Frames
from workloads.modin.call_inputs import OWN
from workloads.modin.calls import CALLS, SLOW_ROWS, chosen
from workloads.modin.engines import ray_engine, service_monitor
from workloads.modin.engines.base import Note

WORKLOAD = registry()["modin"]
ray = pytest.mark.skipif(bool(WORKLOAD.unavailable()), reason=WORKLOAD.unavailable() or "here")
WITHOUT_DASK = WORKLOAD.unavailable() or WORKLOAD.lever["modin-dask"].unavailable()
dask = pytest.mark.skipif(bool(WITHOUT_DASK), reason=WITHOUT_DASK or "here")


def pandas_arm(tmp_path: Path, **given) -> Frames:
    """The pandas arm, prepared in this process and run once."""
    parameters = {"steps": "all", "columns": 8, "kind": "mixed", "file": "synthetic", "cluster": "own"} | given
    settings = Settings("pandas", 1, given.pop("rows", 300), parameters, 0, tmp_path, tmp_path, tmp_path)
    arm = Frames(settings)
    arm.told = arm.prepare(lambda text, share=None: None)
    arm.timed = []
    arm.repeat(0, lambda step, work: (arm.timed.append(step), work())[1])
    return arm


# --- the calls ---


def test_calls_of_a_python_function_say_that_they_work_on_fewer_rows(tmp_path):
    rows = SLOW_ROWS + 100
    arm = pandas_arm(tmp_path, rows=rows, columns=4, steps="map,apply,mean")
    assert arm.told["work"] == rows
    assert arm.told["work_of"] == {"map": SLOW_ROWS, "apply": SLOW_ROWS}
    assert {step.what for step in WORKLOAD.steps if step.name in ("map", "apply")} == {
        f"a Python function of {of}, on the first 65,536 rows at most" for of in ("a value", "a row")
    }


def test_calls_that_do_no_work_are_raced_beside_others_only():
    with pytest.raises(PlanError, match="concat does no work that could be compared"):
        make("modin", cores=1, parameters={"steps": "concat"})
    assert [step.name for step in make("modin", cores=1, parameters={"steps": "concat,mean"}).steps] == [
        "concat",
        "mean",
    ]


@pytest.mark.parametrize("kind", ["mixed", "integer"])
def test_every_call_works_on_every_kind_of_table_and_agrees_with_itself(tmp_path, kind):
    arm = pandas_arm(tmp_path, kind=kind)
    assert arm.timed == [call.name for call in CALLS]
    assert arm.told["work"] == 300
    arm.conclude()
    measures, tables = arm.compare(tmp_path)
    # What Modin costs, and how it worked, is not told of pandas against itself.
    assert [measure.step for measure in measures if measure.decisive] == arm.timed
    assert {measure.value for measure in measures} == {100.0}
    assert [table.name for table in tables] == ["equality"]
    assert [row[0] for row in tables[0].rows] == [call.code for call in CALLS]


@pytest.mark.parametrize(("baseline", "told"), [("pandas", True), ("modin-ray", False)])
def test_what_modin_costs_and_how_it_worked_is_told_beside_pandas_alone(tmp_path, baseline, told):
    arm = pandas_arm(tmp_path, steps="mean")
    arm.conclude()
    file = tmp_path / "times.json"
    # pandas' first call is 30 s dearer than the later ones.
    theirs = json.loads(file.read_text()) | {"lever": baseline, "first": {"mean": 30.0}}
    file.write_text(json.dumps(theirs))
    arm.engine.service, arm.engine.started_s = "Ray", 7.0
    measures, tables = arm.compare(tmp_path)
    assert [measure.name for measure in measures] == ["equal-mean", *["start"] * told]
    assert [table.name for table in tables] == [*["calls"] * told, "equality"]
    if told:
        assert measures[-1].value == pytest.approx(-23, abs=1), "what costs less than nothing is not 0"
        assert len(tables[0].rows[0]) == len(COLUMNS)


def test_every_group_has_calls_and_all_are_in_all():
    groups = WORKLOAD.parameter("steps").choices
    assert {name for call in CALLS for name in (call.name, *call.groups)} == set(groups)
    assert chosen("all") == list(CALLS)
    for group in groups:
        steps = WORKLOAD.steps_of({"steps": group})
        assert [step.name for step in steps] == [call.name for call in chosen(group)]


def test_a_file_of_the_users_is_raced_on_its_own_columns(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,city,price\n" + "".join(f"{i % 3},town {i},{i}.5\n" for i in range(50)))
    arm = pandas_arm(tmp_path, file=str(file))
    assert arm.tables.key == "id"
    assert arm.tables.value == "price"
    assert arm.told["synthetic"] == ""


def test_columns_named_as_those_that_the_calls_make_change_nothing(tmp_path):
    # They come first and repeat more than the key does: by their content each would be chosen for it.
    own = {name: [1, 2] * 25 for name in OWN}
    table = pd.DataFrame(own | {"id": [i % 3 for i in range(50)], "x": [i + 0.5 for i in range(50)], "flag": "a"})
    plain, named = tmp_path / "plain.csv", tmp_path / "named.csv"
    table.drop(columns=own).to_csv(plain, index=False)
    table.to_csv(named, index=False)
    arms = [pandas_arm(tmp_path, file=str(file)) for file in (plain, named)]
    assert {(arm.tables.key, arm.tables.value) for arm in arms} == {("id", "x")}
    for call in ("etl", "merge_small", "merge_large"):
        found = [one.run(arm.tables) for arm in arms for one in chosen(call)]
        pd.testing.assert_frame_equal(*found)


def test_the_key_is_not_taken_for_the_value_beside_it(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("n,id\n" + "".join(f"{i},{i % 3}\n" for i in range(50)))
    arm = pandas_arm(tmp_path, file=str(file))
    assert (arm.tables.key, arm.tables.value) == ("id", "n")


def test_text_calls_work_on_a_table_with_truth_values_with_gaps_and_no_text(tmp_path):
    file = tmp_path / "own.csv"
    file.write_text("id,x,b\n" + "1,2.5,true\n2,1.5,\n" * 200)
    arm = pandas_arm(tmp_path, file=str(file), steps="text")
    assert arm.tables.text.name == "text"


def test_a_table_on_which_a_call_fails_is_refused_with_the_calls_name(tmp_path):
    file = tmp_path / "own.csv"
    days = ["2020-01-02"] * 200 + ["some day"]
    file.write_text("id,x,when\n" + "".join(f"{i % 3},{i}.5,{day}\n" for i, day in enumerate(days)))
    with pytest.raises(BadInput, match=r"to_datetime does not work on this table: .*some day") as error:
        pandas_arm(tmp_path, file=str(file), steps="text")
    assert error.value.remedy


# --- results ---


def compared(tmp_path: Path, one, other, order: str = "same") -> str:
    files = tmp_path / "one", tmp_path / "other"
    for result, file in zip((one, other), files, strict=True):
        results.keep(result, order, "k", file)
    return results.difference(*files)


FRAME = pd.DataFrame({"k": [1, 1, 2, 3], "v": [1.0, 2.0, 3.0, 4.0]})


def test_rows_may_come_in_another_order_only_where_that_is_said(tmp_path):
    turned = FRAME.iloc[::-1]
    assert compared(tmp_path, FRAME, turned)
    assert not compared(tmp_path, FRAME, turned, "any")
    assert compared(tmp_path, FRAME, turned, "sorted"), "the key is not in order"
    assert not compared(tmp_path, FRAME, FRAME.iloc[[1, 0, 2, 3]], "sorted"), "rows of one key may change places"


def test_numbers_agree_within_the_tolerance_and_not_beyond(tmp_path):
    assert not compared(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-12)))
    assert "v" in compared(tmp_path, FRAME, FRAME.assign(v=FRAME["v"] * (1 + 1e-6)))
    assert compared(tmp_path, FRAME, FRAME.assign(v=FRAME["v"].astype("float32"))), "another type is another result"
    assert "rows" in compared(tmp_path, FRAME, FRAME.head(2))


def test_a_large_result_is_compared_by_some_rows_and_all_sums(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "KEPT_CELLS", 4)
    changed = FRAME.assign(v=[1.0, 2.5, 3.0, 4.0])
    results.keep(FRAME, "same", "k", tmp_path / "kept")
    assert results.described(tmp_path / "kept", "same") == "one row in 2 of 4, and column sums, in order"
    assert not compared(tmp_path, FRAME, FRAME)
    assert compared(tmp_path, FRAME, changed), "the row was left out, its value is in the sum"


def test_files_are_compared_byte_by_byte_and_parquet_by_its_table(tmp_path):
    for name, text in (("a.csv", "k\n1\n"), ("b.csv", "k\n1.0\n")):
        (tmp_path / name).write_text(text)
    assert not compared(tmp_path, tmp_path / "a.csv", tmp_path / "a.csv")
    assert "files" in compared(tmp_path, tmp_path / "a.csv", tmp_path / "b.csv")
    FRAME.to_parquet(tmp_path / "a.parquet", compression=None)
    FRAME.to_parquet(tmp_path / "b.parquet")
    assert not compared(tmp_path, tmp_path / "a.parquet", tmp_path / "b.parquet")


# --- Ray ---


def test_an_object_store_that_shared_memory_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(ray_engine.shutil, "disk_usage", lambda folder: shutil_usage(64 << 20))
    with pytest.raises(BadInput, match="needs 256 MiB of shared memory, and 64 MiB are free") as error:
        ray_engine._store_bytes(1000)
    assert "--shm-size" in error.value.remedy


def shutil_usage(free: int):
    return ray_engine.shutil._ntuple_diskusage(free, 0, free)


def test_rays_token_is_its_own_and_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_engine.os, "environ", {"RAY_ADDRESS": "elsewhere:6379", "OMP_NUM_THREADS": "2"})
    ray_engine._environment(tmp_path)
    token = Path(ray_engine.os.environ["RAY_AUTH_TOKEN_PATH"])
    assert token.parent == tmp_path
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert not {"RAY_ADDRESS", "OMP_NUM_THREADS"} & set(ray_engine.os.environ)


def test_rays_folder_has_a_short_name_that_others_of_this_user_can_follow(tmp_path):
    scratch = tmp_path / ("long" * 30)
    scratch.mkdir()
    folder = ray_engine._folder(scratch)
    assert len(str(folder)) < 30
    (scratch / "ray" / "there").touch()
    told = subprocess.run(["ls", str(folder)], check=True, capture_output=True, text=True).stdout.split()
    assert told == ["there"]
    assert stat.S_IMODE((scratch / "ray").stat().st_mode) == 0o700
    os.close(int(folder.name))


def race(tmp_path: Path, told=None, engine: str = "modin-ray", rows: int = 400, **parameters) -> Run:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    given = {"columns": 6} | parameters
    plan = make("modin", accelerated=engine, cores=1, batch=rows, budget_s=2, target=0.5, parameters=given)
    racing = Race(
        opened().model_copy(update={"plan": plan}),
        tell=told or (lambda event: None),
        stop=lambda: None,
        scratch=scratch,
        cores=choose(1),
    )
    racing.run()
    return racing.record


def test_time_to_return_is_that_of_the_race_however_often_a_call_is_made_in_a_sample(tmp_path):
    parameters = {"steps": "construct,read_csv", "columns": 4, "kind": "integer", "file": "synthetic", "cluster": "own"}
    made = Frames(Settings("modin-ray", 1, 100, parameters, 0, tmp_path, tmp_path, tmp_path))
    made.engine = SimpleNamespace(service="Ray", storing="put into the object store", started_s=0.0)
    made.notes = {call.name: Note(0.1) for call in made.calls}
    made.took = made.returned = {"construct": [9.0] * 16, "read_csv": [9.0] * 7}
    made.conclude()
    assert {told.returned_s for told in made.evidence()} == {9.0}, "those of the warm-up until there are others"
    for times in made.took.values():
        times += [1.0] * 4
    assert {told.returned_s for told in made.evidence()} == {1.0}


@ray
def test_a_race_names_the_call_whose_results_differ_and_claims_nothing_of_references(tmp_path, home):
    run = race(tmp_path, steps="calls")
    assert run.state is State.FINISHED, run.failure
    table = next(table for table in run.tables if table.name == "equality")
    # On so few rows some keys have missing values only: pandas' pivot_table leaves them out, Modin's does not.
    assert [row[0] for row in table.rows if row[2] != "equal"] == ["pivot_table"]
    assert "results differ: pivot_table" in run.claim("pivot_table").sentence
    assert "results differ" not in run.claim("groupby_sum").sentence
    told = {evidence.step: evidence for evidence in run.evidence[Side.ACCELERATED]}
    assert not told["concat"].materialised
    assert [name for name, evidence in told.items() if not evidence.materialised] == ["concat"]
    assert told["groupby_sum"].path == "accelerated"
    assert "partitions" in " ".join(told["groupby_sum"].words)
    assert all(evidence.returned_s > 0 for evidence in told.values())
    # Both are medians of the same calls.
    result_ms = re.search(r"result after ([\d,.]+) ms", " ".join(told["groupby_sum"].words))[1].replace(",", "")
    assert round(told["groupby_sum"].returned_s * 1e3, 1) <= float(result_ms)
    assert not run.claim("concat").made
    samples = run.of_side(Side.BASELINE)
    assert {step.step for sample in samples for step in sample.measurement.steps if step.apart} == {"concat"}
    waits = [s.measurement for s in run.of_side(Side.ACCELERATED, Phase.RACE) if s.place == 1]
    assert sum(w.idle_processor_s for w in waits) < 0.05 * len(waits), "Ray stood still while pandas was timed"
    assert not wait_gone(home)


def test_an_error_whose_interruption_was_lost_still_names_what_ended(monkeypatch):
    monkeypatch.setattr(service_monitor, "NOTICE_S", 0.0)
    watching = object.__new__(service_monitor.Watch)
    watching._ended = []
    with pytest.raises(ConnectionError), watching.blamed():
        raise ConnectionError("no answer")
    watching._ended = ["raylet"]
    with pytest.raises(service_monitor.ServiceDied, match="raylet ended in the middle of the work"), watching.blamed():
        raise ConnectionError("no answer")


@ray
@pytest.mark.parametrize("when", ["between two samples", "inside a call"])
def test_ray_killed_in_the_middle_ends_in_a_clear_failure(tmp_path, home, when):
    def kill(event: events.Event) -> None:
        between = isinstance(event, events.Sampled) and event.sample.side is Side.ACCELERATED
        begun = isinstance(event, events.Progress) and event.side is Side.ACCELERATED and "first call" in event.text
        if not (begun if when == "inside a call" else between):
            return
        for pid in descendants(os.getpid()):
            if psutil.pid_exists(pid) and psutil.Process(pid).name() in ("raylet", "gcs_server"):
                os.kill(pid, signal.SIGKILL)

    run = race(tmp_path, kill, steps="etl")
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Ray)" in run.failure.what
    assert "ended in the middle of the work" in run.failure.what
    assert run.failure.remedy
    assert not wait_gone(home)


# --- Dask ---


@dask
def test_dask_races_with_evidence_of_its_workers_and_leaves_nothing(tmp_path, home):
    run = race(tmp_path, engine="modin-dask", steps="common")
    assert run.state is State.FINISHED, run.failure
    told = {evidence.step: evidence for evidence in run.evidence[Side.ACCELERATED]}
    assert {evidence.path for evidence in told.values()} == {"accelerated"}
    assert "1 of Dask's workers worked" in " ".join(told["groupby_sum"].words)
    assert "0.0 MiB" not in " ".join(told["read_csv"].words)
    assert {measure.value for measure in run.quality.agreement if measure.decisive} == {100.0}
    assert "Dask" in run.arm(Side.ACCELERATED).facts["engine"]
    assert not wait_gone(home)


@dask
def test_a_worker_of_dasks_that_is_killed_ends_in_a_clear_failure(tmp_path, home):
    def kill(event: events.Event) -> None:
        if isinstance(event, events.Sampled) and event.sample.side is Side.ACCELERATED:
            for pid in descendants(os.getpid()):
                if "multiprocessing.spawn" in " ".join(psutil.Process(pid).cmdline()):
                    os.kill(pid, signal.SIGKILL)

    run = race(tmp_path, kill, engine="modin-dask", steps="etl")
    assert run.state is State.FAILED
    assert "accelerated arm (Modin on Dask)" in run.failure.what
    assert run.failure.remedy
    assert not wait_gone(home)


class Touched:
    """Tables of which it is remembered which were looked at."""

    def __init__(self, tables) -> None:
        self.tables, self.names = tables, set()

    def __getattr__(self, name):
        self.names.add(name)
        return getattr(self.tables, name)


def test_what_a_call_works_on_is_what_it_says(tmp_path):
    arm = pandas_arm(tmp_path)
    frames = {"frame", "numbers", "few", "left", "text", "dates", "bucket"}
    for call in CALLS:
        touched = Touched(arm.tables)
        call.run(touched)
        assert touched.names & frames <= {call.on}, call.name
