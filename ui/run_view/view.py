"""Everything of a run, drawn from the run alone: while it is on, when it is over, and when it is opened again."""

from __future__ import annotations

import base64
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from bench.claims.verdict import bounds, called, duration, engagement, figure, ratio_figure
from bench.run.events import State
from bench.run.record import Run
from bench.values import Comparison, Evidence, Measure, Phase, Picture, Side
from bench.workload.declaration import WHOLE
from ui.charts import race
from ui.components import claim_card
from ui.design import theme as design_theme
from ui.design.theme import Theme

SLOW_S = 1.0
"""How often, at most, the charts below the race are drawn anew while it is on."""
FIGURES = 96
"""Figures that are kept, for the sessions that watch the same run and for redraws that bring nothing new."""
ABREAST = 6
"""Steps that stand side by side; more are chosen from a list."""
ORDINARY = {State.PREPARING, State.WARMING_UP, State.RACING, State.CORES}
STATES = {
    State.PREPARING: ("hourglass_top", "blue"),
    State.WARMING_UP: ("local_fire_department", "blue"),
    State.RACING: ("sports_score", "blue"),
    State.CORES: ("memory", "blue"),
    State.FINISHED: ("flag", "green"),
    State.STOPPED: ("stop_circle", "orange"),
    State.FAILED: ("error", "red"),
    State.INTERRUPTED: ("power_off", "red"),
}


def theme() -> Theme:
    """The browser's theme, as far as it is known."""
    return "dark" if st.context.theme.type == "dark" else "light"


def draw(run: Run, *, key: str, live: bool) -> None:
    """Draw all of `run`. `key` tells apart the places of one page; `live` leaves out what only the end knows."""
    colours = theme()
    with st.container(gap="xsmall"):
        step = _head(run, key, live)
        _metrics(run, step, colours, live)
        _proof_line(run, step, key, colours)
        if run.failure:
            _failure(run)
        _race(run, step, key, colours, live)
    if live:
        if run.statistics:
            _steps_chart(run, key, colours, live)
        return
    if run.statistics:
        _three_charts(run, step, key, colours)
        _steps(run, key, colours)
    _pictures(run, colours)
    _tables(run)
    if found := run.claim(step):
        _title("Claim")
        claim_card.draw(found)
    _machine(run, key, colours)
    _take_away(run, key)


# --- the first lines ---


def _head(run: Run, key: str, live: bool) -> str:
    """Where the run stands, and the choice of the whole or a step; that choice comes back."""
    labels = run.plan.labels()
    if st.session_state.get(f"{key}-step") not in labels:
        # Chosen of another run, whose plan timed other steps.
        st.session_state[f"{key}-step"] = WHOLE
    settings = {"key": f"{key}-step", "format_func": labels.__getitem__, "label_visibility": "collapsed"}
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        icon, colour = STATES[run.state]
        st.markdown(f":{colour}-badge[:material/{icon}: {run.state}] {_standing(run, live)}", width="content")
        if len(labels) > ABREAST:
            return st.selectbox("What is shown", list(labels), width=240, **settings)
        return st.segmented_control("What is shown", list(labels), required=True, width="content", **settings)


def _standing(run: Run, live: bool) -> str:
    """How far the run is: times, pairs, and how near the interval is to the one asked for."""
    whole = run.comparison()
    parts = []
    if live:
        parts.append(f"{run.last_at:.0f} s")
    elif run.ended_at is not None:
        parts.append(f"in {run.ended_at:.0f} s")
    if whole:
        parts.append(f"{whole.baseline.count} pairs")
        widest = max(comparison.ratio.half_width for comparison in run.statistics)
        parts.append(
            f"interval ± {widest:.1%} of ± {run.plan.target:.1%} asked" if live else f"± {whole.ratio.half_width:.1%}"
        )
    elif warm := sum(sample.phase in (Phase.EARLY, Phase.WARM_UP) for sample in run.samples):
        parts.append(f"{warm} sample{'s' * (warm != 1)} of warm-up")
    if run.why and run.state not in ORDINARY:
        parts.append(claim_card.plain(run.why))
    return ":gray[" + ", ".join(parts) + "]" if parts else ""


def _metrics(run: Run, step: str, colours: Theme, live: bool) -> None:
    """Absolute times first, then their ratio, then what was paid for it in quality."""
    comparison = run.comparison(step)
    columns = st.columns([1, 1, 1, 1], gap="small")
    for column, side in zip(columns, Side, strict=False):
        with column:
            _arm_metric(run, side, comparison, colours, live)
    with columns[2]:
        _ratio_metric(run, comparison)
    with columns[3]:
        _quality_metric(run, colours)


def _arm_metric(run: Run, side: Side, comparison: Comparison | None, colours: Theme, live: bool) -> None:
    name = run.plan.declaration.lever[getattr(run.plan, side)].label
    label = design_theme.named(side, name, colours)
    if comparison is None:
        waiting = live and run.arm(side) is None
        text = run.progress.get(side) or ("starting" if run.arm(side) is None else _warm_up_words(run, side))
        st.metric(
            label,
            "–",
            claim_card.plain(text),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
            icon="spinner" if waiting else None,
        )
        return
    summary = getattr(comparison, side)
    st.metric(
        label,
        duration(summary.median),
        race.rate(summary.throughput, run.plan.declaration.unit),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=f"Median of {summary.count} samples; half of them lie between {duration(summary.lower_quartile)} and "
        f"{duration(summary.upper_quartile)}. Throughput follows from the median.",
    )


def _warm_up_words(run: Run, side: Side) -> str:
    warm = run.of_side(side, Phase.WARM_UP) or run.of_side(side, Phase.EARLY)
    return f"warm-up, last {duration(warm[-1].whole_s)}" if warm else "ready"


def _ratio_metric(run: Run, comparison: Comparison | None) -> None:
    if comparison is None:
        word = "no pair" if run.state.over else "no pair yet"
        st.metric("Ratio", "–", word, delta_color="off", delta_arrow="off", border=True, height="stretch")
        return
    ratio = comparison.ratio
    found = run.claim(comparison.step)
    words = bounds(ratio)
    colour = design_theme.SPEED[found.verdict.speed].colour if found else "gray"
    st.metric(
        "Ratio",
        ratio_figure(ratio.value),
        words,
        delta_color=colour,
        delta_arrow="off",
        delta_description=_short_speed(found.verdict.speed.value) if found else "95 % interval",
        border=True,
        height="stretch",
        help="Median time of the baseline over median time of the accelerated arm, with its 95 % bootstrap interval. "
        "Above 1 the accelerated arm is faster.",
    )


def _short_speed(words: str) -> str:
    return "no difference" if words.startswith("no difference") else words


def _quality_metric(run: Run, colours: Theme) -> None:
    pairs = race.decisive(run)
    settings = {"delta_color": "off", "delta_arrow": "off", "border": True, "height": "stretch"}
    compared = race.compared(run)
    if not pairs and compared:
        equal = sum(measure.value == 100 for measure in compared)
        st.metric(
            "Equal results",
            f"{equal} of {len(compared)}",
            "both arms" if equal == len(compared) else "see the table of results",
            **settings,
            help="Steps whose results are the same in both arms, within the tolerance that stands below.",
        )
        return
    if not pairs:
        exact = not run.plan.declaration.lever.changes_arithmetic
        st.metric(
            "Quality",
            "same" if exact and run.statistics else "–",
            _quality_words(run, exact),
            **settings,
        )
        return
    baseline, accelerated = pairs[0]
    unit = f" {baseline.unit}" if baseline.unit else ""
    one, other = (_short(measure) for measure in (baseline, accelerated))
    found = run.claim()
    word = f"{found.verdict.accuracy} the limit" if found and found.verdict.accuracy != "not measured" else "both arms"
    more = "".join(f"\n\n{a.label}: {figure(a)} and {figure(b)}" for a, b in pairs[1:])
    st.metric(
        f"{claim_card.plain(baseline.label)}{unit and f' [{unit.strip()}]'}",
        f"{one} | {other}",
        word,
        **settings,
        help=f"{design_theme.glyph(Side.BASELINE, colours)} baseline | {design_theme.glyph(Side.ACCELERATED, colours)} accelerated; "
        f"the limit is {run.plan.accuracy_limit:.1%} of the baseline's.{more}",
    )


def _short(measure: Measure) -> str:
    """Four digits, without the zeros behind them: two of them stand in a metric."""
    return f"{measure.value:.4g}" if abs(measure.value) < 1000 else f"{measure.value:,.0f}"


def _quality_words(run: Run, exact: bool) -> str:
    if exact:
        return "by construction"
    return "not measured" if run.state.over else "not measured yet"


def _proof_line(run: Run, step: str, key: str, colours: Theme) -> None:
    """Whether the fast path ran, in the library's own words; the cores that were asked for and used; the verdict."""
    found = run.claim(step)
    comparison = run.comparison(step)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _proof(run, step, key, colours)
        asked = f"{run.plan.cores} core{'s' * (run.plan.cores > 1)} asked"
        used = ""
        if comparison:
            glyphs = {side: design_theme.glyph(side, colours) for side in Side}
            used = ", used " + " | ".join(f"{glyphs[s]} {getattr(comparison, s).effective_cores:.2f}" for s in Side)
        st.markdown(f":small[:material/memory: {asked}{used}, batch {run.plan.batch}]", width="content")
        if found:
            verdict = found.verdict
            badges = design_theme.SPEED[verdict.speed].markdown(verdict.speed.value)
            made = (
                ":green-badge[:material/verified: claim made]"
                if found.made
                else ":red-badge[:material/gpp_bad: claim refused]"
            )
            st.markdown(f"{badges} {made}", width="content")


def testified(run: Run, step: str) -> list[Evidence]:
    """What the accelerated arm says of a step, or of all those that are part of the whole."""
    steps = [one.name for one in run.plan.steps if not one.apart] if step == WHOLE else [step]
    return [evidence for evidence in run.evidence.get(Side.ACCELERATED, []) if evidence.step in steps]


def _proof(run: Run, step: str, key: str, colours: Theme) -> None:
    told = testified(run, step)
    if not told:
        word = "no evidence" if run.state.over else "no evidence yet"
        st.markdown(f":gray-badge[:material/pending: {word}]", width="content")
        return
    engaged = engagement(run, step)
    badge = design_theme.ENGAGEMENT[engaged]
    taken = sum(evidence.path == "accelerated" for evidence in told)
    of_all = f"{taken} of {len(told)} step{'s' * (len(told) != 1)}"
    label = f":{badge.colour}[{engaged.value}], {of_all} accelerated"
    with st.popover(
        label, icon=f":material/{badge.icon}:", type="tertiary", key=f"{key}-proof", help="In the library's own words"
    ):
        _evidence(run, colours, step)


def _evidence(run: Run, colours: Theme, step: str = WHOLE) -> None:
    labels = run.plan.declaration.labels()
    lever = run.plan.declaration.lever
    for side in reversed(Side):
        st.markdown(f"**{design_theme.named(side, lever[getattr(run.plan, side)].label, colours)}**")
        for told in run.evidence.get(side, []):
            if step not in (WHOLE, told.step):
                continue
            path = {"accelerated": ":green[accelerated]", "stock": "stock"}.get(told.path, ":orange[unknown]")
            reason = f", {claim_card.plain(told.reason)}" if told.reason else ""
            st.markdown(f"{labels.get(told.step, told.step)}: {path}{reason}")
            if told.words:
                st.code("\n".join(told.words), language=None, wrap_lines=True)


def _failure(run: Run) -> None:
    failure = run.failure
    assert failure
    name = f"{run.plan.declaration.lever[getattr(run.plan, failure.side)].label}: " if failure.side else ""
    st.error(
        f"{claim_card.plain(failure.remedy)}", title=claim_card.plain(f"{name}{failure.what}"), icon=":material/error:"
    )
    if failure.log:
        with st.expander("The last lines of its output", icon=":material/terminal:", expanded=True):
            st.code("\n".join(failure.log), language=None, wrap_lines=True)


# --- charts ---


def _title(text: str, note: str = "") -> None:
    """A heading of the page's inner parts, with a remark beside it."""
    st.markdown(f"**{text}**" + (f"&ensp;:small[{note}]" if note else ""))


class _Figures:
    """Figures by what they show. Drawing the same again costs nothing, and does not remount the chart."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, go.Figure] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], go.Figure]) -> go.Figure:
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = make()
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            while len(self._kept) > FIGURES:
                self._kept.popitem(last=False)
        return found


_figures = _Figures()


def _chart(
    run: Run, name: str, seen: Hashable, key: str, colours: Theme, make: Callable[[], go.Figure], alt: str
) -> None:
    """A chart of what stood in the run when `seen` was last another."""
    drawn = _figures.get((run.id, name, seen, colours), make)
    st.plotly_chart(drawn, key=f"{key}-{name}", config=design_theme.CONFIG, alt=alt)


def _race(run: Run, step: str, key: str, colours: Theme, live: bool) -> None:
    if not live and not run.samples:
        return
    lever = run.plan.declaration.lever
    arms = ", ".join(design_theme.named(side, lever[getattr(run.plan, side)].label, colours) for side in Side)
    title = "Every sample as it lands" if live else "Every sample as it landed"
    _title(title, f"{arms}; pale while warming up. Below, the ratio with its 95 % interval.")
    raced = sum(sample.phase is not Phase.CORES for sample in run.samples)
    seen = (step, raced, len(run.estimates), live)
    alt = f"Times of {raced} samples of both arms over time, and the ratio with its interval"
    make = lambda: race.race(run, step, colours, live=live)  # noqa: E731
    if live:
        _stage(_figures.get((run.id, "race", seen, colours), make), (run.id, *seen), f"{key}-race", alt)
    else:
        _chart(run, "race", seen, key, colours, make, alt)


@dataclass(slots=True)
class _Stage:
    """Two slots for the chart that changes all the time, one in sight and one behind it."""

    figures: list[tuple[go.Figure, str] | None] = field(default_factory=lambda: [None, None])
    """Each with its description: a chart under another description is mounted anew, too."""
    seen: Hashable = None
    newest: int = 0


def _stage(drawn: go.Figure, seen: Hashable, key: str, alt: str) -> None:
    """Show a live chart without a flash.

    Streamlit mounts a Plotly chart anew for every change, and for a frame or two there is nothing. So the new figure is
    drawn in the slot behind, and comes into sight with the next redraw, when it is surely there.
    """
    stage: _Stage = st.session_state.setdefault(f"{key}-stage", _Stage())
    front = stage.newest
    if stage.seen != seen:
        stage.newest = front if stage.figures[front] is None else 1 - front
        stage.figures[stage.newest] = (drawn, alt)
        stage.seen = seen
    name = f"{key}-stage"
    with st.container(key=name):
        # The empty word keeps Streamlit from moving what is style alone to another place, where it comes too late.
        st.html(
            f"<i></i><style>.st-key-{name} {{display: grid; grid-template-columns: minmax(0, 1fr)}} "
            f".st-key-{name} > * {{grid-area: 1 / 1; width: 100%; min-width: 0}} "
            f".st-key-{name}-{1 - front} {{visibility: hidden}}</style>"
        )
        for slot, there in enumerate(stage.figures):
            with st.container(key=f"{name}-{slot}"):
                if there is not None:
                    st.plotly_chart(there[0], key=f"{name}-{slot}-chart", config=design_theme.CONFIG, alt=there[1])


def _three_charts(run: Run, step: str, key: str, colours: Theme) -> None:
    seen = (step, len(run.estimates))
    label = run.plan.declaration.labels()[step]
    latency, rate, quality = st.columns(3, gap="medium")
    with latency:
        _title("Latency")
        make = lambda: race.distribution(run, step, colours)  # noqa: E731
        _chart(run, "latency", seen, key, colours, make, f"Distribution of the times of {label}, both arms")
    with rate:
        _title("Throughput")
        make = lambda: race.throughput(run, step, colours)  # noqa: E731
        _chart(run, "throughput", seen, key, colours, make, f"Throughput of {label}, both arms")
    with quality:
        _title("Accuracy")
        seen = (run.quality is not None,)
        make = lambda: race.accuracy(run, colours)  # noqa: E731
        _chart(run, "accuracy", seen, key, colours, make, "Accuracy kept by the accelerated arm, and the limit")


def _steps_chart(run: Run, key: str, colours: Theme, live: bool) -> None:
    """While the race is on it follows at a slower pace: who watches it reads it, and does not wait for it."""
    note = "with its 95 % interval; a star is a published figure, hover over it to see why ours differs"
    _title("Ratio of every step", note)
    alt = "Ratio of every step with its interval, and published figures"
    if not live:
        _chart(run, "steps", len(run.estimates), key, colours, lambda: race.steps(run, colours), alt)
        return
    seen = ("live", int(run.estimates[-1].at / SLOW_S) if run.estimates else 0)
    drawn = _figures.get((run.id, "steps", seen, colours), lambda: race.steps(run, colours))
    _stage(drawn, (run.id, *seen), f"{key}-steps", alt)


def _steps(run: Run, key: str, colours: Theme) -> None:
    _steps_chart(run, key, colours, live=False)
    st.table(_step_rows(run), border="horizontal", hide_index=True, alt="Times and ratio of every step")
    labels = run.plan.declaration.labels()
    if differ := run.plan.declaration.figures():
        with st.expander("Why ours differ from the published figures", icon=":material/compare_arrows:"):
            for step, told in differ.items():
                ours = run.comparison(step)
                ratio = f", here {ratio_figure(ours.ratio.value)}" if ours else ""
                st.markdown(
                    f"**{labels[step]}**: published {told.ratio:g}x{ratio}. {claim_card.plain(told.why_it_differs)} "
                    f":gray[:small[{claim_card.plain(told.source)}]]"
                )


def _step_rows(run: Run) -> pd.DataFrame:
    figures = run.plan.declaration.figures()
    labels = run.plan.declaration.labels()
    names = {side: run.plan.declaration.lever[getattr(run.plan, side)].label for side in Side}
    if names[Side.BASELINE] == names[Side.ACCELERATED]:
        names[Side.ACCELERATED] += " again"
    rows = []
    for comparison in run.statistics:
        told = figures.get(comparison.step)
        ratio = comparison.ratio
        used = f"{comparison.baseline.effective_cores:.2f} | {comparison.accelerated.effective_cores:.2f}"
        rows.append(
            {
                "step": labels[comparison.step],
                f"○ {names[Side.BASELINE]}": duration(comparison.baseline.median),
                f"◆ {names[Side.ACCELERATED]}": duration(comparison.accelerated.median),
                "ratio": f"**{ratio_figure(ratio.value)}**",
                "95 % interval": bounds(ratio),
                "p (Mann-Whitney)": "< 1e-16" if comparison.p_value < 1e-16 else f"{comparison.p_value:.2g}",
                "cores used": used,
                "published": f"{told.ratio:g}x" if told else "",
            }
        )
    return pd.DataFrame(rows)


# --- what was made, and where ---


def _pictures(run: Run, colours: Theme) -> None:
    if not any(run.pictures.values()):
        return
    _title("Result")
    lever = run.plan.declaration.lever
    for side in Side:
        pictures = run.pictures.get(side, [])
        if not pictures:
            continue
        name = lever[getattr(run.plan, side)].label
        st.markdown(design_theme.named(side, name, colours))
        for column, picture in zip(st.columns(max(3, len(pictures)), gap="small"), pictures, strict=False):
            with column:
                st.image(_bytes(picture), caption=picture.label, alt=f"{picture.label}, {name}", width="stretch")


def _tables(run: Run) -> None:
    for table in run.tables:
        with st.expander(f"{table.label} ({len(table.rows)})", icon=":material/table_rows:"):
            if table.rows:
                st.dataframe(pd.DataFrame(table.rows, columns=table.columns), hide_index=True)
            else:
                st.markdown("None.")


def _bytes(picture: Picture) -> bytes:
    return base64.b64decode(picture.base64)


def _machine(run: Run, key: str, colours: Theme) -> None:
    """Cores, telemetry, evidence and the machine: what stands behind the figures."""
    if run.core_counts:
        _title("Best against best", "the whole at other core counts")
        chart, words = st.columns([2, 1], gap="medium", vertical_alignment="center")
        with chart:
            _chart(
                run,
                "cores",
                len(run.core_counts),
                key,
                colours,
                lambda: race.cores(run, colours),
                "Time against core count, both arms",
            )
        with words:
            _best(run, colours)
    if run.evidence:
        with st.expander("Evidence, in the libraries' own words", icon=":material/quick_reference_all:"):
            _evidence(run, colours)
            if run.quality and (rest := _other_measures(run)):
                st.markdown(rest)
    if run.telemetry:
        with st.expander("The machine during the run", icon=":material/monitoring:"):
            st.markdown(_telemetry_words(run))
            _chart(
                run,
                "telemetry",
                len(run.telemetry),
                key,
                colours,
                lambda: race.telemetry(run, colours),
                "Load of every processor during the run",
            )
            for placement in run.placements:
                st.caption(f"Threads of the {placement.side} arm: {placement.reason}.")
    noise = f", noise at rest {run.noise.score:.1f} % ({run.noise.word})" if run.noise else ""
    st.caption(
        f":material/computer: {claim_card.plain(run.machine.short)}{noise}. "
        f"Started {run.started:%Y-%m-%d %H:%M} UTC, run `{run.id[:8]}`, plan `{run.plan.digest}`."
    )


def _best(run: Run, colours: Theme) -> None:
    for side in Side:
        counts = [count for count in run.core_counts if count.side == side]
        if counts:
            best = min(counts, key=lambda count: count.whole.median)
            name = design_theme.named(side, run.plan.declaration.lever[getattr(run.plan, side)].label, colours)
            st.markdown(f"{name}: **{duration(best.whole.median)}** on {best.cores} core{'s' * (best.cores > 1)}")
    if run.best_ratio:
        ratio = run.best_ratio
        st.markdown(f"best against best **{ratio_figure(ratio.value)}** ({bounds(ratio)})")


def _other_measures(run: Run) -> str:
    """The measures that inform, and how far the arms agree."""
    assert run.quality
    other = {measure.name: measure for measure in run.quality.accelerated}
    lines = [
        f"- {claim_card.plain(called(m, other[m.name]))}: {figure(m)} | {figure(other[m.name])}"
        for m in run.quality.baseline
        if m.name in other
    ]
    lines += [f"- {claim_card.plain(measure.label)}: {figure(measure)}" for measure in run.quality.agreement]
    return "**Quality and agreement**\n\n" + "\n".join(lines) if lines else ""


def _telemetry_words(run: Run) -> str:
    readings = run.telemetry
    mhz = sorted(core.mhz for reading in readings for core in reading.cores if core.mhz is not None)
    steal = [reading.steal for reading in readings if reading.steal is not None]
    hottest = [reading.celsius for reading in readings if reading.celsius is not None]
    memory = {side: max((r.arm_memory.get(side, 0) for r in readings), default=0) for side in Side}
    parts = [f"{len(readings)} readings"]
    parts += [f"{mhz[0]:,.0f} to {mhz[-1]:,.0f} MHz"] if mhz else []
    parts += [f"steal at most {max(steal):.1%}"] if steal else []
    parts += [f"up to {max(hottest):.0f} °C"] if hottest else []
    parts += [
        f"memory of the arms up to {memory[Side.BASELINE] / 2**20:,.0f} | {memory[Side.ACCELERATED] / 2**20:,.0f} MiB"
    ]
    return ", ".join(parts) + "."


# --- to take away ---


def share_url(run: Run | None, query: dict[str, str]) -> str:
    """A link to this page with a plan, and with a run of it."""
    parts = urlsplit(st.context.url or "")
    base = f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else ""
    return f"{base}?{urlencode(query | ({'run': run.id} if run else {}), safe=':')}"


def download_json(run: Run, label: str, *, key: str) -> None:
    """The run as a file; it is made when somebody asks for it."""
    st.download_button(
        label,
        data=lambda: json.dumps(run.report(), indent=1),
        file_name=f"fairlap-{run.plan.workload}-{run.id[:8]}.json",
        mime="application/json",
        icon=":material/download:",
        help="Everything that was kept of this run, each raw sample included.",
        on_click="ignore",
        key=key,
    )


def _take_away(run: Run, key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        download_json(run, "Run as JSON", key=f"{key}-json")
        with st.popover("Command line", icon=":material/terminal:", key=f"{key}-command"):
            st.markdown("The same race from a shell:")
            st.code(run.plan.command(), language="bash", wrap_lines=True)
        with st.popover("Share this run", icon=":material/link:", key=f"{key}-share"):
            st.code(share_url(run, {}), language=None, wrap_lines=True)
