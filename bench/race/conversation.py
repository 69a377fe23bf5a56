"""Requests to the arms and their replies.

The processes of an arm are stopped from its reply to the next request: its threads may spin and its services may have
work to do, which would take CPU time from the other arm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from bench.race.arm import WORKLOAD_REMEDY, ArmProcess
from bench.race.recorder import EventRecorder
from bench.race.watchdog import CHECK_INTERVAL_S, Watchdog
from bench.run.events import ArmProgressed, ArmRested
from bench.system.readiness import wait_readable
from bench.worker import protocol

ReplyType = TypeVar("ReplyType", bound=protocol.Reply)


class Conversation:
    """Sends requests to arms and waits for the replies, on one thread that waits for all of them."""

    def __init__(self, recorder: EventRecorder, watchdog: Watchdog, reply_limit_s: float) -> None:
        """`reply_limit_s` is the longest time that a reply to `ask` may take."""
        self._recorder, self._watchdog, self._reply_limit_s = recorder, watchdog, reply_limit_s

    def ask(
        self, process: ArmProcess, request: protocol.Request, reply_type: type[ReplyType], activity: str = ""
    ) -> ReplyType:
        """The reply of one arm; errors as in `wait_for_replies`. See `ask_all` for `activity`."""
        return self.ask_all([process], request, reply_type, activity)[process]

    def ask_all(
        self,
        processes: Iterable[ArmProcess],
        request: protocol.Request,
        reply_type: type[ReplyType],
        activity: str = "",
    ) -> dict[ArmProcess, ReplyType]:
        """The replies of arms that work at the same time; errors as in `wait_for_replies`.

        `activity` says what they do, for the page and the timeline; empty for a request that is answered at once, and
        for samples, which have their own times.
        """
        asked = list(processes)
        for process in asked:
            process.send(request)
            if activity:
                self.report_activity(process, activity)

        def rest(process: ArmProcess, reply: protocol.Reply) -> None:
            if activity:
                self.report_rest(process)

        replies: dict[ArmProcess, ReplyType] = {}
        for process, reply in self.wait_for_replies(asked, reply_type, self._reply_limit_s, on_reply=rest).items():
            assert isinstance(reply, reply_type)
            replies[process] = reply
        return replies

    def wait_for_replies(
        self,
        processes: Sequence[ArmProcess],
        reply_type: type[protocol.Reply],
        limit_s: float,
        on_reply: Callable[[ArmProcess, protocol.Reply], type[protocol.Reply] | None] = lambda process, reply: None,
    ) -> dict[ArmProcess, protocol.Reply]:
        """Wait for a reply of type `reply_type` from each of `processes`; the last reply of each is returned.

        `on_reply` may send an arm a further request; it then returns the type of the reply to wait for. Progress
        messages become events. Raises ArmError if an arm fails, exits, sends another reply, or if nothing comes from
        any of them for `limit_s` seconds, and RaceStopped on a stop request.
        """
        expected = dict.fromkeys(processes, reply_type)
        replies: dict[ArmProcess, protocol.Reply] = {}
        deadline = time.monotonic() + limit_s
        while expected:
            for process in wait_readable(list(expected), CHECK_INTERVAL_S):
                for reply in process.read_replies():
                    deadline = time.monotonic() + limit_s
                    if isinstance(reply, protocol.ProgressMessage):
                        self.report_activity(process, reply.text, reply.share)
                        continue
                    if isinstance(reply, protocol.ErrorReply):
                        raise process.make_reply_error(reply)
                    if process not in expected or not isinstance(reply, expected[process]):
                        raise process.make_error(f"sent '{reply.type}' out of turn", WORKLOAD_REMEDY)
                    replies[process] = reply
                    if next_type := on_reply(process, reply):
                        expected[process] = next_type
                    else:
                        del expected[process]
                        process.pause()
            self._watchdog.check()
            if expected and time.monotonic() > deadline:
                raise next(iter(expected)).make_error(
                    f"sent nothing for {limit_s:g} s",
                    "It hangs, or the work is too large. Choose less work, or see its log.",
                )
        return replies

    def report_activity(self, process: ArmProcess, text: str, share: float | None = None) -> None:
        """Emit what an arm does now, see `bench.run.events.ArmProgressed`."""
        self._recorder.emit(
            ArmProgressed(at=self._recorder.now, arm=process.arm, cores=len(process.cores), text=text, share=share)
        )

    def report_rest(self, process: ArmProcess) -> None:
        """Emit that an arm has done what it was asked for."""
        self._recorder.emit(ArmRested(at=self._recorder.now, arm=process.arm, cores=len(process.cores)))
