"""What a reader hands to others: text, link, picture, and the name of the browser's tab."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from streamlit import config

from bench.claims.headline import write_headline
from bench.claims.verdict import decide_claims
from bench.formatting import format_median, format_ratio_with_interval
from bench.run.record import Run
from bench.storage.store import Store
from bench.values.samples import TOTAL
from tests.support.pages import open_page, read_page
from tests.support.runs import make_claim_run
from ui import records
from ui.charts.share_card import build_share_card
from ui.run_view import share
from ui.run_view.tab_title import describe_tab


def make_decided_run(busy: tuple[float, float]) -> Run:
    run = make_claim_run(busy=busy)
    run.claims = decide_claims(run)
    return run


def test_the_text_has_the_times_the_interval_the_machine_and_the_link():
    run = make_decided_run((0.0, 0.0))
    text = share.write_handover(run, TOTAL, None, "http://host/page?run=1")
    total = run.comparison()
    assert total is not None
    assert format_median(total.baseline) in text and format_median(total.accelerated) in text
    assert "95 %" in text and run.machine.short in text and run.id[:8] in text
    assert text.endswith("http://host/page?run=1")


def test_the_text_of_a_refusal_names_what_was_found():
    run = make_decided_run((1.5, 0.0))
    claim = run.claim()
    assert claim is not None and not claim.made
    text = share.write_handover(run, TOTAL, None, "")
    assert all(finding.title in text for finding in claim.findings if finding.outcome == "refused")


def test_without_a_claim_the_text_calls_the_ratio_that_of_the_medians_and_counts_no_passed_rules():
    run = make_decided_run((1.5, 0.0))
    total, claim = run.comparison(), run.claim()
    assert total is not None and claim is not None and claim.passed
    text = share.write_handover(run, TOTAL, None, "")
    assert f"Ratio of the medians, no claim: {format_ratio_with_interval(total.ratio)}." in text
    assert "passed" not in text and "95 % interval" not in text


def test_the_text_calls_each_finding_what_the_claim_calls_it():
    run = make_claim_run(target=0.0001)
    run.machine = run.machine.model_copy(update={"logical_threads": 64})
    run.claims = decide_claims(run)
    claim = run.claim()
    assert claim is not None and claim.state == "claim with reservations" and claim.conditions
    lines = share.write_handover(run, TOTAL, None, "").splitlines()
    for word, findings in (("reservation", claim.reservations), ("condition", claim.conditions)):
        plural = "" if len(findings) == 1 else "s"
        assert f"{len(findings)} {word}{plural}: {'; '.join(finding.title for finding in findings)}." in lines
    assert f"{len(claim.passed)} rules passed." in lines
    assert len(claim.findings) == len(claim.passed) + len(claim.reservations) + len(claim.conditions)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"target": 0.0001, "accuracy_limit": 0.5}, "more reservation"),
        ({"busy": (1.5, 0.0), "fit": (1.0, 1.0)}, "more reason"),
    ],
)
def test_the_picture_counts_the_reasons_that_it_does_not_name(settings, words):
    run = make_claim_run(**settings)
    run.claims = decide_claims(run)
    claim = run.claim()
    assert claim is not None
    unnamed = len(claim.reservations if claim.made else claim.refusals) - 1
    assert unnamed > 0
    svg = build_share_card(run, TOTAL, write_headline(run), [], "light")
    text = " ".join(ElementTree.fromstring(svg).itertext())
    assert f"And {unnamed} {words}{'s' * (unnamed > 1)}." in " ".join(text.split())


def test_the_picture_of_a_single_reservation_counts_no_more():
    run = make_claim_run(target=0.0001)
    run.claims = decide_claims(run)
    claim = run.claim()
    assert claim is not None and len(claim.reservations) == 1
    assert " more " not in build_share_card(run, TOTAL, write_headline(run), [], "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_is_one_svg_with_nothing_outside_of_it(theme):
    run = make_decided_run((0.0, 0.0))
    headline = replace(write_headline(run), sentence="A & B <are> fast")
    svg = build_share_card(run, TOTAL, headline, ["machine"], theme)
    root = ElementTree.fromstring(svg)
    assert "A & B <are> fast" in "".join(root.itertext())
    hostile = replace(headline, sentence="a\x1bb", reason="\x00<")
    ElementTree.fromstring(build_share_card(run, TOTAL, hostile, ["\x00"], theme))
    assert "href" not in svg and "url(" not in svg
    marks = [element for element in root if element.tag.endswith(("circle", "path"))]
    assert len(marks) == len([sample for sample in run.samples if sample.phase.value == "race"])


@pytest.mark.parametrize(
    ("state", "settings", "ratio"),
    [
        ("Claim with reservations", {"target": 0.0001}, "ratio, 95 % interval"),
        ("No claim", {"busy": (1.5, 0.0)}, "ratio of the medians, no claim"),
    ],
)
def test_the_picture_has_the_state_of_the_claim_and_the_weightiest_reason(state, settings, ratio):
    run = make_claim_run(**settings)
    run.claims = decide_claims(run)
    headline = write_headline(run)
    assert headline.state == state.lower() and headline.reason
    root = ElementTree.fromstring(build_share_card(run, TOTAL, headline, [], "light"))
    texts = [element.text or "" for element in root if element.tag.endswith("text")]
    assert texts[0] == state, "the state of the claim comes first"
    assert headline.reason in " ".join(texts)
    assert ratio in texts


def test_a_link_has_the_address_in_the_network_only_for_operators_if_others_can_connect(monkeypatch):
    monkeypatch.setattr(share, "find_network_address", lambda: "192.0.2.7")
    context = type("Context", (), {"url": "http://localhost:8501/bert"})
    monkeypatch.setattr(share.st, "context", context)
    run = make_decided_run((0.0, 0.0))
    for address, is_operator, host in (
        ("localhost", True, "localhost"),
        ("0.0.0.0", True, "192.0.2.7"),
        ("0.0.0.0", False, "localhost"),
    ):
        monkeypatch.setattr(config, "get_option", lambda name, address=address: address)
        monkeypatch.setattr(share, "shows_everything", lambda is_operator=is_operator: is_operator)
        link = share.build_link(run.id, {"step": "fit"})
        assert link == f"http://{host}:8501/bert?step=fit&run={run.id[:8]}"


def test_a_tab_is_named_after_the_state_or_the_result():
    made, refused = make_decided_run((0.0, 0.0)), make_decided_run((1.5, 0.0))
    assert describe_tab("BERT", None) == "BERT"
    assert describe_tab("BERT", made) == f"{write_headline(made).ratio_text} faster, BERT"
    assert describe_tab("BERT", refused) == "No claim, BERT"


def test_a_short_id_opens_a_run_and_an_ambiguous_one_is_named():
    run = make_decided_run((0.0, 0.0))
    one, two = (run.model_copy(update={"id": f"abcd{digit}" + "0" * 27}) for digit in "12")
    store = Store()
    store.save(one)
    store.save(two)
    assert records.find_job_id("abcd1") == one.id
    assert records.find_job_id("abc") == "abc"
    assert records.find_job_id("ffff") == "ffff"
    with pytest.raises(records.AmbiguousIdError, match="2 runs begin with abcd: abcd1000, abcd2000"):
        records.find_job_id("abcd")
    page = open_page("colour-quantization", run="abcd")
    assert "2 runs begin with abcd" in read_page(page)
    assert open_page("colour-quantization", run="abcd1").query_params["run"] == one.id
