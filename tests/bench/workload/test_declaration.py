"""Declarations: cases, levers, parameters, and what cannot run here."""

from dataclasses import replace

from bench.cli.main import main
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.workload.registry import load_workloads
from tests.support.trial_variants import add_missing_extra


def test_a_platform_without_the_library_says_why():
    workload = load_workloads()["colour-quantization"]
    elsewhere = replace(workload, platform=replace(workload.platform, machines=("m68k",)))
    assert "x86-64" in elsewhere.unavailable()
    lever = replace(workload.lever, values=(replace(workload.lever.values[0], packages=("no_such_package",)),))
    assert "Not installed: no_such_package" in replace(workload, lever=lever).unavailable()
    assert "pip install -r requirements.txt" in replace(workload, lever=lever).unavailable()


def test_an_extra_that_is_missing_keeps_only_its_own_setting_from_running(monkeypatch, capsys):
    add_missing_extra(monkeypatch)
    assert not resolve(make_plan("trial")).unavailable()
    why = resolve(make_plan("trial", accelerated="rare")).unavailable()
    assert "Rare cannot run here" in why
    assert "pip install rare-package" in why
    assert main(["run", "trial", "--set", f"{load_workloads()['trial'].lever.name}=rare"]) == 2
    assert "pip install rare-package" in capsys.readouterr().err
