"""The command `prepare` with inputs that cannot be used."""

from __future__ import annotations

from bench.cli.main import main
from bench.scheduler.dispatcher import Dispatcher
from bench.workload.interface import BadInput


def test_a_workload_that_cannot_be_prepared_does_not_keep_the_others_from_it(monkeypatch, capsys):
    submitted: list[str] = []

    def refuse(dispatcher, plan, task, arguments, **submission):
        submitted.append(plan.workload)
        raise BadInput("the file is a pointer of Git LFS", "Run git lfs pull.")

    monkeypatch.setattr(Dispatcher, "submit_measurement", refuse)
    names = ["colour-quantization", "memory-traffic"]
    assert main(["prepare", *names, names[0]]) == 1
    assert submitted == names
    errors = capsys.readouterr().err.splitlines()
    assert errors == [f"bench: {name}: The file is a pointer of Git LFS. Run git lfs pull." for name in names]


def test_an_unknown_workload_is_named(capsys):
    assert main(["prepare", "nonsense"]) == 2
    assert "nonsense cannot be prepared here. Choose from " in capsys.readouterr().err
