"""Scripts that fail, print much, read, wait, fork or exit: each ends, with a message, and leaves no process."""

from __future__ import annotations

import os

import psutil
import pytest

from tests.support.script_runs import run, write_script
from workloads.script.printed_output import LEFT_OUT, LeftOut, PrintedOutput
from workloads.script.script_process import MAX_KEPT_BYTES, KeptOutput


@pytest.mark.parametrize(
    ("content", "what", "remedy"),
    [
        ("print(1 / 0)", "script.py failed with exit status 1: ZeroDivisionError: division by zero", "Run it in a"),
        ("input('Name? ')", "EOFError: EOF when reading a line", "Standard input is empty"),
        ("import sys; sys.exit(3)", "exit status 3 and printed nothing to standard error", "Run it in a terminal"),
        ("import sys; sys.exit('no data')", "exit status 1: no data", "Run it in a terminal"),
        ("import not_installed_anywhere", "No module named 'not_installed_anywhere'", "in Fairlap's own environment"),
        ("import os; os.abort()", "script.py was ended by SIGABRT", "Run it in a terminal"),
        (
            "import argparse; p = argparse.ArgumentParser(); p.add_argument('file'); p.parse_args()",
            "exit status 2",
            "on the command line after its name: python -m bench profile script.py ARGUMENT",
        ),
        ("while True: pass", "did not end within 1 s and was ended", "a longer time limit (--limit)"),
    ],
)
def test_a_script_that_does_not_finish_ends_in_a_message(tmp_path, content, what, remedy):
    result = run(write_script(tmp_path, content), limit_s=1.0 if "while" in content else 30.0)
    assert what in result["error"][0]
    assert remedy in result["error"][1]


def test_a_script_gets_its_folder_and_arguments_and_an_empty_input(tmp_path):
    content = "import os, sys; print([os.getcwd(), sys.argv[1:], sys.stdin.read(), 'FAIRLAP_HOME' in os.environ])"
    result = run(write_script(tmp_path, content), "--rows", "3", "two words")
    assert result["error"] is None
    assert eval(result["run"]["stdout"]) == [str(tmp_path), ["--rows", "3", "two words"], "", False]


@pytest.mark.parametrize("content", ["import sys; sys.exit()", "exit(0)", "import os; os._exit(0)"])
def test_an_exit_with_status_0_is_a_success(tmp_path, content):
    assert run(write_script(tmp_path, content))["error"] is None


def test_much_output_is_cut_in_the_middle(tmp_path):
    content = "print('first')\nfor _ in range(50_000): print('x' * 99)\nprint('last')\n"
    result = run(write_script(tmp_path, content))
    output = result["run"]["stdout"]
    assert result["error"] is None
    assert output.startswith("first\n") and output.endswith("last\n")
    assert "of output left out here" in output and len(output) < 3 * MAX_KEPT_BYTES
    compared = PrintedOutput()
    compared.add(output, LeftOut(**result["run"]["left_out"]))
    lines = [line.text for line in compared.lines or []]
    assert lines.count(LEFT_OUT) == 1
    assert set(lines) == {"first", "x" * 99, LEFT_OUT, "last"}, "no line that is cut"


@pytest.mark.parametrize("size", [0, 1, MAX_KEPT_BYTES, 2 * MAX_KEPT_BYTES, 2 * MAX_KEPT_BYTES + 1, 9 * MAX_KEPT_BYTES])
@pytest.mark.parametrize("chunk", [7_001, 1 << 16])
def test_the_beginning_and_the_end_are_kept(size, chunk):
    data = bytes(97 + place % 26 for place in range(size))
    output = KeptOutput()
    for place in range(0, size, chunk):
        output.add(data[place : place + chunk])
    kept = output.text.encode()
    if size <= 2 * MAX_KEPT_BYTES:
        assert kept == data
    else:
        assert kept.startswith(data[:MAX_KEPT_BYTES] + b"\n[") and kept.endswith(b"]\n" + data[-MAX_KEPT_BYTES:])


def test_a_process_that_a_script_leaves_is_ended_and_does_not_delay_it(tmp_path):
    content = "import os, sys, time\npid = os.fork()\nif pid == 0:\n    os.setsid()\n    time.sleep(60)\nprint(pid)\n"
    result = run(write_script(tmp_path, content))
    assert result["error"] is None and result["run"]["left"] == 1
    pid = int(result["run"]["stdout"])
    assert pid != os.getpid() and not psutil.pid_exists(pid)
