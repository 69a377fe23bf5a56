"""Does an idle accelerated arm slow down the baseline?"""

from __future__ import annotations

import itertools
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.formatting import format_duration
from bench.machine.core_selection import choose_cores
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.plan.validation import make_plan
from bench.race.arm import ArmError
from bench.race.preparation import prepare_arms
from bench.race.session import RaceSession
from bench.selfcheck.common import choose_all_cores, make_run_opened
from bench.values import TOTAL, Arm, Phase, Sample

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
    report(f"{lever[lever.accelerated].label} used {idle_share:.2%} of a core while {lever.baseline} was timed")
    for step in (TOTAL, *(step.name for step in resolved.steps)):
        alone_s, accompanied_s = ([sample.seconds(step) for sample in taken[:count]] for taken in (alone, accompanied))
        ratio = estimate_ratio(accompanied_s, alone_s, same_process=True).ratio
        # The minimum is reported too: other load on the machine can only make a sample slower.
        report(
            f"{step}: median {format_duration(median(alone_s))} alone, {format_duration(median(accompanied_s))} next "
            f"to {lever.accelerated}, {ratio.value - 1:+.1%} ({ratio.low - 1:+.1%} to {ratio.high - 1:+.1%}), "
            f"{count} samples each; minimum {format_duration(min(alone_s))} and {format_duration(min(accompanied_s))}, "
            f"{min(accompanied_s) / min(alone_s) - 1:+.1%}"
        )


def sample_companions(checked: Plan, settings: list[str]) -> dict[str, CompanionSamples]:
    """Samples of the baseline and of its companion, for each setting of the lever that the companion uses in turn.

    Raises RuntimeError if an arm fails.
    """
    samples: defaultdict[str, CompanionSamples] = defaultdict(lambda: CompanionSamples([], []))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        session = RaceSession(
            make_run_opened(checked), emit=lambda event: None, scratch=scratch, cores=choose_cores(checked.cores)
        )
        try:
            [baseline] = prepare_arms(session, session.cores, {Arm.BASELINE: settings[0]}, scratch).values()
            for number, setting in enumerate(itertools.chain(*[settings] * ROUNDS)):
                companion_settings = {Arm.ACCELERATED: setting}
                [companion] = prepare_arms(session, session.cores, companion_settings, scratch / str(number)).values()
                for repetition in range(WARM_UP_SAMPLES + SAMPLES):
                    of_baseline, of_companion = (
                        session.sampler.sample_alone(process, Phase.RACE) for process in (baseline, companion)
                    )
                    if repetition >= WARM_UP_SAMPLES:
                        samples[setting].baseline.append(of_baseline)
                        samples[setting].companion.append(of_companion)
                session.arms.end_all_except([baseline])
        except ArmError as error:
            raise RuntimeError(error.failure.what) from error
        finally:
            session.arms.end_all()
    return samples
