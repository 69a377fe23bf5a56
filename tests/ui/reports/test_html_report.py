"""The report as one HTML file: complete, offline and escaped."""

import json
import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from bench.claims.evidence import describe_engagement
from bench.claims.verdict import decide_claims
from bench.run.run_comparison import DIFFERENT_MACHINES
from bench.stats.comparison import compare_samples
from bench.storage.attempts import UNKNOWN_ATTEMPTS
from bench.storage.store import Store
from bench.values.arms import Failure
from bench.values.samples import Phase, Sample
from tests.support.runs import make_claim_run, make_colour_run
from ui.reports.content import ReportedRun, ReportFields, clean_line
from ui.reports.html_report import write_html

HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


class Reader(HTMLParser):
    """The elements of a page, the texts that are shown, and the contents of its scripts by id."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.texts: list[str] = []
        self.scripts: dict[str, str] = {}
        self._inside: str | None = None
        self._id = ""

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside, self._id = tag, dict(attrs).get("id", "")

    def handle_endtag(self, tag):
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data):
        if self._inside is None:
            self.texts.append(data)
        elif self._inside == "script":
            self.scripts[self._id] = self.scripts.get(self._id, "") + data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    return reader


def read_words(reader: Reader) -> str:
    return " ".join(" ".join(reader.texts).split())


@pytest.fixture(scope="module")
def claimed():
    run = make_claim_run(used=1.0, busy=(0.6, 0.6))
    run.claims = decide_claims(run)
    assert run.claim().reservations and run.claim().conditions
    return run


def test_a_report_has_everything_that_a_page_shows(claimed):
    reader = read(write_html(ReportFields("Demo", "Example Ltd", "Jo"), [ReportedRun(claimed, None)]))
    words = read_words(reader)
    claim = claimed.claim()
    for finding in [*claim.refusals, *claim.reservations, *claim.conditions]:
        assert finding.seen in words and finding.remedy in words
    for text in (
        claim.sentence,
        claimed.machine.short,
        claimed.snapshot.command,
        UNKNOWN_ATTEMPTS,
        "Example Ltd",
        "Jo",
    ):
        assert " ".join(text.split()) in words
    assert claimed.machine.versions["numpy"] in words
    assert [dict(attributes)["id"] for tag, attributes in reader.tags if attributes.get("class") == "chart"]


def test_a_report_says_of_the_fast_path_what_the_page_says(claimed):
    words = read_words(read(write_html(ReportFields(), [ReportedRun(claimed, None)])))
    assert claimed.evidence and describe_engagement(claimed)[1:] in words


def test_the_statistics_follow_from_the_samples_in_the_file(finished):
    Store().save(finished)
    attempts = Store().summarize_attempts(finished)
    reader = read(write_html(ReportFields(), [ReportedRun(finished, attempts)]))
    record = json.loads(reader.scripts[f"record-{finished.id}"])
    samples = [Sample.model_validate(sample) for sample in record["samples"]]
    work = record["prepared"][0]["work"]
    again = compare_samples([sample for sample in samples if sample.phase is Phase.RACE], work=work)
    assert [one.ratio.model_dump() for one in again] == [one["ratio"] for one in record["statistics"]]
    assert again[0].baseline.median == record["statistics"][0]["baseline"]["median"]
    assert record["attempts"]["count"] == 1


def test_nothing_is_loaded_from_elsewhere(claimed):
    page = write_html(ReportFields(), [ReportedRun(claimed, None)])
    reader = read(page)
    for tag, attributes in reader.tags:
        for name in ("src", "href", "action", "srcset"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:")), (tag, address)
    assert "default-src 'none'" in next(
        a["content"] for t, a in reader.tags if t == "meta" and "content" in a and "src" in a["content"]
    )
    assert page.count("* plotly.js v") == 1


@pytest.mark.parametrize("field", ["title", "customer", "author"])
def test_fields_are_shown_as_they_are_written(claimed, field):
    reader = read(write_html(ReportFields(**{field: HOSTILE}), [ReportedRun(claimed, None)]))
    assert HOSTILE in read_words(reader)
    assert not [tag for tag, attributes in reader.tags if tag == "img" or "onerror" in attributes]


def test_texts_of_a_record_are_escaped_too(claimed):
    arms = {arm: HOSTILE for arm in claimed.snapshot.arms}
    snapshot = claimed.snapshot.model_copy(update={"workload_title": HOSTILE, "arms": arms, "command": HOSTILE})
    failure = Failure(what=HOSTILE, remedy=HOSTILE, log=[HOSTILE])
    run = claimed.model_copy(update={"snapshot": snapshot, "failure": failure})
    page = write_html(ReportFields(), [ReportedRun(run, None)])
    reader = read(page)
    assert not [attributes for tag, attributes in reader.tags if "onerror" in attributes]
    # Neither in the charts nor in the record does a text end the script that holds it.
    assert json.loads(reader.scripts["figures"]) and json.loads(reader.scripts[f"record-{run.id}"])
    assert page.count("<script") == page.count("</script>") == len([tag for tag, _ in reader.tags if tag == "script"])
    figures = json.dumps(json.loads(reader.scripts["figures"]))
    assert "<img" not in figures and "&lt;img" in figures


def test_charts_have_both_themes_and_only_numbers(claimed):
    far = make_colour_run(12, far=3)
    reader = read(write_html(ReportFields(), [ReportedRun(claimed, None), ReportedRun(far, None)]))
    figures = json.loads(reader.scripts["figures"])
    places = {a["id"] for t, a in reader.tags if a.get("class") == "chart"}
    assert places == figures.keys() and len(places) > 8
    for charts in figures.values():
        assert charts.keys() == {"light", "dark"}
        assert charts["light"]["layout"]["template"] != charts["dark"]["layout"]["template"]
    assert not re.search(r"\bNaN\b|\bInfinity\b", reader.scripts["figures"])


def test_a_run_without_pairs_has_no_charts_of_results():
    words = read_words(read(write_html(ReportFields(), [ReportedRun(make_colour_run(0), None)])))
    assert "No claim yet" in words and "Where the time went" in words
    assert "All samples" not in words and "Ratio per step" not in words


def test_runs_of_one_plan_are_compared_and_others_are_not_with_the_reason(finished, claimed):
    later = finished.model_copy(update={"id": "b" * 32, "started": finished.started + timedelta(hours=1)})
    words = read_words(read(write_html(ReportFields(), [ReportedRun(finished, None), ReportedRun(later, None)])))
    assert "Same settings, same machine" in words and "not distinguishable" in words
    identity = later.machine.identity.model_copy(update={"machine_id": "e" * 16})
    later.machine = later.machine.model_copy(update={"identity": identity})
    for allowed, text in ((False, "Not compared"), (True, DIFFERENT_MACHINES)):
        fields, runs = ReportFields(different_machines=allowed), [ReportedRun(finished, None), ReportedRun(later, None)]
        assert text in read_words(read(write_html(fields, runs)))
    words = read_words(read(write_html(ReportFields(), [ReportedRun(finished, None), ReportedRun(claimed, None)])))
    assert "Not compared" in words and "workload: " in words


def test_an_edited_run_is_marked(claimed):
    run = claimed.model_copy(update={"edited": True})
    assert "Edited after it was stored" in read_words(read(write_html(ReportFields(), [ReportedRun(run, None)])))


def test_a_field_is_one_line_without_invisible_characters():
    assert clean_line(" a\n\tb\u202e\x00 c ") == "a b c"
    assert len(clean_line("x" * 1000)) == 200
