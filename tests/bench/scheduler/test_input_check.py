"""Inputs that cannot be used are refused before a job is queued, by the page's and the command line's way."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench import paths
from bench.paths import ROOT
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.scheduler import dispatcher as dispatcher_module
from bench.scheduler import input_check
from bench.scheduler.dispatcher import Dispatcher
from bench.scheduler.input_check import check_inputs
from bench.storage.cleaning import Limits, find_removable, remove_items
from bench.storage.uploads import is_upload_available, save_upload
from bench.system.isolated_call import CallExited, CallRaised, CallResult
from bench.system.limited_check import call_check
from bench.workload.interface import BadInput
from bench.workload.registry import load_workloads
from tests.support import tiny_bert


def make_picture_plan(size: tuple[int, int], colours: int, batch: int = 1) -> Plan:
    """A plan for an uploaded picture with 60 greys."""
    buffer = io.BytesIO()
    picture = Image.linear_gradient("L").resize((1, 60)).resize(size, Image.Resampling.NEAREST)
    picture.save(buffer, "PNG")
    upload = load_workloads()["colour-quantization"].parameter("image").upload
    assert upload
    value, _ = save_upload(buffer.getvalue(), "greys.png", upload)
    return make_plan("colour-quantization", cores=1, batch=batch, parameters={"image": value, "colours": colours})


def test_more_clusters_than_colours_are_refused_and_nothing_is_queued():
    dispatcher = Dispatcher()
    with pytest.raises(
        BadInput, match=r"the picture has only \d+ colours, and the plan asks for 64 clusters"
    ) as refusal:
        dispatcher.submit_race(make_picture_plan((60, 120), 64), origin="page")
    assert "Choose at most" in refusal.value.remedy
    assert not dispatcher.entries()
    check_inputs(make_picture_plan((60, 120), 30))


def test_while_its_inputs_are_checked_the_upload_of_a_job_is_not_removed(monkeypatch):
    dispatcher, plan = Dispatcher(), make_picture_plan((60, 120), 64)
    seen = []

    def clean_and_check(checked: Plan) -> None:
        remove_items(find_removable(dispatcher.store.find_named_uploads, Limits(upload_age_s=0)).removable)
        seen.append(is_upload_available(str(checked.parameters["image"])))
        check_inputs(checked)

    monkeypatch.setattr(dispatcher_module, "check_inputs", clean_and_check)
    with pytest.raises(BadInput, match="colours"):
        dispatcher.submit_race(plan, origin="page")
    assert seen == [True]
    assert not list(paths.journals().iterdir()), "a refused job leaves no files"


def test_a_batch_that_does_not_fit_into_memory_is_refused_with_the_one_that_does():
    # 24 megapixels times 32 take more than 90 GiB.
    with pytest.raises(BadInput, match=r"24.0 megapixels with a batch of 32 takes about") as refusal:
        check_inputs(make_picture_plan((4_000, 6_000), 8, batch=32))
    assert "batch of at most" in refusal.value.remedy or "Close other programs" in refusal.value.remedy


@pytest.mark.parametrize("error", [CallRaised("_ArrayMemoryError", "Unable to allocate", ""), CallExited(-9, "")])
def test_a_check_that_gets_no_memory_finds_nothing_unless_there_is_a_file(monkeypatch, error):
    calls: list[dict] = []

    def fail(*arguments, **options):
        calls.append(options)
        raise error

    monkeypatch.setattr(input_check, "call_check", fail)
    check_inputs(make_plan("estimators", "ridge", cores=1))
    with pytest.raises(BadInput) as refusal:
        check_inputs(make_picture_plan((60, 120), 30))
    assert "file" in refusal.value.remedy
    assert {call["environment"]["OPENBLAS_NUM_THREADS"] for call in calls} == {"1"}


def test_a_check_of_settings_alone_does_not_advise_another_file(monkeypatch):
    def fail(*arguments, **options):
        raise CallRaised("RuntimeError", "no such thing", "")

    monkeypatch.setattr(input_check, "call_check", fail)
    with pytest.raises(BadInput, match="no such thing") as refusal:
        check_inputs(make_plan("estimators", "ridge", cores=1))
    assert "file" not in refusal.value.remedy


def test_several_plans_are_checked_in_one_process(monkeypatch):
    fits, small = make_plan("estimators", "ridge", cores=1), make_plan("estimators", "pca", cores=1, batch=100)
    large = make_plan("estimators", "pairwise-distances", cores=1, batch=10_000_000)
    refused = make_plan("estimators", "pca", cores=1, parameters={"components": 50, "columns": 20})
    calls = []

    def count(*arguments, **options):
        calls.append(arguments[0])
        return call_check(*arguments, **options)

    monkeypatch.setattr(input_check, "call_check", count)
    found = input_check.find_bad_inputs([fits, large, refused, small])
    assert [bad is not None for bad in found] == [False, True, True, False]
    assert "are available" in str(found[1]) and "Choose at most" in found[1].remedy
    assert "n_components" in str(found[2])
    assert calls == ["bench.scheduler.input_check:run_input_checks"]
    assert input_check.find_bad_inputs([large], lambda: True) == [None], "nothing is checked for a series that ends"
    assert not input_check.find_bad_inputs([])


def test_a_check_that_ends_its_process_says_nothing_about_the_other_plans(monkeypatch):
    plans = [make_plan("estimators", "ridge", cores=1, batch=batch) for batch in (1_000, 2_000)]
    calls = []

    def end(function, check, work, **options):
        calls.append(function.partition(":")[2])
        if isinstance(work, list):
            raise CallExited(-9, "")
        if work["batch"] == 2_000:
            raise CallRaised("BadInput", "too many rows", "Choose fewer.")
        return CallResult(None, "")

    monkeypatch.setattr(input_check, "call_check", end)
    found = input_check.find_bad_inputs(plans)
    assert calls == ["run_input_checks", "run_input_check", "run_input_check"]
    assert found[0] is None and str(found[1]) == "too many rows"


def make_bert_plan(**parameters: str) -> Plan:
    return make_plan("bert", cores=1, parameters=parameters)


def test_a_checkpoint_that_cannot_be_used_is_refused(tmp_path):
    folder = tiny_bert.save_model(tmp_path / "model")
    check_inputs(make_bert_plan(model=str(folder)))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BadInput, match="weights of PyTorch only"):
        check_inputs(make_bert_plan(model=str(folder)))


def test_questions_that_cannot_be_used_are_refused(tmp_path):
    file = tmp_path / "questions.json"
    file.write_text('{"data": []}')
    with pytest.raises(BadInput, match=r"questions.json holds no question"):
        check_inputs(make_bert_plan(evaluation=str(file)))


def run_command(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", "run", *options], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


def test_the_command_line_says_what_it_found_and_what_is_wrong(tmp_path):
    picture = tmp_path / "two.png"
    Image.new("1", (40, 40)).save(picture)
    done = run_command(tmp_path, "colour-quantization", "--set", f"image={picture}")
    assert done.returncode == 2
    assert "two.png: 40 × 40 pixels, 1 colour" in done.stderr
    assert "The picture has only 1 colour, and the plan asks for 64 clusters." in done.stderr
    assert "Traceback" not in done.stderr and "BadInput" not in done.stderr

    questions = tmp_path / "questions.json"
    questions.write_text(json.dumps({"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1"}]}]}]}))
    done = run_command(tmp_path, "bert", "--set", f"evaluation={questions}")
    assert done.returncode == 2
    assert "No question of questions.json can be used; question '1'" in done.stderr
    assert "Traceback" not in done.stderr

    done = run_command(tmp_path, "colour-quantization", "--set", f"image={tmp_path / 'none.png'}")
    assert done.returncode == 2 and "there is no file" in done.stderr
