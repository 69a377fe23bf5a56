"""Values on the command line."""

import shlex

import pytest

from bench.cli import arguments, main
from bench.cli.commands import measure
from bench.plan.validation import PlanError, make_plan
from bench.scheduler.order import order_measurement
from bench.workload.registry import load_workloads
from tests.support.questions import make_file, make_question


@pytest.mark.parametrize(
    ("workload", "assignment", "value"),
    [
        ("modin", "file=own.csv", "{here}/own.csv"),
        ("modin", "file=./mine", "{here}/mine"),
        ("modin", "file=synthetic", "synthetic"),
        ("bert", "evaluation=own.json", "{here}/own.json"),
        ("bert", "evaluation=shipped", "shipped"),
        ("bert", f"evaluation=upload:{'a' * 64}", f"upload:{'a' * 64}"),
        ("bert", "model=mine/model", "{here}/mine/model"),
        ("bert", "model=owner/model", "owner/model"),
    ],
)
def test_a_path_is_relative_to_the_current_folder(tmp_path, monkeypatch, workload, assignment, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").write_text("key,value\n" + "".join(f"{row},{row / 2}\n" for row in range(2_000)))
    (tmp_path / "own.json").write_bytes(make_file(make_question("mill")))
    (tmp_path / "mine" / "model").mkdir(parents=True)
    plan = arguments.plan_from_options(main.make_parser().parse_args(["run", workload, "--set", assignment]))
    assert plan.parameters[assignment.partition("=")[0]] == value.format(here=tmp_path)


@pytest.mark.parametrize(
    ("workload", "assignment"),
    [
        ("modin", "file=nothing.csv"),
        ("modin", "file=/data/no.parquet"),
        ("bert", "model=/nope"),
        ("bert", "model=./no"),
    ],
)
def test_a_path_that_does_not_exist_is_refused_before_anything_starts(tmp_path, monkeypatch, workload, assignment):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PlanError, match="there is no such file or folder"):
        arguments.plan_from_options(main.make_parser().parse_args(["run", workload, "--set", assignment]))


def test_the_examples_of_measure_and_the_defaults_of_all_measurements_are_valid():
    examples = [line.strip() for line in measure.EXAMPLES.splitlines() if "python -m bench" in line]
    assert examples
    for example in examples:
        options = main.make_parser().parse_args(shlex.split(example)[3:])
        plan = arguments.plan_from_options(options)
        assert order_measurement(plan, options.task, options.arguments, origin="command line")
    for workload in load_workloads().values():
        for task in workload.tasks.entries:
            if not task.resident and not workload.hidden:
                case = next(iter(task.cases), None)
                assert order_measurement(make_plan(workload.name, case), task.name, {}, origin="command line")
