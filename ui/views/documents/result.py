"""The result of a race of the documents: the pipeline with its stages, their bounds, and both confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from bench.claims.best_step import find_best_step
from bench.claims.headline import is_only_undetected
from bench.formatting import format_duration, format_estimate, format_percent
from bench.run.record import Run
from bench.stats.amdahl import amdahl_bound
from bench.values.base import Arm
from bench.values.claims import Speed
from bench.values.output import Table
from bench.values.samples import TOTAL
from bench.values.selection import StageVerdict
from ui.charts.confusion import MAX_ABREAST, build_confusion_figure
from ui.charts.pipeline import PipelinePart, build_pipeline_figure, format_bound, list_parts
from ui.components.best_stages import VERDICT_BADGES
from ui.design.figures import draw_figure
from ui.design.headings import draw_heading
from ui.design.markdown import escape_markdown
from ui.design.tables import escape_table
from ui.design.theme import Theme, arm_name_markdown
from ui.views.documents.document_map import draw_map
from ui.views.documents.presets import draw_presets
from workloads.documents.document_map import MAP_TABLE

CONFUSION_TABLES = {Arm.BASELINE: "confusion-baseline", Arm.ACCELERATED: "confusion-accelerated"}
SMALL_SHARE = 0.005
"""Smaller shares of the total are not worth a row of their own."""


def draw_result(run: Run, key: str, theme: Theme) -> None:
    """The pipeline needs statistics, the rest only results that were compared: without these, nothing is drawn."""
    if parts := list_parts(run):
        _draw_pipeline(run, parts, key, theme)
    _draw_confusions(run, key, theme)
    if (table := find_table(run, MAP_TABLE)) is not None:
        draw_map(run, table, f"{key}-map", theme)


def _draw_pipeline(run: Run, parts: Sequence[PipelinePart], key: str, theme: Theme) -> None:
    draw_heading(
        "Pipeline",
        "Each step is as wide as its time. Crossed: both arms run the same code, so nothing is gained.",
    )
    draw_figure(
        build_pipeline_figure(run, parts, theme),
        key=f"{key}-pipeline",
        alt="The stages of both arms one after the other, as wide as their median times",
    )
    if losses := describe_losses(run, parts):
        st.markdown(losses)
    st.markdown(describe_limits(run, parts))
    with st.expander("What each stage can contribute at most (Amdahl's law)", icon=":material/table_rows:"):
        table = escape_table(build_bounds_table(run, parts))
        table["verdict"] = table["verdict"].map(lambda word: _badge(StageVerdict(word)) if word else "")
        st.table(table, border="horizontal", hide_index=True, alt="Bounds")
    draw_presets(run.plan, f"{key}-presets")


def find_verdict(run: Run, part: PipelinePart) -> StageVerdict | None:
    """What the claim about a step says of it; None for what is between the steps, and if no claim was decided."""
    claim = run.claim(part.step) if part.step else None
    if part.is_same_code:
        return StageVerdict.SAME_CODE
    if claim is None:
        return None
    if claim.made:
        return StageVerdict.GAIN if claim.verdict.speed is Speed.FASTER else StageVerdict.LOSS
    is_undetected = is_only_undetected(finding.rule for finding in claim.refusals)
    return StageVerdict.UNDECIDED if is_undetected else StageVerdict.NO_CLAIM


def _badge(verdict: StageVerdict) -> str:
    return VERDICT_BADGES[verdict].markdown(verdict)


def describe_losses(run: Run, parts: Sequence[PipelinePart]) -> str:
    """The stages that the accelerated libraries make slower, as Markdown; empty without any."""
    losing = [part for part in parts if find_verdict(run, part) is StageVerdict.LOSS]
    return "  \n".join(
        f"{_badge(StageVerdict.LOSS)} **{escape_markdown(part.label)}** is {format_estimate(part.ratio.inverse())} "
        f"slower here: {' → '.join(format_duration(part.seconds[arm]) for arm in Arm)}."
        for part in losing
        if part.ratio is not None
    )


def describe_limits(run: Run, parts: Sequence[PipelinePart]) -> str:
    """What the stage that gained most leaves of its ratio in the total, and what limits it, as Markdown."""
    total = run.comparison(TOTAL)
    assert total is not None
    texts: list[str] = []
    best = find_best_step(run)
    if best is not None and (comparison := run.comparison(best)) is not None:
        texts.append(
            f"**{run.snapshot.labels()[best]}** gained most, {format_estimate(comparison.ratio)}, and the total "
            f"{format_estimate(total.ratio)}: users wait for all stages, so the second is the one to quote."
        )
    if any(part.is_same_code is None for part in parts):
        texts.append("Nothing is known about the code of some stages, so there is no bound: let a race finish.")
    else:
        unchanged = sum(part.share for part in parts if part.is_same_code or part.ratio is None)
        texts.append(
            f"{format_percent(unchanged, 0)} of the baseline's time is in stages that run the same code in both arms "
            f"and between the steps. However fast the others get, the total gets at most "
            f"**{format_bound(amdahl_bound(1 - unchanged))}** faster."
        )
    return " ".join(texts)


def build_bounds_table(run: Run, parts: Sequence[PipelinePart]) -> pd.DataFrame:
    """A row for each part: its times, its share, and the total without it."""
    names = name_columns([run.snapshot.arms[arm] for arm in Arm])
    return pd.DataFrame(
        [
            {
                "stage": part.label,
                names[0]: format_duration(part.seconds[Arm.BASELINE]),
                names[1]: format_duration(part.seconds[Arm.ACCELERATED]),
                "ratio": _describe_ratio(part),
                "verdict": str(find_verdict(run, part) or ""),
                "share of the baseline": format_percent(part.share, 0),
                "if it took no time, the total is at most": _describe_bound(part),
            }
            for part in parts
            if part.share >= SMALL_SHARE
        ]
    )


def name_columns(labels: Sequence[str]) -> list[str]:
    """The labels of both arms as names of columns, which must differ."""
    baseline, accelerated = labels
    return [baseline, f"{accelerated} again" if accelerated == baseline else accelerated]


def _describe_bound(part: PipelinePart) -> str:
    return "not known" if part.bound is None else f"{format_bound(part.bound)} faster"


def _describe_ratio(part: PipelinePart) -> str:
    if part.is_same_code:
        return "same code"
    return format_estimate(part.ratio) if part.ratio else ""


def _draw_confusions(run: Run, key: str, theme: Theme) -> None:
    """The confusion matrices of both arms. Nothing for a run without them."""
    tables = {arm: find_table(run, name) for arm, name in CONFUSION_TABLES.items()}
    if None in tables.values():
        return
    draw_heading("Labels of held-out documents", describe_accuracy(run))
    class_count = max(len(table.rows) for table in tables.values() if table)
    columns = st.columns(2, gap="medium") if class_count <= MAX_ABREAST else [st.container(), st.container()]
    for column, (arm, table) in zip(columns, tables.items(), strict=True):
        if table is None:
            continue
        with column:
            st.markdown(arm_name_markdown(arm, run.snapshot.arms[arm], theme))
            draw_figure(
                build_confusion_figure(table, arm, theme),
                key=f"{key}-confusion-{arm}",
                alt=f"Confusion matrix, {run.snapshot.arms[arm]}: rows are the classes, columns the labels",
            )


def find_table(run: Run, name: str) -> Table | None:
    return next((table for table in run.tables if table.name == name and table.rows), None)


def describe_accuracy(run: Run) -> str:
    """The accuracy of both arms and how many labels are equal, as far as they were measured."""
    quality = run.quality
    if quality is None:
        return ""
    measures = [quality.baseline, quality.accelerated]
    values = [next((one.value for one in arm if one.name == "accuracy"), None) for arm in measures]
    texts = []
    if None not in values:
        texts.append(f"Accuracy {values[0]:.1f} and {values[1]:.1f} %.")
    equal = next((one for one in quality.agreement if one.name == "predictions-agree"), None)
    if equal is not None:
        texts.append(f"{equal.value:.1f} % of the labels are the same in both arms.")
    return " ".join(texts)
