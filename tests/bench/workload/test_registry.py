"""The registry: the product's workloads, and those that FAIRLAP_EXTRA_WORKLOADS adds."""

import subprocess
import sys

import pytest

from bench.paths import ROOT
from bench.workload.registry import EXTRA_WORKLOADS, ExtraWorkloadError, load_workloads

# Without the cache: the tests of this process share the workloads that it holds.
load_uncached = load_workloads.__wrapped__


def test_without_the_variable_there_are_only_the_workloads_of_the_product(monkeypatch):
    monkeypatch.delenv(EXTRA_WORKLOADS)
    loaded = load_uncached()
    assert "trial" not in loaded
    assert {name for name, workload in loaded.items() if workload.hidden} == {"script", "selftest"}
    assert all(workload.arm.startswith("workloads.") for workload in loaded.values())


def test_a_named_package_adds_its_workload_behind_the_others(monkeypatch, tmp_path):
    (tmp_path / "third_party_spin.py").write_text(
        "from dataclasses import replace\n"
        "from workloads.selftest import WORKLOAD\n"
        "WORKLOAD = replace(WORKLOAD, name='third-party', hidden=False)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv(EXTRA_WORKLOADS, " third_party_spin , tests.support.trial,")
    loaded = load_uncached()
    assert {"third-party", "trial"} <= loaded.keys()
    product = [name for name in loaded if name not in ("third-party", "trial", "selftest")]
    assert list(loaded)[: len(product)] == product


@pytest.mark.parametrize(
    ("package", "problem"),
    [
        ("no_such_package", "cannot be imported"),
        ("tests..support", "cannot be imported"),
        (".trial", "cannot be imported"),
        ("bench.paths", "has no attribute WORKLOAD"),
        ("workloads.selftest", "declares 'selftest', which another workload is called"),
        ("tests.support.trial,tests.support.trial", "declares 'trial', which another workload is called"),
    ],
)
def test_a_package_without_a_usable_workload_is_refused(monkeypatch, package, problem):
    monkeypatch.setenv(EXTRA_WORKLOADS, package)
    with pytest.raises(ExtraWorkloadError, match=problem) as refusal:
        load_uncached()
    assert "Correct or unset the variable" in str(refusal.value)


def test_a_child_process_finds_the_workload_of_the_tests():
    code = "from bench.workload.registry import load_workloads; print('trial' in load_workloads())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
