"""Starting arms and preparing them for their first sample."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from bench.race.arm import ArmError, ArmProcess
from bench.race.session import RaceSession
from bench.run.events import ArmPrepared
from bench.run.record import Run
from bench.values.arms import Failure, PreparedArm
from bench.values.base import Arm
from bench.values.samples import Phase
from bench.worker import protocol
from bench.worker.process import make_work_fields
from bench.workload.declaration import Workload


def prepare_arms(
    session: RaceSession, cores: list[int], settings: Mapping[Arm, str], scratch: Path
) -> dict[Arm, ArmProcess]:
    """Start one process per arm, at the same time, and wait until all are ready and have done their first call.

    The first call of an arm is slow, for example because a library chooses its kernels in it. The arms do it at the
    same time, so its sample is in no statistics.

    `settings` has the value of the lever for each arm to start; `cores` are the ids of the logical processors to use;
    `scratch` receives a folder per arm. Raises ArmError and RaceStopped.
    """
    began = time.monotonic()
    workload, recorder = session.workload, session.recorder
    arms = {
        arm: ArmProcess(arm, session.lever[setting], cores, scratch / f"{arm}-{len(cores)}")
        for arm, setting in settings.items()
    }
    processes = list(arms.values())
    for process in processes:
        session.arms.start(process)
        session.conversation.report_activity(process, "starting the process")
    exchange_hellos(session, processes)
    for process in processes:
        work_fields = make_work_fields(session.plan, cores, process.scratch)
        process.send(protocol.Prepare(arm=workload.arm, lever=process.lever_value.name, **work_fields))

    def record_reply(process: ArmProcess, reply: protocol.Reply) -> type[protocol.Reply] | None:
        if isinstance(reply, protocol.RepeatedReply):
            session.conversation.report_rest(process)
            session.sampler.record_sample(process, reply.repetition, Phase.EARLY, session.sampler.next_pair(), 0)
            return None
        assert isinstance(reply, protocol.PreparedReply)
        prepared = PreparedArm(
            arm=process.arm,
            cores=len(cores),
            pid=process.pid,
            seconds=time.monotonic() - began,
            work=reply.work,
            step_work=reply.step_work,
            data=reply.data,
            facts=reply.facts,
            inputs=reply.inputs,
            synthetic=reply.synthetic,
            bias=reply.bias,
            handicap=reply.handicap,
            service=reply.service,
            first_call_s=reply.first_call_s,
            environment=process.environment,
        )
        recorder.emit(ArmPrepared(at=recorder.now, prepared=prepared))
        process.call_s = reply.call_s
        if reply.call_s:
            # A sample that has nothing to warm up would only delay the pairs.
            session.conversation.report_rest(process)
            return None
        process.send(protocol.Repeat(repetition=0, requests=session.sampler.request_steps))
        session.conversation.report_activity(process, "first call")
        return protocol.RepeatedReply

    session.conversation.wait_for_replies(
        processes, protocol.PreparedReply, workload.limits.prepare_s, on_reply=record_reply
    )
    return arms


def require_same_work(record: Run, workload: Workload) -> None:
    """Raise ArmError if the arms prepared different amounts of work."""
    works = [(prepared.work, prepared.step_work) for prepared in record.prepared]
    if all(work == works[0] for work in works):
        return
    amounts = " and ".join(
        ", ".join([f"{work:g}", *(f"{step} {amount:g}" for step, amount in step_work.items())])
        for work, step_work in works
    )
    raise ArmError(
        Failure(
            what=f"The arms prepared different amounts of work: {amounts} {workload.unit}.",
            remedy="The arms of this workload do not do the same work, so their times cannot be compared. This is a "
            "defect of the workload.",
        )
    )


def exchange_hellos(session: RaceSession, processes: list[ArmProcess]) -> None:
    """Wait for each worker's first message, which has its process id and the version of its protocol."""
    hellos = session.conversation.wait_for_replies(processes, protocol.Hello, session.workload.limits.prepare_s)
    for process, hello in hellos.items():
        assert isinstance(hello, protocol.Hello)
        process.pid = hello.pid
        if hello.version != protocol.VERSION:
            raise process.make_error(
                f"uses version {hello.version} of the protocol, and this program version {protocol.VERSION}",
                "Two versions of Fairlap are installed. Remove one of them.",
            )
