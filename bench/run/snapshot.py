"""What a stored job carries of its workload's declaration, so that it can be drawn without today's declarations."""

from __future__ import annotations

from pydantic import Field

from bench.formatting import format_batch, format_number
from bench.plan.command import format_command
from bench.plan.resolved import ResolvedPlan
from bench.values.arms import BaselineKind, FasterBaseline
from bench.values.base import Arm, Value
from bench.values.samples import TOTAL
from bench.workload.cases import TOTAL_LABEL, PublishedRatio
from bench.workload.file_summary import UPLOAD_PREFIX
from bench.workload.parameters import Parameter, Setting

REQUEST_UNIT = "requests"
"""What throughput counts if all steps are requests."""
DIGEST_CHARACTERS = 12
"""Of an uploaded file's digest, in texts."""


class PublishedSnapshot(Value):
    """A ratio that somebody published for a step or for the total."""

    ratio: float
    source: str
    why_it_differs: str


class StepSnapshot(Value):
    """A step that the job times."""

    name: str
    label: str
    description: str
    changes: bool = True
    """False if the lever has no effect on this step."""
    excluded_from_total: bool = False
    waits_for_files: bool = False
    is_request: bool = False
    """Whether its calls are requests, so that percentiles are those of single calls."""
    published: PublishedSnapshot | None = None


class ParameterSnapshot(Value):
    """A parameter and its value in the job's plan."""

    name: str
    label: str
    value: str
    """As a person reads it: the label of a choice, a number with separators."""
    is_default: bool = False
    """Whether it is the declared default; False also in runs that did not record it."""


class DeclarationSnapshot(Value):
    """Labels, units, published figures and facts of the workload, as they were when the job was opened."""

    workload_title: str
    icon: str
    unit: str
    """What throughput counts, in the plural."""
    source: str
    """URL of the article or documentation that the workload follows."""
    case_label: str
    """Empty if the workload has only one case."""
    lever_label: str
    changes_arithmetic: bool
    """True if the lever may change results, so that a claim needs a measured quality."""
    arms: dict[Arm, str]
    """Label of the lever's value in each arm."""
    subjects: dict[Arm, str] = Field(default_factory=dict[Arm, str])
    """Its name as the subject of a sentence; empty in runs that did not record it. See `subject`."""
    quality: str = ""
    """What it means if the accuracy is within the limit: `same picture quality`. Empty if it was not recorded."""
    baseline_kinds: dict[Arm, BaselineKind] = Field(default_factory=dict[Arm, BaselineKind])
    """Whether the lever's value in each arm is a fair baseline; empty if it is not known."""
    fair_baselines: list[str] = Field(default_factory=list[str])
    """Names of the lever's values that are fair baselines, without that of the accelerated arm. In place of a naive
    baseline, those that give the same result, if there are any."""
    traits: dict[Arm, dict[str, str]] = Field(default_factory=dict[Arm, dict[str, str]])
    """What the lever's value in each arm consists of, such as its library and its precision; empty if it is one thing,
    and in runs that did not record it."""
    rivals: list[str] = Field(default_factory=list[str])
    """Labels of the lever's values that give what the baseline gives in another way, without that of the accelerated
    arm; empty if there are none, and in runs that did not record it."""
    faster_baselines: list[FasterBaseline] = Field(default_factory=list[FasterBaseline])
    """Those of them that were faster in an earlier race with the same settings on the machine, as the store had them
    when the run was opened."""
    steps: list[StepSnapshot]
    """The steps that the job times, in order."""
    published: PublishedSnapshot | None = None
    """What was published for the total."""
    batch_label: str
    batch_noun: str = ""
    """What the batch counts, in the singular; empty for a factor, and in runs that did not record it."""
    parameters: list[ParameterSnapshot] = Field(default_factory=list[ParameterSnapshot])
    command: str
    """The command line that runs the plan again."""
    synthetic: str = ""
    """Why the workload's data or weights are not real; empty if they are."""
    end_to_end: bool = False
    """Whether the total is an application, and every step only a part of it. False in runs that did not record it."""

    @property
    def title(self) -> str:
        """The workload and its case, for lists and headings."""
        return f"{self.workload_title}, {self.case_label}" if self.case_label else self.workload_title

    @property
    def is_batch_work(self) -> bool:
        """Whether the batch is the amount of work of a repetition, such as the rows of a table."""
        return self.batch_label.lower() == self.unit.lower()

    def format_batch(self, batch: int) -> str:
        """A batch as a person reads it. See `bench.formatting.format_batch`."""
        if not self.batch_noun and self.is_batch_work:
            return f"{batch:,} {self.unit}"
        return format_batch(batch, self.batch_noun)

    def labels(self) -> dict[str, str]:
        """Label of the total and of every step, by name."""
        return {TOTAL: TOTAL_LABEL} | {step.name: step.label for step in self.steps}

    def subject(self, arm: Arm) -> str:
        """The name of an arm as the subject of a sentence."""
        return self.subjects.get(arm) or self.arms[arm]

    def baseline_kind(self, arm: Arm) -> BaselineKind:
        """Whether the lever's value in `arm` is a fair baseline."""
        return self.baseline_kinds.get(arm, BaselineKind.UNKNOWN)

    def published_ratios(self) -> dict[str, PublishedSnapshot]:
        """The published ratios of the total and of the steps, by name; only those that exist."""
        ratios = {TOTAL: self.published} | {step.name: step.published for step in self.steps}
        return {name: published for name, published in ratios.items() if published}


def _list_fair_baselines(resolved: ResolvedPlan) -> list[str]:
    lever, plan = resolved.lever, resolved.plan
    rivals = lever.list_rivals(plan.baseline) if lever[plan.baseline].baseline_kind is BaselineKind.NAIVE else []
    return [
        value.name
        for value in rivals or lever.values
        if value.baseline_kind is not BaselineKind.NAIVE and value.name != plan.accelerated
    ]


def take_snapshot(resolved: ResolvedPlan) -> DeclarationSnapshot:
    """What a job of this plan has to carry."""
    workload, case, plan = resolved.workload, resolved.case, resolved.plan
    published = {name: _copy_published(ratio) for name, ratio in resolved.published_ratios().items()}
    return DeclarationSnapshot(
        workload_title=workload.title,
        icon=workload.icon,
        unit=REQUEST_UNIT if all(step.is_request for step in resolved.steps) else workload.unit,
        source=workload.source,
        case_label=case.label if len(workload.cases) > 1 else "",
        lever_label=resolved.lever.label,
        changes_arithmetic=resolved.lever.changes_arithmetic,
        arms={arm: resolved.lever_value(arm).label for arm in Arm},
        subjects={arm: resolved.lever_value(arm).subject for arm in Arm if resolved.lever_value(arm).subject},
        quality=workload.quality,
        baseline_kinds={arm: resolved.lever_value(arm).baseline_kind for arm in Arm},
        fair_baselines=_list_fair_baselines(resolved),
        traits={arm: dict(traits) for arm in Arm if (traits := resolved.lever_value(arm).traits)},
        rivals=[value.label for value in resolved.lever.list_rivals(plan.baseline) if value.name != plan.accelerated],
        steps=[
            StepSnapshot(
                name=step.name,
                label=step.label,
                description=step.description,
                changes=step.changes,
                excluded_from_total=step.excluded_from_total,
                waits_for_files=step.waits_for_files,
                is_request=step.is_request,
                published=published.get(step.name),
            )
            for step in resolved.steps
        ],
        published=published.get(TOTAL),
        batch_label=workload.batch.label,
        batch_noun=workload.batch.noun,
        parameters=[
            ParameterSnapshot(
                name=parameter.name,
                label=parameter.label,
                value=format_parameter_value(parameter, plan.parameters[parameter.name]),
                is_default=plan.parameters[parameter.name] == parameter.default,
            )
            for parameter in resolved.parameters
            if parameter.has_effect(resolved.parameters, plan.parameters)
        ],
        command=format_command(plan),
        synthetic=workload.synthetic,
        end_to_end=workload.end_to_end,
    )


def _copy_published(published: PublishedRatio) -> PublishedSnapshot:
    return PublishedSnapshot(ratio=published.ratio, source=published.source, why_it_differs=published.why_it_differs)


def format_parameter_value(parameter: Parameter, value: Setting) -> str:
    """The value of a parameter as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if parameter.kind == "several":
        return ", ".join(parameter.choices.get(name, name) for name in str(value).split(","))
    if isinstance(value, str):
        if value.startswith(UPLOAD_PREFIX):
            return f"uploaded file {value.removeprefix(UPLOAD_PREFIX)[:DIGEST_CHARACTERS]}"
        return parameter.choices.get(value, value)
    label = parameter.stop_labels.get(value) if isinstance(value, int) else None
    return label or format_number(value)
