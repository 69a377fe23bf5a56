"""500 damaged files: each is read or refused in words, in time, and no process is left."""

from __future__ import annotations

import json
import re
import selectors
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bench.paths import ROOT
from bench.storage.uploads import UploadError, save_upload
from tests.support import tiny_bert
from tests.support.input_reader import find_upload_kind
from tests.support.mutations import KINDS, MutatedInput, make_mutated_input
from tests.support.processes import wait_until_gone

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

INPUTS_PER_KIND = 100
KNOWN_NUMBERS = {"csv": (336,), "parquet": (167, 172, 545, 587), "png": (374,), "squad": (106,), "yaml": (535,)}
"""More inputs, each of which once led to a fault that none of the first `INPUTS_PER_KIND` shows."""
MAX_READ_S = 60.0
"""Longest time for one file."""
START_LIMIT_S = 60.0
"""Longest time until a fresh process has read its first file, with the imports."""
RUN_LIMIT_S = 240.0
FAULTY_WORDS = re.compile(
    r"Traceback|\b[A-Z]\w*(Error|Exception)\b|\bArrow\w+\b|<class |object at 0x|recursion depth|sys\.\w+"
    "|[\\x00-\\x08\\x0b-\\x1f\\x7f\\u200b-\\u200f\\u202a-\\u202e\\u2066-\\u2069]"
)
"""What a message to a person never contains: names of Python's, and characters that hide or turn other text."""


class InputReader:
    """A process that reads files. It is replaced if it dies or takes too long."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[str] | None = None

    def _start(self) -> subprocess.Popen[str]:
        with self.log.open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.support.input_reader"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def read(self, kind: str, path: Path) -> tuple[str, str]:
        """The outcome (accepted, refused, or what went wrong) and the text."""
        limit_s = MAX_READ_S
        if self.process is None:
            self.process, limit_s = self._start(), START_LIMIT_S
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"kind": kind, "path": str(path)}) + "\n")
        self.process.stdin.flush()
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            if not selector.select(limit_s):
                self.end()
                return "hang", f"no answer within {limit_s:g} s"
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.end()
            return "died", f"the process ended with status {status}"
        answer = json.loads(line)
        return answer["outcome"], answer["text"]

    def end(self) -> None:
        if self.process is not None:
            children = psutil.Process(self.process.pid).children(recursive=True) if self.process.poll() is None else []
            assert not children, f"the reader started processes: {children}"
            self.process.kill()
            self.process.communicate()
            self.process = None


def find_fault(outcome: str, text: str) -> str:
    """What is wrong with an answer; empty if nothing is."""
    if outcome not in ("accepted", "refused"):
        return f"{outcome}: {text}"
    if outcome == "refused" and (found := FAULTY_WORDS.search(text)):
        return f"the message contains {found[0]!r}: {text}"
    return ""


def write_input(mutated: MutatedInput, folder: Path) -> Path:
    file = folder / mutated.file_name
    file.write_bytes(mutated.content)
    return file


@pytest.mark.parametrize("kind", KINDS)
def test_every_mutated_file_is_read_or_refused_in_words(kind, tmp_path):
    reader = InputReader(tmp_path / "reader.log")
    outcomes: dict[str, int] = {}
    faults = []
    try:
        for number in (*range(INPUTS_PER_KIND), *KNOWN_NUMBERS[kind]):
            mutated = make_mutated_input(kind, number)
            outcome, text = reader.read(kind, write_input(mutated, tmp_path))
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            if fault := find_fault(outcome, text):
                faults.append(f"{mutated}: {fault}")
    finally:
        reader.end()
    # Mutations that only make files unreadable, or none, would test little.
    assert outcomes.get("accepted", 0) >= 3 and outcomes.get("refused", 0) >= 10, outcomes
    assert not faults, f"{len(faults)} of {sum(outcomes.values())}; {outcomes}\n\n" + "\n\n".join(faults)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize(
    ("kind", "workload", "parameter"), [("png", "colour-quantization", "image"), ("squad", "bert", "evaluation")]
)
def test_the_page_stores_or_refuses_a_mutated_upload(kind, workload, parameter, number, home):
    mutated = make_mutated_input(kind, number)
    try:
        save_upload(mutated.content, mutated.file_name, find_upload_kind(workload, parameter))
    except UploadError as error:
        assert not FAULTY_WORDS.search(str(error))
        assert not list(home.glob("uploads/*"))


@pytest.mark.parametrize(("kind", "number"), [("csv", 0), ("csv", 1), ("csv", 2), ("parquet", 0), ("parquet", 1)])
def test_the_command_line_races_or_refuses_a_mutated_table(kind, number, tmp_path, home):
    file = write_input(make_mutated_input(kind, number), tmp_path)
    options = ["--set", f"file={file}", "--case", "files", "--batch", "100"]
    run_and_check(home, "modin", *options)


@pytest.mark.parametrize("number", range(3))
def test_the_command_line_races_or_refuses_a_mutated_picture(number, tmp_path, home):
    file = write_input(make_mutated_input("png", number), tmp_path)
    run_and_check(home, "colour-quantization", "--set", f"image={file}", "--set", "colours=4")


@pytest.mark.parametrize("number", range(2))
def test_the_command_line_races_or_refuses_mutated_questions(number, tmp_path, home):
    settings = tiny_bert.write_task_files(tmp_path)
    settings["evaluation"] = str(write_input(make_mutated_input("squad", number), tmp_path))
    run_and_check(home, "bert", *[word for name, value in settings.items() for word in ("--set", f"{name}={value}")])


def run_and_check(home: Path, workload: str, *options: str) -> None:
    """Run a race to its end and check what it prints and leaves."""
    command = [sys.executable, "-m", "bench", "run", workload, "--cores", "1", "--budget", "2", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_LIMIT_S)
    printed = done.stdout + done.stderr
    assert done.returncode in (0, 1, 2), printed
    assert not FAULTY_WORDS.search(printed), printed
    assert not wait_until_gone(home)
