"""Values on the command line."""

import pytest

from bench.cli import arguments, main


@pytest.mark.parametrize(
    ("workload", "assignment", "value"),
    [
        ("modin", "file=own.csv", "{here}/own.csv"),
        ("modin", "file=nothing.csv", "{here}/nothing.csv"),
        ("modin", "file=/data/trips.parquet", "/data/trips.parquet"),
        ("modin", "file=synthetic", "synthetic"),
        ("bert", "evaluation=own.csv", "{here}/own.csv"),
        ("bert", "evaluation=shipped", "shipped"),
        ("bert", f"evaluation=upload:{'a' * 64}", f"upload:{'a' * 64}"),
        ("bert", "model=mine/model", "{here}/mine/model"),
        ("bert", "model=owner/model", "owner/model"),
    ],
)
def test_a_path_is_relative_to_the_current_folder(tmp_path, monkeypatch, workload, assignment, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.csv").touch()
    (tmp_path / "mine" / "model").mkdir(parents=True)
    plan = arguments.plan_from_options(main.make_parser().parse_args(["run", workload, "--set", assignment]))
    assert plan.parameters[assignment.partition("=")[0]] == value.format(here=tmp_path)
