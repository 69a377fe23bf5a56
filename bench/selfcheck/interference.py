"""Does an idle accelerated arm slow down the baseline?"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.formatting import format_percent
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.race.preparation import prepare_arms
from bench.selfcheck.common import choose_all_cores, describe_change, open_session
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase, Sample

ROUNDS = 3
"""How often the baseline is timed with each companion."""
WARM_UP_SAMPLES, SAMPLES = 2, 10
"""Samples per round that are discarded, and that count."""


@dataclass(frozen=True, slots=True)
class CompanionSamples:
    """What was measured with one setting of the lever as the companion of the baseline."""

    baseline: list[Sample]
    companion: list[Sample]


def check_interference(report: Callable[[str], None] = print, *, workload: str = "modin", **fields) -> None:
    """Compare the baseline's times next to an idle accelerated arm with its times next to another idle baseline.

    For libraries whose accelerated arm leaves services running, such as Ray. One process of the baseline is timed all
    the while. Its companion alternates between a second baseline, which uses nothing while it waits, and the
    accelerated arm. `fields` are those of a plan. Raises RuntimeError if an arm fails.
    """
    from bench.stats.ratio import estimate_ratio

    settings: dict[str, Any] = {"cores": len(choose_all_cores()), "seed": 0} | fields
    checked = make_plan(workload, **settings)
    resolved = resolve(checked)
    lever = resolved.lever
    samples = sample_companions(checked, [lever.baseline, lever.accelerated])
    alone, accompanied = (samples[name].baseline for name in (lever.baseline, lever.accelerated))
    count = min(len(alone), len(accompanied))
    waits = [sample.repetition for sample in samples[lever.accelerated].companion]
    idle_share = sum(wait.idle_cpu_s for wait in waits) / sum(wait.idle_s for wait in waits)
    report(
        f"{lever[lever.accelerated].label} used {format_percent(idle_share, 2)} of a core "
        f"while {lever.baseline} was timed"
    )
    for step in (TOTAL, *(step.name for step in resolved.steps)):
        alone_s, accompanied_s = ([sample.seconds(step) for sample in taken[:count]] for taken in (alone, accompanied))
        ratio = estimate_ratio(accompanied_s, alone_s, same_process=True).ratio
        report(f"{step}: {describe_change(accompanied_s, f'next to {lever.accelerated}', alone_s, 'alone', ratio)}")


def sample_companions(checked: Plan, settings: list[str]) -> dict[str, CompanionSamples]:
    """Samples of the baseline and of its companion, for each setting of the lever that the companion uses in turn.

    Raises RuntimeError if an arm fails.
    """
    samples: defaultdict[str, CompanionSamples] = defaultdict(lambda: CompanionSamples([], []))
    with open_session(checked) as session:
        [baseline] = prepare_arms(session, session.cores, {Arm.BASELINE: settings[0]}, session.scratch).values()
        for number, setting in enumerate(itertools.chain(*[settings] * ROUNDS)):
            scratch = session.scratch / str(number)
            [companion] = prepare_arms(session, session.cores, {Arm.ACCELERATED: setting}, scratch).values()
            for repetition in range(WARM_UP_SAMPLES + SAMPLES):
                of_baseline, of_companion = (
                    session.sampler.sample_alone(process, Phase.RACE) for process in (baseline, companion)
                )
                if repetition >= WARM_UP_SAMPLES:
                    samples[setting].baseline.append(of_baseline)
                    samples[setting].companion.append(of_companion)
            session.arms.end_all_except([baseline])
    return samples
