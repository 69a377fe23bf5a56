"""The trace of a script with scikit-learn: call sites, nested calls, worker processes, and which code ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.script_runs import SCRIPTS, run, write_script
from workloads.script.call_paths import NO_ONEDAL, Decision, decide_paths
from workloads.script.measurements import ScriptTimes
from workloads.script.profile_report import OWN_PATCH, make_result
from workloads.script.script_call import ScriptCall
from workloads.script.trace import CallKey, Trace, read_trace

SCRIPT = SCRIPTS / "estimators.py"
LINES = SCRIPT.read_text().splitlines()


def trace_script(script: Path, folder: Path, *arguments: str, patched: bool) -> tuple[Trace, dict]:
    result = run(script, *arguments, patched=patched, trace=folder)
    assert result["error"] is None, result
    return read_trace(folder, result["run"]["pid"]), result["run"]


def make_folder(tmp_path: Path) -> Path:
    (tmp_path / "trace").mkdir()
    return tmp_path / "trace"


@pytest.fixture(scope="module")
def stock(tmp_path_factory) -> tuple[Trace, dict]:
    return trace_script(SCRIPT, tmp_path_factory.mktemp("trace"), patched=False)


@pytest.fixture(scope="module")
def patched(tmp_path_factory) -> tuple[Trace, dict]:
    return trace_script(SCRIPT, tmp_path_factory.mktemp("trace"), "search", patched=True)


def find_key(text: str, *path: str) -> CallKey:
    """The key of calls from the line that begins with `text`."""
    (line,) = [number for number, content in enumerate(LINES, 1) if content.strip().startswith(text)]
    return str(SCRIPT), line, path


def decide(trace: Trace, text: str, *path: str) -> Decision:
    return decide_paths(trace)[find_key(text, *path)]


def test_tracing_changes_neither_output_nor_messages(stock, patched):
    assert stock[1]["stdout"] == patched[1]["stdout"]
    assert "sklearnex:" not in patched[1]["stderr"] and not stock[0].problems and not patched[0].problems


def test_calls_of_digits_ran_accelerated(patched):
    assert decide(patched[0], "digits =", "SVC.fit").ran == "accelerated"
    assert decide(patched[0], "print(", "SVC.predict").ran == "accelerated"
    assert decide(patched[0], "print(", "accuracy_score").ran == "stock"
    assert decide(patched[0], "X_train,", "train_test_split").ran == "accelerated"


def test_in_the_stock_run_nothing_ran_accelerated(stock):
    assert {decision.ran for decision in decide_paths(stock[0]).values()} == {"stock"}


def test_a_fallback_in_the_middle_of_a_pipeline_is_found_with_its_reason(patched):
    trace = patched[0]
    fit = decide(trace, "pipeline.fit", "Pipeline.fit")
    assert fit.ran == "partial" and "'entropy' criterion is not supported" in fit.reason
    assert decide(trace, "pipeline.fit", "Pipeline.fit", "PCA.fit_transform").ran == "accelerated"
    path = ("Pipeline.fit", "SelectFromModel.fit_transform", "SelectFromModel.fit", "RandomForestClassifier.fit")
    forest = decide(trace, "pipeline.fit", *path)
    assert forest == Decision("fallback", "'entropy' criterion is not supported. Only 'gini' criterion is supported.")
    assert decide(trace, "pipeline.fit", "Pipeline.fit", "SVC.fit").ran == "accelerated"


def test_l1_by_liblinear_is_a_fallback_although_the_log_says_accelerated(patched):
    key = find_key("LogisticRegression(", "LogisticRegression.fit")
    assert any("running accelerated" in text for text in patched[0].calls[key].messages)
    assert decide(patched[0], "LogisticRegression(", "LogisticRegression.fit") == Decision("fallback", NO_ONEDAL)


def test_nested_calls_are_counted_once(stock):
    trace, _ = stock
    key = find_key("pipeline.predict", "Pipeline.predict")
    totals = trace.calls[key]
    children = [trace.calls[child] for child in trace.children(key)]
    assert totals.calls == 3 and {child.calls for child in children} == {3}
    assert totals.self_s + sum(child.total_s for child in children) == pytest.approx(totals.total_s)


def test_calls_in_worker_processes_belong_to_the_search(patched):
    trace, _ = patched
    key = find_key("GridSearchCV", "GridSearchCV.fit")
    fits = [trace.calls[child] for child in trace.children(key) if child[2][-1] == "SVC.fit"]
    # Four in workers, and the refit of the best in the script's own process.
    assert sum(totals.calls for totals in fits) == 5 and any(totals.in_workers for totals in fits)
    assert trace.calls[key].calls == 1 and not trace.calls[key].in_workers
    assert not [root for root in trace.roots() if not root[0]], "every call of a worker has its place"
    assert decide(trace, "GridSearchCV", "GridSearchCV.fit", "SVC.fit").ran == "accelerated"


def test_the_report_adds_up(stock, patched):
    times = ScriptTimes(
        stock=1.0,
        patched=1.0,
        stock_traced=stock[1]["seconds"],
        patched_traced=patched[1]["seconds"],
        stock_tracing=stock[0].tracing_s,
        patched_tracing=patched[0].tracing_s,
    )
    result = make_result(ScriptCall(SCRIPT, (), 60.0), times, stock[0], patched[0], [])
    outermost = [site for site in result.sites if len(site.path) == 1]
    assert sum(site.stock_s or 0.0 for site in outermost) + result.outside_s == pytest.approx(times.stock_traced)
    assert 0 < result.accelerated_share < 1
    assert result.bound == pytest.approx(1 / (1 - result.accelerated_share))
    assert 0 < times.stock_tracing < times.stock_traced
    places = [(site.line, *site.path) for site in result.sites]
    assert len(set(places)) == len(places) and not result.why_no_race
    assert all(site.source == LINES[site.line - 1].strip() for site in result.sites)
    (table,) = result.text.tables
    calls = [row[table.columns.index("call")] for row in table.rows]
    assert "Pipeline.fit" in calls and "      RandomForestClassifier.fit" in calls


def test_a_script_that_patches_itself_has_no_stock_run(patched):
    times = ScriptTimes(stock=1, patched=1, stock_traced=9, patched_traced=9, stock_tracing=0, patched_tracing=0)
    result = make_result(ScriptCall(SCRIPT, (), 60.0), times, patched[0], patched[0], [])
    assert result.why_no_race == OWN_PATCH and OWN_PATCH in result.text.notes


def test_a_script_without_scikit_learn_has_no_call(tmp_path):
    script = write_script(tmp_path, "print(sum(range(10)))\n")
    trace, _ = trace_script(script, make_folder(tmp_path), patched=False)
    assert not trace.calls and not trace.loaded["sklearn"] and trace.tracing_s == 0


THREADS = """
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

X, y = np.arange(20.0).reshape(10, 2), np.arange(10.0)
started, inside, fitted, ended = (threading.Event() for _ in range(4))


class Waiting(BaseEstimator):
    def fit(self, X, y=None):
        inside.set()
        fitted.wait(30)
        return self


class Late(BaseEstimator):
    def fit(self, X, y=None):
        started.set()
        ended.wait(30)
        return self


class Starting(BaseEstimator):
    def fit(self, X, y=None):
        late = make_pipeline(Late())
        self.thread_ = threading.Thread(target=late.fit, args=(X,))
        self.thread_.start()
        inner = threading.Thread(target=LinearRegression().fit, args=(X, np.arange(10.0)))
        inner.start()
        inner.join()
        started.wait(30)
        return self


# A pool of the script's own works at the same time as another call.
pool = ThreadPoolExecutor(1)
pool.submit(inside.wait, 30)
pool.submit(LinearRegression().fit, X, y)
pool.submit(fitted.set)
make_pipeline(Waiting()).fit(X)
pool.shutdown()
# A call starts threads, and returns before one of them.
starting = Starting()
make_pipeline(starting).fit(X)
ended.set()
starting.thread_.join()
"""


def test_a_call_in_a_thread_belongs_to_the_call_that_started_the_thread_and_to_no_other(tmp_path):
    script = write_script(tmp_path, THREADS)
    trace, _ = trace_script(script, make_folder(tmp_path), patched=False)
    lines = THREADS.splitlines()
    waiting, starting = (lines.index(f"make_pipeline({name}).fit(X)") + 1 for name in ("Waiting()", "starting"))
    own = trace.calls["", 0, ("LinearRegression.fit",)]
    assert own.calls == 1 and own.in_workers, "it may overlap with others"
    assert [key[2] for key in trace.calls if key[1] == waiting] == [("Pipeline.fit",)]
    root = ("Pipeline.fit",)
    assert {key[2] for key in trace.calls if key[1] == starting} == {
        root,
        (*root, "LinearRegression.fit"),
        (*root, "Pipeline.fit"),
    }
    late = trace.calls[str(script), starting, (*root, "Pipeline.fit")]
    assert late.calls == 1 and late.in_workers, "it ended after the line of its root was written"
    assert trace.calls[str(script), starting, root].calls == 1


def test_the_sitecustomize_of_the_user_is_loaded_too(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    write_script(tmp_path / "site", "print('started')\n", "sitecustomize.py")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    script = write_script(tmp_path, "import sys; print([path for path in sys.path if 'startup' in path])\n")
    _, result = trace_script(script, make_folder(tmp_path), patched=False)
    assert result["stdout"] == "started\n[]\n"
