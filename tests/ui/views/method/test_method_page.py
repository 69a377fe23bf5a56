"""The page Method: its sections on a recorded run, the tricks with their mark, and what it offers without a run."""

from datetime import timedelta

from bench.claims.tricks.catalogue import TRICKS
from bench.claims.verdict import decide_claims
from bench.run.events import State
from bench.run.outcome import TRICK_MARK
from bench.storage.store import Store
from tests.support.hostile import HOST, make_hostile_run
from tests.support.pages import list_downloads, open_page, read_page
from tests.support.runs import make_claim_run
from tests.support.stored_runs import store_run

IDEAS = ("Pairs and order", "Warm-up", "Interval", "Launches", "Effective cores", "Quality", "Evidence")


def store_example(name: str = "a" * 32, **fields):
    run = make_claim_run(**fields)
    run.claims = decide_claims(run)
    return store_run(run, name)


def read_all(app) -> str:
    metrics = [f"{metric.label} {metric.value}" for metric in app.metric]
    return "\n".join([read_page(app), *metrics])


def test_without_a_run_the_page_offers_the_race_that_makes_one():
    app = open_page("method")
    assert "there is none yet" in read_page(app)
    assert "home-start-race" in [button.key for button in app.button]
    assert not app.tabs


def test_every_idea_has_a_chart_or_the_evidence_of_the_run():
    store_example()
    app = open_page("method")
    page = read_page(app)
    assert all(f"## {idea}" in page for idea in IDEAS)
    assert len(app.get("plotly_chart")) == len(IDEAS) - 1
    assert "20 pairs" in page and "The order within pairs has no effect" in page
    assert TRICK_MARK not in page


def test_the_launches_are_the_newest_finished_runs_of_the_plan():
    def read_launches() -> str:
        app = open_page("method", run="aaaa")
        assert "8 runs of this plan" in read_page(app)
        charts = [chart.proto.spec for chart in app.get("plotly_chart")]
        return next(chart for chart in charts if oldest in chart)

    run = store_example()
    oldest = f"{run.started - timedelta(hours=6):%m-%d %H:%M}"
    for number in range(7):
        store_run(run, f"{number}" * 32, started=run.started - timedelta(hours=number + 1))
    store_run(run, "c" * 32, state=State.STOPPED, started=run.started + timedelta(hours=1))
    before = read_launches()
    newer = run.started + timedelta(hours=2)
    store_run(run, "d" * 32, started=newer)
    assert f"{newer:%m-%d %H:%M}" not in before and f"{newer:%m-%d %H:%M}" in read_launches()


def test_a_link_opens_a_way_and_the_switch_shows_the_trick_with_its_mark():
    store_example()
    app = open_page("method", way="projection")
    page = read_all(app)
    assert "5\\. Quote a projection to a full system" in page
    assert TRICK_MARK not in page and len(app.get("plotly_chart")) == 1
    app.toggle[0].set_value(True).run()
    page = read_all(app)
    assert f"**{TRICK_MARK}**" in page and "The times are shorter than the work takes" in page
    assert "No claim" in page
    assert len(app.get("plotly_chart")) == 2
    assert not list_downloads(app)


def test_the_switch_stays_on_from_way_to_way_and_every_way_says_what_notices_it():
    store_example()
    app = open_page("method", way=TRICKS[0].name)
    app.toggle[0].set_value(True).run()
    for trick in TRICKS:
        app.radio[0].set_value(trick.name).run()
        assert not app.exception
        page = read_all(app)
        assert trick.title in page and trick.idea[:40] in page
        assert any(text in page for text in ("The rules notice", *(box.value for box in [*app.warning, *app.info])))
    assert app.query_params["way"] == TRICKS[-1].name
    assert Store().count() == 1, "no trick is stored"


def test_texts_of_a_record_are_no_markdown():
    store_run(make_hostile_run(store_example(), "b" * 32))
    Store().delete("a" * 32)
    link = f"[Your session expired: sign in](https://{HOST}"
    app = open_page("method")
    assert HOST in read_all(app) and link not in read_all(app)
    app = open_page("method", way="kernel-as-application")
    app.toggle[0].set_value(True).run()
    assert not app.exception
    assert HOST in read_all(app) and link not in read_all(app)


def test_the_table_has_all_ways():
    store_example()
    app = open_page("method", way="projection")
    app.session_state["method-overview"] = True
    app.run()
    table = app.table[0].value
    assert len(table) == len(TRICKS)
    assert TRICK_MARK in table.columns


def test_the_example_is_the_newest_run_with_a_claim_and_a_link_names_another():
    store_example("a" * 32)
    store_example("b" * 32, fit=(1.0, 1.0), parameters={"image": "flower"})
    assert open_page("method").selectbox[0].value == "a" * 32
