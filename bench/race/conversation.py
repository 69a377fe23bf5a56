"""Requests to the arms and their replies."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from bench.race.arm import WORKLOAD_REMEDY, ArmProcess
from bench.race.recorder import EventRecorder
from bench.race.watchdog import CHECK_INTERVAL_S, Watchdog
from bench.run.events import ArmProgressed
from bench.worker import protocol

ReplyType = TypeVar("ReplyType", bound=protocol.Reply)


class Conversation:
    """Sends requests to arms and waits for the replies, on one thread around one `select`."""

    def __init__(self, recorder: EventRecorder, watchdog: Watchdog, reply_limit_s: float) -> None:
        """`reply_limit_s` is the longest time that a reply to `ask` may take."""
        self._recorder, self._watchdog, self._reply_limit_s = recorder, watchdog, reply_limit_s

    def ask(self, process: ArmProcess, request: protocol.Request, reply_type: type[ReplyType]) -> ReplyType:
        """The reply of one arm; errors as in `wait_for_replies`."""
        process.send(request)
        reply = self.wait_for_replies([process], reply_type, self._reply_limit_s)[process]
        assert isinstance(reply, reply_type)
        return reply

    def wait_for_replies(
        self,
        processes: Sequence[ArmProcess],
        reply_type: type[protocol.Reply],
        limit_s: float,
        on_reply: Callable[[ArmProcess, protocol.Reply], type[protocol.Reply] | None] = lambda process, reply: None,
    ) -> dict[ArmProcess, protocol.Reply]:
        """Wait for a reply of type `reply_type` from each of `processes`; the last reply of each is returned.

        `on_reply` may send an arm a further request; it then returns the type of the reply to wait for. Progress
        messages become events. Raises ArmError if an arm fails, exits, sends another reply or takes longer than
        `limit_s`, and RaceStopped on a stop request.
        """
        expected = dict.fromkeys(processes, reply_type)
        replies: dict[ArmProcess, protocol.Reply] = {}
        deadline = time.monotonic() + limit_s
        while expected:
            ready, _, _ = select.select(list(expected), [], [], CHECK_INTERVAL_S)
            for process in ready:
                for reply in process.read_replies():
                    if isinstance(reply, protocol.ProgressMessage):
                        self._emit_progress(process, reply)
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
            self._watchdog.check()
            if expected and time.monotonic() > deadline:
                raise next(iter(expected)).make_error(
                    f"did not answer within {limit_s:g} s",
                    "It hangs, or the work is too large. Choose less work, or see its log.",
                )
        return replies

    def _emit_progress(self, process: ArmProcess, message: protocol.ProgressMessage) -> None:
        self._recorder.emit(
            ArmProgressed(at=self._recorder.now, arm=process.arm, cores=len(process.cores), text=message.text)
        )
