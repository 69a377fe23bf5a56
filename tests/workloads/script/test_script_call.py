"""What is no Python script is refused before a job is queued."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bench.workload.interface import BadInput, Settings
from tests.support.script_runs import write_script
from workloads.script.script_call import check_inputs

NOTEBOOK = json.dumps({"cells": [], "nbformat": 4})


def check(path: Path, arguments: str = "[]") -> None:
    folder = path.parent
    parameters = {"script": str(path), "arguments": arguments, "limit": 10}
    check_inputs(Settings("script", "stock", 1, 1, parameters, 0, folder, folder, folder, "stock", "sklearnex"))


@pytest.mark.parametrize(
    ("name", "content", "what", "remedy"),
    [
        ("script.py", "x = 1\nprint('open\n", "script.py: line 2: unterminated string literal", "Correct it"),
        ("script.py", "return 1\n", "script.py: line 1: 'return' outside function", "Correct it"),
        ("script.py", "\0\0", "null bytes", ""),
        ("script.py", "", "script.py: it is empty", "with statements"),
        ("script.py", "# nothing\n\n", "script.py: it is empty", "with statements"),
        ("notes.ipynb", NOTEBOOK, "this is a notebook", "jupyter nbconvert --to script notes.ipynb"),
        ("two words.ipynb", "", "this is a notebook", "--to script 'two words.ipynb'"),
        ("renamed.py", f"\n{NOTEBOOK}", "this is a notebook", "jupyter nbconvert"),
    ],
)
def test_what_is_no_script_is_refused(tmp_path, name, content, what, remedy):
    with pytest.raises(BadInput) as refused:
        check(write_script(tmp_path, content, name))
    assert what in str(refused.value) and remedy in refused.value.remedy


def test_what_is_no_file_is_refused_without_reading_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("pipe", "this is no regular file"), (".", "this is a folder"), ("none.py", "No such file")):
        with pytest.raises(BadInput, match=what):
            check(tmp_path / name)


def test_a_file_that_cannot_be_read_names_the_reason(tmp_path):
    """Its first byte is at an address that no process has."""
    with pytest.raises(BadInput, match="Input/output error"):
        check(Path("/proc/self/mem"))


def test_a_script_is_accepted(tmp_path):
    check(write_script(tmp_path, "from __future__ import annotations\nprint({'nbformat': 4})\n"), '["--rows", "3"]')
