"""A user's own table as the data of a case: what is refused before the queue, and what a race records about it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from bench.cli.main import main
from bench.plan.validation import make_plan
from bench.scheduler.input_check import check_inputs as check_in_process
from bench.workload.interface import BadInput
from tests.support.estimator_paths import NoClock, make_settings
from tests.support.tables import ignore_progress, write_file
from workloads.estimators import memory, own_table
from workloads.estimators.arm import EstimatorArm
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.datasets import take_rows
from workloads.estimators.estimator import Job
from workloads.estimators.input_check import check_inputs
from workloads.estimators.own_split import split_rows
from workloads.estimators.own_table import check, read_own_table
from workloads.estimators.own_target import find_other_case
from workloads.estimators.quality.comparison import compare_results

ROWS = 120


def make_frame(**columns) -> pd.DataFrame:
    """Two numbers, three species that depend on them, and a price; `columns` are added or replaced."""
    rng = np.random.default_rng(0)
    group = np.arange(ROWS) % 3
    frame = pd.DataFrame({"width": group + rng.normal(0, 0.2, ROWS), "height": rng.normal(0, 1, ROWS)})
    frame["species"] = np.array(["virginica", "setosa", "versicolor"])[group]
    frame["price"] = 3 * frame["width"] - frame["height"] + rng.normal(0, 0.1, ROWS)
    return frame.assign(**columns)


def put_in(values, rows: int, value) -> list:
    """The values of a column with `value` in its first `rows` rows."""
    return [value] * rows + list(values)[rows:]


def check_file(folder: Path, case: str, file: Path, batch: int = 300, **parameters) -> None:
    check_inputs(make_settings(ESTIMATORS[case], "", folder, batch, file=str(file), **parameters))


FRAME = make_frame()
HEIGHT, PRICE = FRAME["height"], FRAME["price"]


@pytest.mark.parametrize(
    ("case", "target", "frame", "message", "remedy"),
    [
        (
            "svc",
            "specie",
            FRAME,
            r"no column 'specie'; the columns of own\.csv are species, price, ",
            "Set target",
        ),
        ("svc", "none", FRAME, r"SVC needs a target column; the columns of own\.csv are width, height", "Set target"),
        ("svc", "price", FRAME, r"target price has 120 different values, and SVC gets at most 100 classes", "svr"),
        ("svr", "species", FRAME, r"target species has texts, such as 'virginica', and SVR learns numbers", "svc"),
        (
            "svc",
            "name",
            make_frame(name=[f"name {row}" for row in range(ROWS)]),
            r"target name has 120 different texts, and SVC gets at most 100",
            "Choose another target.",
        ),
        (
            "svc",
            "species",
            make_frame(species="setosa"),
            r"all rows of own\.csv are of one class of the target species: setosa",
            "two classes",
        ),
        (
            "svc",
            "species",
            make_frame(species=put_in(FRAME["species"], 1, "new")),
            r"classes of one row: new; a class needs two rows",
            "merge",
        ),
        ("ridge", "price", make_frame(price=3.5), r"the target price of own\.csv is 3\.5 in all rows", "differ"),
        (
            "ridge",
            "price",
            make_frame(height=put_in(HEIGHT, 3, None)),
            r"own\.csv has 3 of 120 rows with missing values \(height: 3 rows\)",
            "missing=drop",
        ),
        (
            "ridge",
            "price",
            make_frame(price=put_in(PRICE, 2, None), height=put_in(HEIGHT, 3, None)),
            r"3 of 120 rows with missing values \(height: 3 rows, price \(the target\): 2 rows\)",
            "missing=drop",
        ),
        (
            "kmeans",
            "none",
            make_frame(height=put_in(HEIGHT, 1, np.inf)),
            r"1 of 120 rows with infinite values \(height: 1 row\)",
            "missing=drop",
        ),
        (
            "kmeans",
            "none",
            FRAME[["species"]].assign(day="2024-01-01"),
            r"own\.csv has no column of numbers besides the target; its columns are species, day",
            "get_dummies",
        ),
        (
            "kmeans",
            "none",
            make_frame(width=1, height=2.5)[["width", "height"]],
            r"all columns of numbers of own\.csv are constant: width, height",
            "differ",
        ),
        (
            "svc",
            "species",
            FRAME[:10],
            r"own\.csv has 10 rows, and 67 are needed: 50 to learn",
            "more rows",
        ),
        ("dbscan", "none", FRAME[:10], r"own\.csv has 10 rows, and 50 are needed: 50 to learn from", "more rows"),
        (
            "roc-auc-score",
            "species",
            FRAME,
            r"one column of scores, and own\.csv has 3 columns",
            "one column of scores",
        ),
        (
            "local-outlier-factor",
            "species",
            FRAME,
            r"the target species of own\.csv has 3 classes, and LocalOutlierFactor takes two",
            "two values",
        ),
        ("pca", "none", FRAME, "PCA refuses these parameters: n_components=4 must be between", "Change"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_that_a_case_cannot_use_is_refused(tmp_path, case, target, frame, message, remedy, kind):
    file = tmp_path / f"own.{kind}"
    if kind == "csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file)
    with pytest.raises(BadInput, match=message.replace(r"own\.csv", rf"own\.{kind}")) as refusal:
        check_file(tmp_path, case, file, target_column=target)
    assert remedy in refusal.value.remedy


def read(folder: Path, case: str, frame: pd.DataFrame | Path, **parameters):
    """The table of a file, and its notes by label."""
    file = frame if isinstance(frame, Path) else folder / "own.parquet"
    if not isinstance(frame, Path):
        frame.to_parquet(file)
    table = read_own_table(make_settings(ESTIMATORS[case], "", folder, file=str(file), **parameters), ignore_progress)
    return table, {note.label: note.text for note in table.notes}


def test_what_is_left_out_converted_and_constant_is_noted(tmp_path):
    frame = make_frame(
        small=HEIGHT.astype(np.float16),
        large=[2**60 + 1000 * row for row in range(ROWS)],
        flag=[True, False] * (ROWS // 2),
        day=pd.Timestamp("2024-01-01"),
        nothing=[None] * ROWS,
        same=7,
        height=put_in(HEIGHT, 3, None),
    )
    table, notes = read(tmp_path, "ridge", frame, target_column="price", missing="drop", dtype="float32")
    assert table.columns == ["width", "height", "small", "large", "flag", "same"]
    assert table.rows.shape == (ROWS - 3, 6) and set(table.rows[:, 4]) == {0.0, 1.0}
    assert table.label == "own.parquet (Parquet), 117 rows, 6 columns"
    assert notes["Target"].startswith("price, from ")
    assert notes["Columns left out"] == (
        "1 column of texts: species; 1 column of dates: day; 1 column without values: nothing"
    )
    assert notes["Rows left out"] == "3 of 120 rows with missing values (height: 3 rows)"
    assert notes["Constant"] == "1 column: same"
    assert notes["Rounded"] == "integers beyond 2^53: large"
    assert notes["Number format"] == "float16 to float32: small"
    assert "Repeated rows" not in notes
    _, notes = read(tmp_path, "ridge", pd.concat([frame] * 2), target_column="price", missing="drop")
    assert notes["Repeated rows"] == "117 of 234, so held-out rows may equal rows to learn from"
    with pytest.raises(BadInput, match="numbers beyond the range of float32: width"):
        read(tmp_path, "ridge", make_frame(width=PRICE * 1e300), target_column="price", dtype="float32")


def test_classes_are_numbered_in_sorted_order(tmp_path):
    table, notes = read(tmp_path, "svc", make_frame(), target_column="species")
    assert table.target is not None and table.target.labels == ["setosa", "versicolor", "virginica"]
    assert list(table.target.values[:3]) == [2, 0, 1]
    assert notes["Target"] == "species, 3 classes: setosa, versicolor, virginica"
    table, _ = read(tmp_path, "svc", make_frame(species=[10, 9, 100] * (ROWS // 3)), target_column="species")
    assert table.target is not None and table.target.labels == ["9", "10", "100"]
    assert list(table.target.values[:3]) == [1, 0, 2]
    table, _ = read(tmp_path, "svc", make_frame(species=[True, False] * (ROWS // 2)), target_column="species")
    assert table.target is not None and list(table.target.values[:2]) == [1, 0]


def test_equal_names_in_a_header_are_numbered_and_noted(tmp_path):
    content = "x,x,y\n" + "".join(f"{row},{row % 7},{row % 2}\n" for row in range(ROWS))
    table, notes = read(tmp_path, "svc", write_file(tmp_path, content), target_column="y")
    assert table.columns == ["x", "x.1"] and "the second column x: x.1" in notes["Renamed"]


def test_rare_classes_are_in_both_parts_and_the_rows_of_a_sorted_file_are_drawn_from_all_of_it(tmp_path):
    frame = make_frame(species=put_in(["common"] * ROWS, 2, "rare")).sort_values("species")
    table, _ = read(tmp_path, "knn-classifier", frame, target_column="species")
    assert table.target is not None
    settings = make_settings(ESTIMATORS["knn-classifier"], "", tmp_path, file="unused", target_column="species")
    for batch in (30, 60, 1000):
        train, test = split_rows(table, replace(settings, batch=batch), np.random.default_rng(0))
        assert set(table.target.values[train]) == set(table.target.values[test]) == {0, 1}
        assert not set(train) & set(test) and len(train) <= batch + 1


def test_the_data_is_the_same_every_time_and_columns_can_be_scaled(tmp_path):
    make_frame(height=HEIGHT * 1000).to_parquet(tmp_path / "own.parquet")
    made = {}
    for scaling in ("none", "standard", "standard"):
        settings = make_settings(
            ESTIMATORS["ridge"],
            "",
            tmp_path,
            file=str(tmp_path / "own.parquet"),
            target_column="price",
            scaling=scaling,
        )
        data = take_rows(settings, read_own_table(settings, ignore_progress))
        made.setdefault(scaling, []).append(data.digest)
        assert data.train.shape == (90, 2) and data.test.shape == (30, 2)
    assert made["standard"][0] == made["standard"][1] != made["none"][0]
    assert data.train.std(axis=0) == pytest.approx([1, 1]) and data.label.endswith(", columns scaled")
    data = take_rows(replace(settings, batch=60), read_own_table(settings, ignore_progress))
    assert (len(data.train), len(data.test)) == (60, 20) and data.label.endswith(", a random sample of these rows")


@pytest.mark.parametrize(
    "case",
    ["kmeans", "gaussian-mixture", "dbscan", "local-outlier-factor", "nearest-neighbours", "train-test-split"],
)
def test_without_a_target_the_quality_compares_with_no_groups(tmp_path, case):
    make_frame().to_parquet(tmp_path / "own.parquet")
    settings = make_settings(ESTIMATORS[case], "stock", tmp_path, file=str(tmp_path / "own.parquet"))
    arm = EstimatorArm(settings)
    prepared = arm.prepare(ignore_progress)
    arm.repeat(0, NoClock())
    names = {measure.name for measure in arm.conclude()[0]}
    assert prepared["synthetic"] == "" and "groups-index" not in names and "balanced-accuracy" not in names
    agreement, _ = arm.compare(tmp_path)
    if case == "local-outlier-factor":
        [same] = [measure for measure in agreement if measure.decisive]
        assert (same.name, same.value) == ("same-outliers", 100)


@pytest.mark.parametrize(("flipped", "same"), [(1, 100), (3, 0)])
def test_outliers_may_differ_in_one_of_a_hundred(flipped, same):
    baseline = np.where(np.arange(1_000) < 200, -1, 1)
    accelerated = baseline.copy()
    accelerated[:flipped] = 1
    comparison = compare_results(Job.OUTLIERS, {"outliers": baseline}, {"outliers": accelerated})
    values = {measure.name: measure.value for measure in comparison.measures}
    assert values == {"outliers-agree": 100 * (1 - flipped / 200), "same-outliers": same}


def test_a_column_named_as_no_target_asks_for_another_name(tmp_path):
    make_frame().rename(columns={"species": "none"}).to_csv(tmp_path / "own.csv", index=False)
    with pytest.raises(BadInput, match="a column named 'none' cannot be the target") as caught:
        check_file(tmp_path, "svc", tmp_path / "own.csv")
    assert caught.value.remedy == "Rename the column 'none'."


def test_single_rows_of_a_table_are_the_held_out_ones(tmp_path):
    make_frame().to_csv(tmp_path / "own.csv", index=False)
    parameters = {"file": str(tmp_path / "own.csv"), "target_column": "species", "predictions": "single"}
    check_inputs(make_settings(ESTIMATORS["svc"], "", tmp_path, **parameters))
    arm = EstimatorArm(make_settings(ESTIMATORS["svc"], "stock", tmp_path, **parameters))
    inputs = {entry.label: entry.text for entry in arm.prepare(ignore_progress)["inputs"]}
    assert inputs["Requests"].endswith(f"{arm.data.test.shape[0]} different rows") and arm.data.test.shape[0] < ROWS
    arm.repeat(0, NoClock())
    assert [measure.value for measure in arm.conclude()[0] if measure.name == "requests-equal"] == [100]


def test_a_table_beyond_memory_is_refused_before_it_is_read(tmp_path, monkeypatch):
    make_frame().to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setattr(own_table, "available_memory_bytes", lambda: 10_000)
    monkeypatch.setattr(own_table, "read_table", None)
    with pytest.raises(BadInput, match=r"120 rows of 4 columns of own\.csv take about .* in both arms together"):
        check_file(tmp_path, "ridge", tmp_path / "own.csv", target_column="price")


def test_the_memory_of_an_estimator_counts_the_size_of_the_table(tmp_path, monkeypatch):
    make_frame().to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setattr(memory, "available_memory_bytes", lambda: 2**20)
    with pytest.raises(BadInput, match=r"90 rows × 2 columns take about"):
        check_file(tmp_path, "ridge", tmp_path / "own.csv", target_column="price")


def test_of_a_large_table_only_a_part_is_checked(tmp_path, monkeypatch):
    # One class and a constant column in the first part, which the rest need not have.
    frame = pd.DataFrame({"x": [0.0] * 2000 + [1.0] * 2000, "y": ["a"] * 2000 + ["b"] * 2000})
    frame.to_csv(tmp_path / "own.csv", index=False)
    monkeypatch.setattr(own_table, "MAX_TRIAL_BYTES", 10_000)
    check_file(tmp_path, "svc", tmp_path / "own.csv", target_column="y")
    with pytest.raises(BadInput, match="there is no column 'z'"):
        check_file(tmp_path, "svc", tmp_path / "own.csv", target_column="z")


def test_the_check_of_an_upload_lists_its_columns(tmp_path):
    make_frame().to_csv(tmp_path / "digest", index=False)
    summary = check(tmp_path / "digest", "plants.csv")
    assert summary.columns == ["width", "height", "species", "price"] and summary.text.startswith("120 rows, 4 columns")
    with pytest.raises(BadInput, match=r"plants\.csv has 3 rows, and 50 are needed"):
        check(write_file(tmp_path, "x,y\n1,2\n1,2\n1,3\n"), "plants.csv")


def test_every_case_for_classes_names_one_for_values_and_the_other_way_round():
    for name, estimator in ESTIMATORS.items():
        if estimator.job in (Job.CLASSES, Job.VALUES):
            assert {ESTIMATORS[find_other_case(name)].job, estimator.job} == {Job.CLASSES, Job.VALUES}


def test_the_check_runs_in_a_process_of_its_own(tmp_path, capsys):
    file = tmp_path / "own.csv"
    make_frame(height=put_in(HEIGHT, 3, None)).to_csv(file, index=False)
    parameters = {"file": str(file), "target_column": "price"}
    check_in_process(make_plan("estimators", "ridge", cores=1, parameters=parameters | {"missing": "drop"}))
    options = ["--case", "ridge", "--cores", "1", "--set", f"file={file}", "--set", "target_column=price"]
    assert main(["run", "estimators", *options]) == 2
    captured = capsys.readouterr()
    assert "3 of 120 rows with missing values (height: 3 rows)" in captured.err and "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("kind", "case", "target", "described"),
    [
        ("csv", "knn-classifier", "species", "species, 3 classes: setosa, versicolor, virginica"),
        ("parquet", "linear-regression", "price", "price, from "),
    ],
)
def test_a_race_with_an_own_table(tmp_path, kind, case, target, described):
    pytest.importorskip("sklearnex", reason="scikit-learn-intelex is not installed")
    file, out = tmp_path / f"own.{kind}", tmp_path / "run.json"
    frame = pd.concat([make_frame()] * 5)
    if kind == "csv":
        frame.to_csv(file, index=False)
    else:
        frame.to_parquet(file, index=False)
    options = ["--case", case, "--cores", "1", "--budget", "2", "--json", str(out)]
    assert main(["run", "estimators", *options, "--set", f"file={file}", "--set", f"target_column={target}"]) == 0
    run = json.loads(out.read_text())
    inputs = {entry["label"]: entry["text"] for entry in run["inputs"]}
    assert inputs["Data"].startswith(f"own.{kind} (") and "all of its 600 rows, " in inputs["Data"]
    assert inputs["Rows"] == "450 to learn from, 150 held out"
    assert inputs["Target"].startswith(described)
    assert all(prepared["synthetic"] == "" for prepared in run["prepared"])
    assert str(tmp_path) not in json.dumps(run["inputs"])
    labels = {parameter["label"] for parameter in run["snapshot"]["parameters"]}
    assert {"Own table", "Target column"} <= labels and labels.isdisjoint({"Data", "Columns", "Classes", "Noise"})
