"""The report as slides: every caveat is on one of them, and charts are native and have numbers only."""

import io
import math
import shutil
import subprocess
from datetime import timedelta

import pytest
from pptx import Presentation
from pptx.util import Emu

from bench.claims.verdict import decide_claims
from bench.storage.attempts import UNKNOWN_ATTEMPTS
from bench.values.base import Arm
from tests.support.runs import make_claim_run, make_colour_run
from ui.reports import slides
from ui.reports.content import ReportedRun, ReportFields
from ui.reports.slides import METHOD, write_slides

HOSTILE = '</a:t><a:t>x & \x00\x0b\u202e "y"'


def open_deck(fields=None, runs=()):
    return Presentation(io.BytesIO(write_slides(fields or ReportFields(), [ReportedRun(run, None) for run in runs])))


def read_slide(slide) -> str:
    return "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)


def read_deck(deck) -> str:
    return "\n".join(map(read_slide, deck.slides))


@pytest.fixture(scope="module")
def claimed():
    run = make_claim_run(used=1.0, busy=(0.6, 0.6))
    run.claims = decide_claims(run)
    assert run.claim().reservations and run.claim().conditions
    return run


@pytest.fixture(scope="module")
def refused():
    run = make_claim_run(busy=(0.0, 1.5))
    run.claims = decide_claims(run)
    return run


def test_everything_that_limits_a_claim_is_on_a_slide(claimed, refused):
    for run in (claimed, refused):
        text = " ".join(read_deck(open_deck(runs=[run])).split())
        claim = run.claim()
        caveats = [*claim.refusals, *claim.reservations, *claim.conditions]
        assert caveats
        for finding in caveats:
            assert " ".join(f"{finding.title}: {finding.seen}".split()) in text
        assert UNKNOWN_ATTEMPTS in text


def test_one_claim_a_slide_and_method_and_machine_last(claimed):
    deck = open_deck(ReportFields("Demo", "Example Ltd", "Jo"), [claimed])
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides if slide.shapes.title]
    assert len(set(titles)) == len(titles)
    assert titles[-1] == "Method and machine"
    last = read_slide(deck.slides[-1])
    assert METHOD[0] in last and claimed.machine.short in last and claimed.snapshot.command in last
    assert "For Example Ltd, by Jo" in read_slide(deck.slides[0])


def test_charts_are_native_and_have_finite_numbers(claimed):
    deck = open_deck(runs=[claimed])
    charts = [shape.chart for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert len(charts) == 3
    for chart in charts:
        for series in chart.plots[0].series:
            assert series.values and all(isinstance(value, float) and math.isfinite(value) for value in series.values)
    first = charts[0].plots[0]
    # From the bottom to the top.
    assert list(first.categories) == [claimed.snapshot.arms[arm] for arm in reversed(Arm)]
    with pytest.raises(ValueError, match="Expected finite numbers"):
        slides._add_bar_chart(deck.slides[0], "ratio", {"fit": math.nan}, ["#000000"])


def test_a_small_ratio_is_not_labelled_zero(claimed):
    deck = Presentation(io.BytesIO(write_slides(ReportFields(), [ReportedRun(claimed, None)])))
    formats = [
        chart.plots[0]._element.xpath(".//c:val//c:formatCode")[0].text
        for slide in deck.slides
        for shape in slide.shapes
        if shape.has_chart and (chart := shape.chart)
    ]
    assert slides.RATIO_FORMAT in formats and slides.RATIO_FORMAT.endswith('0.000"x"')


def test_several_runs_are_compared_or_the_reason_is_on_a_slide(claimed, finished):
    later = claimed.model_copy(update={"id": "b" * 32, "started": claimed.started + timedelta(hours=1)})
    text = read_deck(open_deck(runs=[claimed, later]))
    assert "Same settings, same machine" in text and "not distinguishable" in text
    assert "Not compared" in read_deck(open_deck(runs=[claimed, finished]))


def test_foreign_texts_are_shown_as_they_are_written(claimed):
    snapshot = claimed.snapshot.model_copy(update={"workload_title": HOSTILE})
    run = claimed.model_copy(update={"snapshot": snapshot})
    text = read_deck(open_deck(ReportFields(HOSTILE, HOSTILE, HOSTILE), [run]))
    assert text.count('</a:t><a:t>x & "y"') > 2


def test_a_run_without_pairs_says_so_without_a_chart():
    deck = open_deck(runs=[make_colour_run(0)])
    assert not [shape for slide in deck.slides for shape in slide.shapes if shape.has_chart]
    assert "No claim yet" in read_deck(deck)


def test_long_texts_continue_on_further_slides(claimed):
    claim = claimed.claim()
    long = [finding.model_copy(update={"seen": "every word counts " * 60}) for finding in claim.reservations * 4]
    run = claimed.model_copy(update={"claims": [claim.model_copy(update={"findings": long})]})
    deck = open_deck(runs=[run])
    assert read_deck(deck).count("every word counts") == 60 * len(long)
    assert len(deck.slides) > len(open_deck(runs=[claimed]).slides)
    for slide in deck.slides:
        for shape in slide.shapes:
            assert shape.left + shape.width <= deck.slide_width + Emu(1)


@pytest.mark.timeout(180)
def test_libreoffice_opens_the_slides_and_prints_each_on_a_page(claimed, refused, tmp_path):
    office, to_text = shutil.which("soffice"), shutil.which("pdftotext")
    if not office or not to_text:
        pytest.skip("needs LibreOffice Impress and pdftotext: apt-get install libreoffice-impress poppler-utils")
    deck = tmp_path / "report.pptx"
    content = write_slides(ReportFields("Demo"), [ReportedRun(claimed, None), ReportedRun(refused, None)])
    deck.write_bytes(content)
    profile = f"-env:UserInstallation=file://{tmp_path / 'profile'}"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(deck)],
        check=True,
        capture_output=True,
        timeout=150,
    )
    text = subprocess.run(
        [to_text, str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.split("\f")[:-1]
    assert len(pages) == len(Presentation(io.BytesIO(content)).slides)
    assert "Method and machine" in pages[-1] and "Demo" in pages[0]
