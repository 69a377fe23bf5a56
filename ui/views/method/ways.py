"""The twelve ways to fool the masses, and others: each is tried on a copy of the example run, and the rules look."""

from __future__ import annotations

import streamlit as st

from bench.claims.headline import write_headline
from bench.claims.tricks.catalogue import TRICKS
from bench.claims.tricks.judging import JudgedTrick, judge_trick
from bench.claims.tricks.trick import NotApplicableError, Presentation, Trick
from bench.run.outcome import TRICK_MARK
from bench.run.record import Run
from bench.values.claims import Finding
from ui.access.redaction import describe_error, shows_everything
from ui.charts.presentation import build_presentation_figure
from ui.design.badges import OUTCOME_BADGES, claim_state_badge
from ui.design.browser import detect_theme
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme
from ui.views.method.example import decide_claim
from ui.views.method.overview import draw_overview

WAY_PARAMETER, APPLY_PARAMETER = "way", "apply"
APPLY_WORDS = {"true": True, "false": False}
WAY_KEY, TRICK_KEY = "method-way", "method-trick"
WRITTEN_KEY = "method-way-written"
"""Session key of the way, and of whether it is applied, that this page wrote into its address."""
NAMES = [trick.name for trick in TRICKS]
BY_NAME = {trick.name: trick for trick in TRICKS}
KEPT_RUNS = 2
"""Runs whose tricks are kept in memory: each trick has samples of its own."""
REFERENCE = (
    "D. H. Bailey, Twelve Ways to Fool the Masses When Giving Performance Results on Parallel Computers, "
    "Supercomputing Review, August 1991, pp. 54-55. The titles and explanations are ours."
)


def draw_ways(run: Run) -> None:
    wanted = read_linked_way()
    if wanted or WAY_KEY not in st.session_state:
        # Streamlit drops the choice while another page or tab is shown. The address keeps it.
        st.session_state[WAY_KEY] = wanted or read_named_way() or NAMES[0]
        st.session_state[TRICK_KEY] = APPLY_WORDS.get(st.query_params.get(APPLY_PARAMETER, ""), False)
    choice, detail = st.columns([2, 5], gap="medium")
    with choice.container(key="method-ways"):
        name = st.radio(
            "The twelve ways, and four more",
            NAMES,
            format_func=lambda name: _label(BY_NAME[name]),
            key=WAY_KEY,
            width="stretch",
        )
    with detail:
        is_applied = _draw_way(BY_NAME[name], run)
    _write_url(name, is_applied)
    draw_overview(run, judge)
    st.caption(REFERENCE)


def read_linked_way() -> str:
    """The way that a link names; empty if there is none, or if the page itself wrote it into its address."""
    wanted = read_named_way()
    linked = (wanted, st.query_params.get(APPLY_PARAMETER, ""))
    return wanted if linked != st.session_state.get(WRITTEN_KEY) else ""


def read_named_way() -> str:
    """The way in the address; empty if there is none."""
    wanted = st.query_params.get(WAY_PARAMETER, "")
    return wanted if wanted in BY_NAME else ""


def _write_url(name: str, is_applied: bool) -> None:
    words = {value: word for word, value in APPLY_WORDS.items()}
    st.session_state[WRITTEN_KEY] = (name, words[is_applied])
    st.query_params[WAY_PARAMETER], st.query_params[APPLY_PARAMETER] = name, words[is_applied]


def _label(trick: Trick) -> str:
    return f"{trick.number}\\. {trick.title}" if trick.number else trick.title


@st.cache_resource(max_entries=KEPT_RUNS * len(TRICKS), show_spinner=False)
def _judge(run_id: str, everything: bool, name: str, _run: Run) -> JudgedTrick | str:
    try:
        return judge_trick(BY_NAME[name], _run, decide_claim(_run))
    except NotApplicableError as error:
        return describe_error(error)


def judge(trick: Trick, run: Run) -> JudgedTrick | str:
    """The trick on `run` with what the rules found, or as Markdown why it cannot be applied to it. Kept in memory
    only."""
    return _judge(run.id, shows_everything(), trick.name, run)


def _draw_way(trick: Trick, run: Run) -> bool:
    """Returns whether the trick is applied."""
    theme = detect_theme()
    draw_heading(_label(trick), "" if trick.number else "Not in Bailey's list, and as common.")
    st.markdown(trick.idea)
    is_applied = st.toggle("Apply the trick to a copy of the run", key=TRICK_KEY)
    judged = judge(trick, run)
    if isinstance(judged, str):
        st.info(judged, title="Not possible with this run", icon=":material/info:")
        return is_applied
    honest_column, trick_column = st.columns(2, gap="small")
    with honest_column.container(border=True, height="stretch", key="method-honest-card"):
        st.markdown(f"**Honest** {claim_state_badge(judged.honest_claim.state)}")
        _draw_presentation(judged.tricked.honest, theme, "honest", is_trick=False)
    with trick_column.container(border=True, height="stretch", key="method-trick-card"):
        if not is_applied:
            st.markdown("**With the trick**")
            st.markdown(":gray[Switch it on to see what a reader would be shown, and which rule notices.]")
            return is_applied
        st.markdown(f"**{TRICK_MARK}**")
        _draw_presentation(judged.tricked.quoted, theme, f"trick-{trick.name}", is_trick=True)
    st.markdown(f"**What was changed:** {escape_markdown(judged.tricked.change)}")
    with st.container(key="method-catches"):
        _draw_catches(judged)
    return is_applied


def _draw_presentation(presentation: Presentation, theme: Theme, key: str, *, is_trick: bool) -> None:
    st.metric(escape_markdown(presentation.meaning), presentation.headline)
    alt = f"{presentation.axis}: " + ", ".join(f"{bar.label} {bar.text}" for bar in presentation.bars)
    if is_trick:
        alt = f"{TRICK_MARK}. {alt}"
    draw_figure(build_presentation_figure(presentation, theme, is_trick=is_trick), key=f"method-{key}", alt=alt)


def _draw_catches(judged: JudgedTrick) -> None:
    """What the rules found, or that none found anything."""
    trick = judged.trick
    if judged.catches:
        st.markdown("**The rules notice:**")
        for finding in judged.catches:
            st.markdown(_finding_markdown(finding))
        sentence = write_headline(judged.tricked.run, judged.tricked.step).sentence
        st.markdown(f":small[What Fairlap says about it: {escape_markdown(sentence)}]")
    else:
        st.warning(_explain_missing_catch(judged), title="No rule notices", icon=":material/visibility_off:")
    if trick.prevention:
        st.markdown(f":material/shield: {trick.prevention}")


def _explain_missing_catch(judged: JudgedTrick) -> str:
    if judged.repeated:
        titles = ", ".join(escape_markdown(finding.title) for finding in judged.repeated)
        return (
            f"The rules against this trick have the same finding about the recorded run ({titles}), so they show "
            "nothing about the trick here. Choose a run that passes them."
        )
    return (
        judged.trick.unseen or "In this run, nothing that the rules look at changed. Choose a run that recorded more."
    )


def _finding_markdown(finding: Finding) -> str:
    badge = OUTCOME_BADGES[finding.outcome].markdown(finding.effect)
    title, seen, source = map(escape_markdown, (finding.title, finding.seen, finding.source))
    return f"{badge} **{title}**: {seen} :gray[:small[{source}]]"
