"""OpenVINO as an arm: the same results as TensorFlow's FP32, what really ran, the cache, and no telemetry."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
pytest.importorskip("openvino_telemetry", reason="OpenVINO is not installed")

from bench.paths import ROOT
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.run.events import State
from bench.run.snapshot import take_snapshot
from bench.values.base import Arm
from bench.workload.cases import Code
from bench.workload.interface import BadInput
from bench.workload.levers import INSTALL_REMEDY
from bench.workload.registry import load_workloads
from tests.support import tiny_bert
from tests.support.runs import open_plan, run_race
from tests.support.shown_code import run_in_process
from tests.support.task_calls import ReportRecorder
from workloads.bert import WORKLOAD, bf16_support, ov_adapter, task_work
from workloads.bert.inference import openvino_session
from workloads.bert.inference.instances import Instance
from workloads.bert.inference.openvino_session import OpenVinoSession
from workloads.bert.inference.session import InferenceSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.lever_values import number_type
from workloads.bert.model import forward
from workloads.bert.model.checkpoint import Checkpoint
from workloads.bert.ov_adapter import ExecutedLayer
from workloads.bert.profiling import openvino_evidence
from workloads.bert.quantization import convert, openvino_cache
from workloads.bert.quantization.conversion import Conversion, load_default
from workloads.bert.task_work import BertTaskWork

PRODUCTS = 6 * tiny_bert.TINY_SHAPE["num_hidden_layers"] + 1
"""Matrix products with weights."""
VNNI = {b"avx512_vnni"}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Checkpoint:
    return tiny_bert.make_checkpoint(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def windows(checkpoint) -> Windows:
    return tiny_bert.make_windows(checkpoint)


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def fp32(checkpoint, cache) -> Path:
    return openvino_cache.load_or_convert(checkpoint, cache, cache, tiny_bert.ProgressRecorder())


@pytest.fixture(scope="module")
def int8(checkpoint, windows, cache) -> Path:
    progress, chosen = tiny_bert.ProgressRecorder(), load_default(checkpoint)
    return openvino_cache.load_or_convert(checkpoint, cache, cache, progress, chosen, windows)


@pytest.fixture(scope="module")
def expected(checkpoint, windows) -> np.ndarray:
    """TensorFlow's logits in FP32."""
    session = InferenceSession(forward.build_frozen_graph(checkpoint), 1)
    try:
        return np.stack(session.compute_logits(windows, 4))
    finally:
        session.close()


def compute(file: Path, number_type, windows: Windows, batch: int = 4) -> np.ndarray:
    return np.stack(OpenVinoSession(file, number_type, 1).compute_logits(windows, batch))


def test_fp32_computes_what_tensorflow_computes(fp32, windows, expected):
    for batch in (1, 5):
        np.testing.assert_allclose(compute(fp32, "fp32", windows, batch), expected, rtol=1e-4, atol=1e-4)


def test_int8_and_bf16_are_near_it_and_not_equal(fp32, int8, windows, expected):
    others = [compute(int8, "int8", windows)]
    if bf16_support.has_bf16_instructions():
        others.append(compute(fp32, "bf16", windows))
    for logits in others:
        error = np.abs(logits - expected).mean() / np.abs(expected).mean()
        assert 1e-4 < error < 0.2


def test_fp32_really_is_and_on_as_many_threads_as_asked_for(fp32, windows):
    evidence = openvino_evidence.collect_evidence(OpenVinoSession(fp32, "fp32", 1), "fp32", windows, 4)
    assert (evidence.calls, evidence.accelerated_calls, evidence.reason) == (PRODUCTS, PRODUCTS, "")
    assert "OpenVINO computes on 1 thread" in evidence.words
    assert not any(" u8," in word or " i8," in word or " bf16," in word for word in evidence.words)


def test_the_execution_graph_shows_which_products_ran_in_int8(int8, windows):
    session = OpenVinoSession(int8, "int8", 1)
    session.compute_logits(windows[:4], 4)
    judged = openvino_evidence.judge_layers("int8", session.compiled.list_layers(), 1, VNNI)
    assert (judged.path, judged.calls, judged.accelerated_calls) == ("accelerated", PRODUCTS, PRODUCTS)
    assert openvino_evidence.judge_layers("int8", session.compiled.list_layers(), 1, set()).path == "stock"


def test_a_model_that_was_not_quantized_is_no_evidence_of_int8(fp32, windows):
    evidence = openvino_evidence.collect_evidence(OpenVinoSession(fp32, "int8", 1), "int8", windows, 4)
    assert (evidence.path, evidence.accelerated_calls) == ("stock", 0)
    assert evidence.reason == f"{PRODUCTS} of {PRODUCTS} matrix products did not run in INT8"


def test_products_in_part_without_kernels_and_without_weights():
    layers = [
        ExecutedLayer("FullyConnected", "u8", "brgemm_avx512_i8"),
        ExecutedLayer("FullyConnected", "i8", "ref_any_i8"),
        ExecutedLayer("FullyConnected", "f32", "gemm_mlas_f32"),
        ExecutedLayer("MatMul", "f32", "brgemm_avx512_f32"),
        ExecutedLayer("MVN", "f32", "jit_avx512_f32"),
    ]
    judged = openvino_evidence.judge_layers("int8", layers, 2, VNNI)
    assert (judged.path, judged.calls, judged.accelerated_calls) == ("accelerated", 3, 1)
    assert judged.reason == (
        "1 of 3 matrix products did not run in INT8; "
        "1 of 2 INT8 products ran on instructions that are not made for INT8"
    )
    assert "OpenVINO ran: 1 × MatMul f32, brgemm_avx512_f32" in judged.words
    nothing = openvino_evidence.judge_layers("fp32", layers[3:], 2, VNNI)
    assert (nothing.path, nothing.reason) == ("stock", "the execution graph has no product with weights")


def test_a_quantization_keeps_its_operators_in_fp32(checkpoint, windows, cache):
    kept = convert.list_quantizable_operators(checkpoint)[0]
    chosen = load_default(checkpoint)
    chosen = Conversion(chosen.yaml, chosen.config, frozenset({kept}))
    file = openvino_cache.load_or_convert(checkpoint, cache, cache, tiny_bert.ProgressRecorder(), chosen, windows)
    session = OpenVinoSession(file, "int8", 1)
    session.compute_logits(windows[:4], 4)
    judged = openvino_evidence.judge_layers("int8", session.compiled.list_layers(), 1, VNNI)
    assert (judged.calls, judged.accelerated_calls) == (PRODUCTS, PRODUCTS - 1)
    unknown = Conversion(chosen.yaml, chosen.config, frozenset({"nothing/MatMul"}))
    with pytest.raises(BadInput, match="has no operator nothing/MatMul"):
        openvino_cache.load_or_convert(checkpoint, cache, cache, tiny_bert.ProgressRecorder(), unknown, windows)


def test_a_model_comes_from_the_cache_if_nothing_that_it_depends_on_has_changed(checkpoint, windows, cache, fp32, int8):
    progress, chosen = tiny_bert.ProgressRecorder(), load_default(checkpoint)
    assert openvino_cache.load_or_convert(checkpoint, cache, cache, progress) == fp32
    assert openvino_cache.load_or_convert(checkpoint, cache, cache, progress, chosen, windows) == int8
    assert progress == [
        "building graph: OpenVINO FP32 comes from the cache",
        "building graph: OpenVINO INT8 comes from the cache",
    ]
    keys = {
        openvino_cache._entry_key(checkpoint, None, None),
        openvino_cache._entry_key(checkpoint, chosen, windows),
        openvino_cache._entry_key(checkpoint, chosen, windows[:3]),
        openvino_cache._entry_key(checkpoint, Conversion(chosen.yaml, chosen.config, frozenset({"a"})), windows),
    }
    assert len(keys) == 4


def test_without_a_usable_cache_the_model_is_in_the_scratch_folder(checkpoint, tmp_path):
    blocked = tmp_path / "cache"
    blocked.write_text("a file in place of the folder")
    progress = tiny_bert.ProgressRecorder()
    file = openvino_cache.load_or_convert(checkpoint, blocked, tmp_path, progress)
    assert file == tmp_path / openvino_cache.MODEL_FILE and file.is_file()
    assert any("the cache cannot be used" in text for text in progress)


def test_bf16_is_refused_where_the_processor_has_none(monkeypatch):
    for adapter, name in ((ov_adapter, "has_bf16"), (bf16_support, "has_bf16_instructions")):
        with monkeypatch.context() as patch:
            patch.setattr(ov_adapter, "has_bf16", lambda: True)
            patch.setattr(bf16_support, "has_bf16_instructions", lambda: True)
            openvino_session.check_number_type("bf16")
            patch.setattr(adapter, name, lambda: False)
            with pytest.raises(BadInput, match="OpenVINO BF16 is for processors that have instructions for BF16"):
                openvino_session.check_number_type("bf16")
    openvino_session.check_number_type("fp32")


@pytest.mark.parametrize("has_bf16", [True, False])
def test_a_plan_with_bf16_on_openvino_is_refused_before_it_is_queued(monkeypatch, has_bf16):
    monkeypatch.setattr(bf16_support, "has_bf16_instructions", lambda: has_bf16)
    reasons = [resolve(make_plan("bert", accelerated=value)).unavailable() for value in ("openvino-bf16", "bf16")]
    expected = "" if has_bf16 else f"{bf16_support.NO_BF16}. Choose OpenVINO FP32 or OpenVINO INT8."
    assert reasons == [expected, ""]


def test_a_naive_baseline_is_to_be_replaced_by_those_that_give_the_same():
    plans = [make_plan("bert", baseline=value) for value in ("fp32-stock", "bf16")]
    names = [take_snapshot(resolve(plan)).fair_baselines for plan in plans]
    assert names[0] == ["fp32", "openvino-fp32"]
    assert names[1] == ["fp32", "bf16", "openvino-fp32", "openvino-bf16", "openvino-int8"]


def test_an_instance_computes_in_a_process_of_its_own(fp32, windows, expected):
    instance = Instance("openvino-fp32", fp32, [min(os.sched_getaffinity(0))], 1)
    try:
        instance.wait_ready()
        instance.send(tuple(windows.feed(slice(0, 4)).values()))
        logits = np.stack(instance.receive())
    finally:
        instance.process.kill()
        instance.process.wait()
    np.testing.assert_allclose(logits, expected[:, :4], rtol=1e-4, atol=1e-4)


@pytest.mark.timeout(300)
def test_a_race_of_two_libraries_names_both_changes_and_proves_int8(home, tmp_path):
    plan = tiny_bert.make_race_plan("fp32", "openvino-int8", tiny_bert.write_task_files(tmp_path))
    run = run_race(open_plan(plan), tmp_path).record
    assert run.state is State.FINISHED, run.failure
    assert run.snapshot.rivals == ["OpenVINO FP32"]
    (inference,) = (evidence for evidence in run.evidence[Arm.ACCELERATED] if evidence.step == "inference")
    assert inference.calls == PRODUCTS and any("FullyConnected" in word for word in inference.words)
    finding = next(finding for finding in run.claims[0].findings if finding.rule == "one-change")
    assert finding.seen == "library and precision changed: TensorFlow to OpenVINO, FP32 to INT8"
    assert run.quality is not None and run.quality.accelerated


def test_rivals_give_the_same_in_another_way():
    lever = load_workloads()["bert"].lever
    assert [value.name for value in lever.list_rivals("fp32")] == ["openvino-fp32"]
    assert [value.name for value in lever.list_rivals("fp32-stock")] == ["fp32", "openvino-fp32"]
    assert [value.name for value in lever.list_rivals("openvino-fp32")] == ["fp32"], "the naive one is left out"
    assert [value.name for value in lever.list_rivals("int8")] == ["openvino-int8"]
    assert not load_workloads()["trial"].lever.list_rivals("full")


def test_the_page_shows_the_code_of_the_values_that_race():
    lever = WORKLOAD.lever
    resolved = resolve(make_plan("bert", baseline="fp32", accelerated="openvino-int8"))
    assert resolved.code() == Code(lever["fp32"].code, lever["openvino-int8"].code)
    assert "nncf.quantize(" in resolved.code().after and all(value.code for value in lever.values)
    assert resolve(make_plan("trial")).code() == load_workloads()["trial"].default_case.code


@pytest.mark.parametrize("value", ["fp32", "bf16", "int8", "openvino-fp32", "openvino-int8"])
def test_the_code_that_the_page_shows_runs(checkpoint, windows, expected, tmp_path, value):
    logits = run_in_process(value, Path(checkpoint.name), windows, tmp_path)
    tolerance = 1e-4 if number_type(value) == "fp32" else 0.2
    for computed, right in zip(logits, expected, strict=True):
        assert np.abs(computed - right).mean() < tolerance * np.abs(right).mean()


def test_a_published_ratio_is_that_of_the_values_that_were_compared():
    for baseline, accelerated, ratios in (
        ("fp32", "int8", [1.3]),
        ("fp32", "openvino-int8", []),
        ("int8", "fp32", []),
        ("openvino-fp32", "openvino-int8", []),
    ):
        resolved = resolve(make_plan("bert", baseline=baseline, accelerated=accelerated))
        assert [published.ratio for published in resolved.published_ratios().values()] == ratios
        assert len(take_snapshot(resolved).published_ratios()) == len(ratios)


def test_fp32_on_openvino_needs_no_nncf(checkpoint, tmp_path, monkeypatch):
    version = importlib.metadata.version

    def find_version(name: str) -> str:
        if name == "nncf":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(importlib.metadata, "version", find_version)
    assert openvino_cache.load_or_convert(checkpoint, tmp_path, tmp_path, tiny_bert.ProgressRecorder()).is_file()


@pytest.mark.timeout(300)
def test_prepare_makes_the_models_that_the_machine_can_run(tmp_path, monkeypatch):
    settings = tiny_bert.make_settings(tmp_path, "fp32", accelerated="int8")
    result = BertTaskWork().prepare(settings, ReportRecorder())
    # A plan with other settings than the defaults, such as a model of one's own, needs those of its own arms only.
    assert [part.label for part in result.parts][1:] == ["making the graph: FP32", "making the graph: INT8"]
    monkeypatch.setattr(task_work, "_has_defaults", lambda settings: True)
    result = BertTaskWork().prepare(settings, ReportRecorder())
    labels = [part.label for part in result.parts]
    assert labels[1:] == [f"making the graph: {name}" for name in ("FP32", "INT8", "OpenVINO FP32", "OpenVINO INT8")]
    assert sum(entry.startswith("bert/openvino-") for entry in result.entries) == 2
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    result = BertTaskWork().prepare(settings, ReportRecorder())
    assert [part.label for part in result.parts] == labels[:3]


def test_a_machine_without_openvino_gets_an_error_that_names_the_remedy(monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "openvino" else find_spec(name))
    reason = resolve(make_plan("bert", accelerated="openvino-fp32")).unavailable()
    assert reason == f"OpenVINO FP32 cannot run here, not installed: openvino. {INSTALL_REMEDY}"
    assert not resolve(make_plan("bert")).unavailable()


QUIET_SCRIPT = """\
import json, sys
calls = []
def note(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "urllib.Request"):
        calls.append([event, repr(arguments)])
sys.addaudithook(note)
from pathlib import Path
from tests.support import tiny_bert
from workloads.bert.quantization import openvino_cache
from workloads.bert.quantization.conversion import load_default
folder = Path(sys.argv[1])
checkpoint = tiny_bert.make_checkpoint(folder / "model")
windows = tiny_bert.make_windows(checkpoint)
progress = tiny_bert.ProgressRecorder()
openvino_cache.load_or_convert(checkpoint, folder / "cache", folder, progress, load_default(checkpoint), windows)
import nncf, openvino
print(json.dumps({"calls": calls, "telemetry": [name for name, module in sys.modules.items()
    if name.startswith("openvino_telemetry") and module is not None],
    "nncf_has_a_sender": isinstance(nncf.telemetry.telemetry, nncf.telemetry.wrapper.NNCFTelemetry)}))
"""
"""A process of its own: NNCF switches its telemetry off where pytest is loaded."""


def test_a_conversion_sends_nothing_and_writes_nothing_to_the_home_folder(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "FAIRLAP_"))}
    done = subprocess.run(
        [sys.executable, "-c", QUIET_SCRIPT, str(work)],
        cwd=ROOT,
        env=environment | {"HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {"calls": [], "telemetry": [], "nncf_has_a_sender": False}
    written = {str(file.relative_to(home)) for file in home.rglob("*")}
    assert written <= {".keras", ".keras/keras.json"}, "TensorFlow writes these, when it is imported"
