"""The page of the rules: Bailey's twelve ways to fool the masses, the rules against them, and the statistics."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bench.claims.rule import Rule
from bench.claims.rules import RULES
from bench.claims.tricks.catalogue import TWELVE_WAYS
from bench.formatting import format_percent
from bench.stats.error_rates import load_error_rates
from bench.stats.explanations import EXPLANATIONS
from bench.values.claims import NoteKind, Outcome
from ui import services
from ui.design.badges import OUTCOME_BADGES


def draw_rules_page() -> None:
    st.title("Rules")
    st.markdown(
        "In 1991 David H. Bailey listed *twelve ways to fool the masses when giving performance results*. They still "
        "work. Fairlap checks every run against the rules below and shows what each rule found. If a rule **refuses**, "
        "Fairlap makes no claim. A **reservation** says how well the ratio was measured or how fair it is, a "
        "**condition** what it is about. Both are shown with the claim."
    )
    ways, rules, statistics = st.tabs(["The twelve ways", "The rules", "The statistics"])
    with ways:
        _draw_ways()
    with rules:
        for heading, rules in group_rules().items():
            _draw_rules(heading, rules)
    with statistics:
        for title, text in EXPLANATIONS:
            st.markdown(f"**{title}**  \n{text}")
        _draw_error_rates()
    st.caption(
        "D. H. Bailey, Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers, "
        "Supercomputing Review, August 1991. T. Hoefler and R. Belli, Scientific Benchmarking of Parallel Computing "
        "Systems, SC15. MLPerf Inference rules, MLCommons."
    )


def group_rules() -> dict[str, list[Rule]]:
    """All rules by the strongest effect that they can have, under headings."""
    notes = [rule for rule in RULES if not rule.refuses]
    return {
        "Rules that refuse a claim": [rule for rule in RULES if rule.refuses],
        "Rules that add a reservation": [rule for rule in notes if NoteKind.RESERVATION in rule.note_titles],
        "Rules that add a condition": [rule for rule in notes if list(rule.note_titles) == [NoteKind.CONDITION]],
    }


def list_effects(rule: Rule) -> list[str]:
    """What the rule finds if it does not pass, with the effect on the claim, as Markdown. One badge for each title."""
    refusals = [f"{Outcome.REFUSED}: {rule.refused}"] if rule.refuses else []
    notes = [f"{kind}: {title}" for kind, title in rule.note_titles.items()]
    return [
        *map(OUTCOME_BADGES[Outcome.REFUSED].markdown, refusals),
        *map(OUTCOME_BADGES[Outcome.ANNOTATED].markdown, notes),
    ]


def _draw_ways() -> None:
    rules = {rule.name: rule for rule in RULES}
    with st.grid(2):
        for way in TWELVE_WAYS:
            with st.container(border=True, height="stretch"):
                st.markdown(f"{way.number}\\. {way.title}")
                against = [f"**{rules[name].passed}**: {rules[name].why}" for name in way.rules]
                st.caption("  \n".join([*against, *filter(None, [way.prevention])]))
                st.page_link(
                    services.page_script("method"),
                    label="Try it on a run",
                    icon=":material/science:",
                    query_params={"way": way.name},
                )


def _draw_rules(heading: str, rules: list[Rule]) -> None:
    st.header(heading)
    with st.grid(2):
        for rule in rules:
            with st.container(border=True, height="stretch"):
                st.markdown(f"**{rule.passed}**  \n{rule.why}")
                if effects := list_effects(rule):
                    st.markdown("  \n".join(effects))
                st.caption(f"{rule.limits}  \n{rule.source}" if rule.limits else rule.source)


def _draw_error_rates() -> None:
    """How often simulated races claim a difference, by kind of disturbance and number of pairs."""
    table = load_error_rates()
    runs = max(entry.runs for entry in table)
    st.header("How often a claim is wrong, and how often a difference is found")
    st.markdown(
        f"Up to {runs:,} simulated races of each kind, by `python -m bench check statistics`. In the first table the "
        "arms are equally fast, so every claim is false. In the second they differ, so a claim is right. A disturbance "
        "of one arm that lasts as long as the race cannot be told from a difference of the arms: repeat the race at "
        "another time."
    )
    for heading, entries in (
        ("False claims, equal arms", [entry for entry in table if entry.ratio == 1]),
        ("Differences found", [entry for entry in table if entry.ratio != 1]),
    ):
        columns = sorted({entry.pairs for entry in entries}, key=lambda pairs: (pairs is None, pairs))
        frame = pd.DataFrame({heading: list(dict.fromkeys(entry.label for entry in entries))})
        for pairs in columns:
            shares = {entry.label: format_percent(entry.share) for entry in entries if entry.pairs == pairs}
            frame["until narrow" if pairs is None else f"{pairs} pairs"] = [
                shares.get(label, "") for label in frame[heading]
            ]
        st.table(frame, border="horizontal", hide_index=True, hide_header=False, width="content", alt=heading)
