"""TODO: ui.run_view.results."""

from __future__ import annotations

import base64

import pandas as pd
import streamlit as st

from bench.formatting import format_duration, format_interval, format_ratio
from bench.run.record import Run
from bench.values import Arm, Phase, Picture
from ui.charts import accuracy, distribution, race, steps, throughput
from ui.design import markdown, theme
from ui.design.headings import draw_heading
from ui.design.theme import Theme
from ui.run_view.live_figures import draw_figure, draw_live_figure, figure_cache

LIVE_STEPS_INTERVAL_S = 1.0
"""How often, at most, the charts below the race are drawn anew while it is on."""


def draw_race_chart(run: Run, step: str, key: str, colours: Theme, live: bool) -> None:
    if not live and not run.samples:
        return
    arms = ", ".join(theme.arm_name_markdown(arm, run.snapshot.arms[arm], colours) for arm in Arm)
    title = "Every sample as it lands" if live else "Every sample as it landed"
    draw_heading(title, f"{arms}; pale while warming up. Below, the ratio with its 95 % interval.")
    raced = sum(sample.phase is not Phase.CORES for sample in run.samples)
    seen = (step, raced, len(run.estimates), live)
    alt = f"Times of {raced} samples of both arms over time, and the ratio with its interval"
    make = lambda: race.build_race_figure(run, step, colours, live=live)  # noqa: E731
    if live:
        draw_live_figure(figure_cache.get((run.id, "race", seen, colours), make), (run.id, *seen), f"{key}-race", alt)
    else:
        draw_figure(run, "race", seen, key, colours, make, alt)


def draw_three_charts(run: Run, step: str, key: str, colours: Theme) -> None:
    seen = (step, len(run.estimates))
    label = run.snapshot.labels()[step]
    latency, rate, quality = st.columns(3, gap="medium")
    with latency:
        draw_heading("Latency")
        make = lambda: distribution.build_distribution_figure(run, step, colours)  # noqa: E731
        draw_figure(run, "latency", seen, key, colours, make, f"Distribution of the times of {label}, both arms")
    with rate:
        draw_heading("Throughput")
        make = lambda: throughput.build_throughput_figure(run, step, colours)  # noqa: E731
        draw_figure(run, "throughput", seen, key, colours, make, f"Throughput of {label}, both arms")
    with quality:
        draw_heading("Accuracy")
        seen = (run.quality is not None,)
        make = lambda: accuracy.build_accuracy_figure(run, colours)  # noqa: E731
        draw_figure(run, "accuracy", seen, key, colours, make, "Accuracy kept by the accelerated arm, and the limit")


def draw_steps_chart(run: Run, key: str, colours: Theme, live: bool) -> None:
    """While the race is on it follows at a slower pace: who watches it reads it, and does not wait for it."""
    note = "with its 95 % interval; a star is a published figure, hover over it to see why ours differs"
    draw_heading("Ratio of every step", note)
    alt = "Ratio of every step with its interval, and published figures"
    if not live:
        draw_figure(run, "steps", len(run.estimates), key, colours, lambda: steps.build_steps_figure(run, colours), alt)
        return
    seen = ("live", int(run.estimates[-1].at / LIVE_STEPS_INTERVAL_S) if run.estimates else 0)
    drawn = figure_cache.get((run.id, "steps", seen, colours), lambda: steps.build_steps_figure(run, colours))
    draw_live_figure(drawn, (run.id, *seen), f"{key}-steps", alt)


def draw_steps(run: Run, key: str, colours: Theme) -> None:
    draw_steps_chart(run, key, colours, live=False)
    st.table(_build_steps_table(run), border="horizontal", hide_index=True, alt="Times and ratio of every step")
    labels = run.snapshot.labels()
    if differ := run.snapshot.published_ratios():
        with st.expander("Why ours differ from the published figures", icon=":material/compare_arrows:"):
            for step, told in differ.items():
                ours = run.comparison(step)
                ratio = f", here {format_ratio(ours.ratio.value)}" if ours else ""
                st.markdown(
                    f"**{labels[step]}**: published {told.ratio:g}x{ratio}. {markdown.escape_markdown(told.why_it_differs)} "
                    f":gray[:small[{markdown.escape_markdown(told.source)}]]"
                )


def _build_steps_table(run: Run) -> pd.DataFrame:
    figures = run.snapshot.published_ratios()
    labels = run.snapshot.labels()
    names = {arm: run.snapshot.arms[arm] for arm in Arm}
    if names[Arm.BASELINE] == names[Arm.ACCELERATED]:
        names[Arm.ACCELERATED] += " again"
    rows = []
    for comparison in run.statistics:
        told = figures.get(comparison.step)
        ratio = comparison.ratio
        used = f"{comparison.baseline.effective_cores:.2f} | {comparison.accelerated.effective_cores:.2f}"
        rows.append(
            {
                "step": labels[comparison.step],
                f"○ {names[Arm.BASELINE]}": format_duration(comparison.baseline.median),
                f"◆ {names[Arm.ACCELERATED]}": format_duration(comparison.accelerated.median),
                "ratio": f"**{format_ratio(ratio.value)}**",
                "95 % interval": format_interval(ratio),
                "p (Mann-Whitney)": "< 1e-16" if comparison.p_value < 1e-16 else f"{comparison.p_value:.2g}",
                "cores used": used,
                "published": f"{told.ratio:g}x" if told else "",
            }
        )
    return pd.DataFrame(rows)


def draw_pictures(run: Run, colours: Theme) -> None:
    if not any(run.pictures.values()):
        return
    draw_heading("Result")
    for arm in Arm:
        pictures = run.pictures.get(arm, [])
        if not pictures:
            continue
        name = run.snapshot.arms[arm]
        st.markdown(theme.arm_name_markdown(arm, name, colours))
        for column, picture in zip(st.columns(max(3, len(pictures)), gap="small"), pictures, strict=False):
            with column:
                st.image(
                    _decode_picture(picture), caption=picture.label, alt=f"{picture.label}, {name}", width="stretch"
                )


def draw_tables(run: Run) -> None:
    for table in run.tables:
        with st.expander(f"{table.label} ({len(table.rows)})", icon=":material/table_rows:"):
            if table.rows:
                st.dataframe(pd.DataFrame(table.rows, columns=table.columns), hide_index=True)
            else:
                st.markdown("None.")


def _decode_picture(picture: Picture) -> bytes:
    return base64.b64decode(picture.base64)
