"""Calls in a process of their own: answers, failures and limits."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bench.system.isolated_call import CallExited, CallRaised, CallTimeout, call_isolated
from bench.workload.interface import BadInput

LIMIT_S = 60.0


def describe_call(text: str, number: int) -> dict[str, object]:
    print("printed by the function")
    return {"text": text, "number": number, "pid": os.getpid(), "variable": os.environ.get("FAIRLAP_TEST")}


def refuse_input() -> None:
    raise BadInput("there are no rows", "Choose a file with rows.")


def fill_memory() -> int:
    return len(bytearray(4 << 30))


def end(status: int) -> None:
    print("first", file=sys.stderr)
    print("the reason", file=sys.stderr)
    sys.stderr.flush()
    os._exit(status)


def end_by_signal() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep_long() -> None:
    time.sleep(600)


def test_the_answer_and_the_output_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRLAP_TEST", "inherited")
    result = call_isolated(f"{__name__}:describe_call", "é", 7, limit_s=LIMIT_S)
    assert result.value["pid"] != os.getpid()
    assert (result.value["text"], result.value["number"], result.value["variable"]) == ("é", 7, "inherited")
    assert result.output == "printed by the function\n"


def test_the_environment_can_be_replaced() -> None:
    environment = os.environ | {"FAIRLAP_TEST": "replaced"}
    result = call_isolated(f"{__name__}:describe_call", "", 0, limit_s=LIMIT_S, environment=environment)
    assert result.value["variable"] == "replaced"


def test_an_exception_is_raised_with_its_remedy() -> None:
    with pytest.raises(CallRaised, match="BadInput: there are no rows") as caught:
        call_isolated(f"{__name__}:refuse_input", limit_s=LIMIT_S)
    assert caught.value.remedy == "Choose a file with rows."


@pytest.mark.parametrize("function", ["no.such.module:check", f"{__name__}:no_such_function"])
def test_an_unknown_function_is_an_exception(function: str) -> None:
    with pytest.raises(CallRaised, match=r"ModuleNotFoundError|AttributeError"):
        call_isolated(function, limit_s=LIMIT_S)


def test_memory_is_limited() -> None:
    with pytest.raises(CallRaised, match="MemoryError"):
        call_isolated(f"{__name__}:fill_memory", limit_s=LIMIT_S, memory_limit_bytes=2 << 30)


@pytest.mark.parametrize("status", [0, 3])
def test_a_process_that_exits_gives_its_status_and_last_line(status: int) -> None:
    with pytest.raises(CallExited, match=f"the process exited with status {status}: the reason$") as caught:
        call_isolated(f"{__name__}:end", status, limit_s=LIMIT_S)
    assert caught.value.stderr == "first\nthe reason"


def test_a_process_that_is_killed_names_the_signal() -> None:
    with pytest.raises(CallExited, match="was ended by SIGKILL: it printed no error"):
        call_isolated(f"{__name__}:end_by_signal", limit_s=LIMIT_S)


def test_a_process_that_takes_too_long_is_stopped() -> None:
    with pytest.raises(CallTimeout, match=r"longer than 0\.5 s"):
        call_isolated(f"{__name__}:sleep_long", limit_s=0.5)


def test_a_python_that_is_gone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError):
        call_isolated(f"{__name__}:sleep_long", limit_s=LIMIT_S)
