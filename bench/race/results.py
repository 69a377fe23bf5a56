"""What the arms report about their results: evidence of the path taken, quality, and how far they agree."""

from __future__ import annotations

from collections.abc import Mapping

from bench.race.arm import WORKLOAD_REMEDY, ArmProcess
from bench.race.measure_differences import ScoresError, add_share_intervals, compare_measures
from bench.race.session import RaceSession
from bench.run.events import EvidenceCollected, QualityMeasured
from bench.values.base import Arm
from bench.values.quality import Quality
from bench.worker import protocol


def measure_quality(session: RaceSession, arms: Mapping[Arm, ArmProcess]) -> None:
    """Ask the arms, one after the other, for quality, pictures and agreement of their last repetition, and emit them.

    Not at the same time, because an arm may measure what its times are compared with, such as the memory bandwidth.
    """
    conversation = session.conversation
    replies = {
        arm: conversation.ask(process, protocol.MeasureQuality(), protocol.QualityReply, "measuring the quality")
        for arm, process in arms.items()
    }
    comparison = conversation.ask(
        arms[Arm.ACCELERATED],
        protocol.CompareResults(other=str(arms[Arm.BASELINE].scratch)),
        protocol.ComparisonReply,
        "comparing the results",
    )
    baseline, accelerated = (replies[arm].measures for arm in Arm)
    scratch = {arm: process.scratch for arm, process in arms.items()}
    try:
        quality = Quality(
            baseline=baseline,
            accelerated=accelerated,
            agreement=add_share_intervals(comparison.measures, scratch[Arm.ACCELERATED]),
            differences=compare_measures(baseline, accelerated, scratch, session.plan.seed),
        )
    except ScoresError as error:
        raise arms[Arm.ACCELERATED].make_error(
            f"reported a quality that cannot be judged: {error}", WORKLOAD_REMEDY
        ) from error
    pictures = {arm: reply.pictures for arm, reply in replies.items()}
    session.recorder.emit(QualityMeasured(at=session.now, quality=quality, pictures=pictures, tables=comparison.tables))


def collect_evidence(session: RaceSession, arms: Mapping[Arm, ArmProcess]) -> None:
    """Ask both arms at the same time for their evidence and their thread pools, and emit them.

    Raises ArmError for evidence of an undeclared step.
    """
    declared = {step.name for step in session.steps}
    replies = session.conversation.ask_all(
        arms.values(), protocol.CollectEvidence(), protocol.EvidenceReply, "collecting evidence"
    )
    for arm, process in arms.items():
        reply = replies[process]
        undeclared = {evidence.step for evidence in reply.evidence} - declared
        if undeclared:
            raise process.make_error(
                f"gave evidence of steps that are not declared: {', '.join(sorted(undeclared))}", WORKLOAD_REMEDY
            )
        session.recorder.emit(
            EvidenceCollected(at=session.now, arm=arm, evidence=reply.evidence, thread_pools=reply.thread_pools)
        )
