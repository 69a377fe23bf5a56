"""The raw samples of a run: their distribution, how they drifted, and all of them as a table."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import pandas as pd
import streamlit as st

from bench.formatting import describe_percentiles, format_change, format_count, format_duration
from bench.run.record import Run
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase, Sample
from ui.charts.drift import build_drift_figure
from ui.charts.ecdf import build_ecdf_figure
from ui.design.data_table import draw_data_table
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_name_markdown
from ui.run_view.figures import RunChart, draw_chart

MIN_DRIFT_SAMPLES = 9
"""With fewer samples, a third of them is too few for a median."""
PHASE_WORDS = {Phase.RACE: "race", Phase.WARM_UP: "warm-up", Phase.EARLY: "first call", Phase.CORES: "core counts"}


def draw_samples(run: Run, step: str, key: str, theme: Theme) -> None:
    """An expander with every sample of a step, drawn when it is opened: there may be thousands."""
    section = st.expander(
        f"Raw samples ({len(run.samples):,})", icon=":material/grain:", key=f"{key}-samples", on_change="rerun"
    )
    if not section.open:
        return
    with section:
        label, version = run.snapshot.labels()[step], (step, len(run.samples))
        charts = (
            RunChart(
                run,
                "ecdf",
                theme,
                version,
                build=lambda: build_ecdf_figure(run, step, theme),
                alt=f"Share of the samples of {label} that took no longer than each time, both arms",
            ),
            RunChart(
                run,
                "drift",
                theme,
                version,
                build=lambda: build_drift_figure(run, step, theme),
                alt=f"Times of {label} during the race as a share of each arm's median, with a running median",
            ),
        )
        for column, chart in zip(st.columns(2, gap="medium"), charts, strict=True):
            with column:
                draw_chart(chart, key)
        for arm in Arm:
            name = arm_name_markdown(arm, run.snapshot.arms[arm], theme)
            texts = [describe_drift(run.samples_of(arm), step)]
            if comparison := run.comparison(step):
                texts.append(describe_percentiles(comparison.summary(arm)))
            st.markdown(f"{name}: {escape_markdown('; '.join(texts))}")
        draw_data_table(pd.DataFrame(list_sample_rows(run, step)), height=320, alt="Every sample of the run")


def describe_drift(samples: Sequence[Sample], step: str = TOTAL) -> str:
    """How the last third of an arm's samples differs from its first third, and how close neighbours are to each other:
    independent samples have an autocorrelation near 0."""
    times = [sample.seconds(step) for sample in samples]
    if len(times) < MIN_DRIFT_SAMPLES:
        return f"{format_count(len(times), 'sample')}, too few to see a drift"
    third = len(times) // 3
    first, last = median(times[:third]), median(times[-third:])
    text = f"median {format_duration(first)} in the first third and {format_duration(last)} in the last"
    if first > 0:
        text += f" ({format_change(last / first)})"
    return f"{text}; autocorrelation of successive samples {autocorrelation(times):+.2f}"


def autocorrelation(times: Sequence[float]) -> float:
    """Correlation of each value with the next, -1 to 1. 0 for equal values."""
    mean = sum(times) / len(times)
    variance = sum((value - mean) ** 2 for value in times)
    if variance == 0:
        return 0.0
    return sum((one - mean) * (two - mean) for one, two in pairwise(times)) / variance


def list_sample_rows(run: Run, step: str) -> list[dict[str, str | float | int | None]]:
    """A row for each sample, in order of time. Times are in milliseconds."""
    label = run.snapshot.labels()[step]
    numbers = number_pairs(run)
    return [
        {
            "began [s]": round(sample.repetition.began, 3),
            "pair": numbers.get(sample.pair) if sample.phase is Phase.RACE else None,
            "place in pair": sample.place + 1,
            "arm": run.snapshot.arms[sample.arm] if _names_differ(run) else sample.arm.value,
            "phase": PHASE_WORDS.get(sample.phase, sample.phase.value),
            "cores": sample.cores,
            f"{label} [ms]": round(1000 * sample.seconds(step), 4),
            "wall [ms]": round(1000 * sample.repetition.wall_s, 4),
            "CPU [ms]": round(1000 * sample.repetition.cpu_s, 4),
            "cores used": round(sample.effective_cores, 2),
            "waited for processor [ms]": _optional_ms(sample.repetition.run_delay_s),
            "steal [ms]": _optional_ms(sample.repetition.steal_s),
        }
        for sample in run.samples
    ]


def number_pairs(run: Run) -> dict[int, int]:
    """Numbers from 1 of the pairs that count, by the number that the race gave them: it also counted the first pairs,
    which turned out to be warm-up."""
    counted = dict.fromkeys(sample.pair for sample in run.samples if sample.phase is Phase.RACE)
    return {pair: number for number, pair in enumerate(counted, 1)}


def _optional_ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(1000 * seconds, 3)


def _names_differ(run: Run) -> bool:
    return run.snapshot.arms[Arm.BASELINE] != run.snapshot.arms[Arm.ACCELERATED]
