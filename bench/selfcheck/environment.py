"""Are the arms as fast in a race as in a plain process?"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from bench.formatting import format_percent
from bench.plan.plan import Plan
from bench.plan.validation import make_plan
from bench.race.arm import ArmProcess
from bench.race.preparation import exchange_hellos, prepare_arms
from bench.race.session import RaceSession
from bench.selfcheck.common import choose_all_cores, describe_change, open_session
from bench.values.base import Arm
from bench.values.samples import TOTAL, Phase, Sample
from bench.worker import protocol
from bench.worker.environment import make_thread_counts
from bench.worker.process import SupervisedProcess, make_work_fields
from bench.workload.registry import load_workloads

MAX_DIFFERENCE = 0.03
"""Largest difference between the times in a race and in a plain process, relative to the latter."""
SMALL_SIZES: dict[str, dict[str, Any]] = {"modin": {"batch": 1 << 14}}
"""Fields of the plans of workloads whose usual size would take minutes."""
WARM_UP_ROUNDS = 2
MIN_ROUNDS = 6
SAMPLING_S = 25.0
"""Rounds of a workload end after this time, if there are at least MIN_ROUNDS."""


class PlainProcess(ArmProcess):
    """An arm in the environment that a user's own process has: only the thread counts and the affinity are set."""

    def start(self) -> None:
        self.scratch.mkdir(parents=True)
        environment = os.environ | make_thread_counts(len(self.cores)) | dict(self.lever_value.environment)
        self._process = SupervisedProcess("bench.selfcheck.plain_process", self.cores, environment, self.log)


def check_environment(report: Callable[[str], None] = print, *, workload: str = "", **fields) -> None:
    """Compare each arm's times in the race with those of the same arm in a plain process that repeats its work.

    All workloads that can run here, or only `workload`. `fields` are those of a plan. Raises RuntimeError if an arm
    fails.
    """
    available = [
        name for name, declared in load_workloads().items() if not declared.hidden and not declared.unavailable()
    ]
    for name in [workload] if workload else available:
        settings: dict[str, Any] = {"cores": len(choose_all_cores()), "seed": 0} | SMALL_SIZES.get(name, {}) | fields
        _check_workload(make_plan(name, **settings), report)


def _check_workload(checked: Plan, report: Callable[[str], None]) -> None:
    in_race, plain = sample_both_ways(checked)
    for arm in Arm:
        lever_value = checked.baseline if arm is Arm.BASELINE else checked.accelerated
        steps = [timed.step for timed in in_race[arm][0].repetition.steps]
        for step in (TOTAL, *steps):
            times = ([sample.seconds(step) for sample in samples[arm]] for samples in (in_race, plain))
            report(f"{checked.workload}, {arm} ({lever_value}), {step}: {compare_times(*times)}")


def compare_times(in_race_s: list[float], plain_s: list[float]) -> str:
    """Both medians, their ratio with its interval, and whether it is within MAX_DIFFERENCE, as text."""
    from bench.stats.ratio import estimate_ratio

    estimate = estimate_ratio(in_race_s, plain_s)
    ratio = estimate.ratio
    if estimate.sampling_half_width > MAX_DIFFERENCE:
        verdict = f"not decided, the times are too noisy (± {format_percent(estimate.sampling_half_width)})"
    else:
        verdict = (
            "" if abs(ratio.value - 1) <= MAX_DIFFERENCE else "not "
        ) + f"within {format_percent(MAX_DIFFERENCE, 0)}"
    return f"{describe_change(in_race_s, 'in the race', plain_s, 'in a plain process', ratio)}: {verdict}"


def sample_both_ways(checked: Plan) -> tuple[dict[Arm, list[Sample]], dict[Arm, list[Sample]]]:
    """Samples of each arm in the race, and in a plain process. They alternate, so that drift affects both alike.

    Raises RuntimeError if an arm fails.
    """
    in_race: defaultdict[Arm, list[Sample]] = defaultdict(list)
    plain: defaultdict[Arm, list[Sample]] = defaultdict(list)
    with open_session(checked) as session:
        settings = {Arm.BASELINE: checked.baseline, Arm.ACCELERATED: checked.accelerated}
        sampler = session.sampler
        arms = prepare_arms(session, session.cores, settings, session.scratch)
        plain_arms = {
            arm: prepare_plain(
                session, PlainProcess(arm, session.lever[name], session.cores, session.scratch / f"plain-{arm}")
            )
            for arm, name in settings.items()
        }
        for _ in range(WARM_UP_ROUNDS):
            warm_up = [
                sampler.sample_alone(process, Phase.WARM_UP) for process in (*arms.values(), *plain_arms.values())
            ]
        sampler.choose_call_counts([sample] for sample in warm_up)
        until = time.monotonic() + SAMPLING_S
        while len(plain[Arm.BASELINE]) < MIN_ROUNDS or time.monotonic() < until:
            pair = sampler.next_pair()
            # In the race, a sample follows one of the other arm, so each follows the plain process of the other.
            for arm, other in ((Arm.BASELINE, Arm.ACCELERATED), (Arm.ACCELERATED, Arm.BASELINE)):
                plain[other].append(sampler.sample(plain_arms[other], Phase.RACE, pair, 0))
                in_race[arm].append(sampler.sample(arms[arm], Phase.RACE, pair, 0))
    return in_race, plain


def prepare_plain(session: RaceSession, process: PlainProcess) -> PlainProcess:
    """Start a plain process and wait until its arm is ready."""
    session.arms.start(process)
    exchange_hellos(session, [process])
    work_fields = make_work_fields(session.plan, session.cores, process.scratch)
    process.send(protocol.Prepare(arm=session.workload.arm, lever=process.lever_value.name, **work_fields))
    session.conversation.wait_for_replies([process], protocol.PreparedReply, session.workload.limits.prepare_s)
    return process
