"""Reads input files one after another, as Fairlap reads them, in one process: `python -m tests.support.input_reader`.

A line of standard input is a JSON object with `kind` and `path`. A line of standard output answers it: what became of
the file, in words. The functions are those that the page, the command line and the arms call.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path

from bench.storage.upload_check import MAX_MEMORY_BYTES, check_file
from bench.system.prctl import die_with_parent
from bench.workload.interface import BadInput
from bench.workload.parameters import Upload
from bench.workload.registry import load_workloads

ROWS = 1000


def find_upload_kind(workload: str, parameter: str) -> Upload:
    """The kind of file that may be uploaded as the value of a parameter, with its check."""
    [declared] = [found for found in load_workloads()[workload].parameters if found.name == parameter]
    assert declared.upload is not None
    return declared.upload


def read_table(file: Path) -> str:
    from bench.tables.identify import identify_file
    from tests.support.input_oracles import check_table
    from workloads.modin.dataset import load_from_file

    with tempfile.TemporaryDirectory() as cache:
        files = load_from_file(identify_file(file), ROWS, Path(cache), lambda text, share=None, /: None)
        check_table(file, files, ROWS)
        return f"{files.rows} rows"


def read_image(file: Path) -> str:
    from tests.support.input_oracles import check_picture

    found = check_file(find_upload_kind("colour-quantization", "image").check, str(file))
    check_picture(file, found)
    return f"{found}"


def read_questions(file: Path) -> str:
    from tests.support.input_oracles import check_questions
    from workloads.bert.question_file import read_question_set

    found = check_file(find_upload_kind("bert", "evaluation").check, str(file))
    check_questions(file, read_question_set(file))
    return f"{found}"


def read_configuration(file: Path) -> str:
    from workloads.bert.quantization.config import parse_config

    # A text field of the page hands in text, never bytes.
    return f"{parse_config(file.read_bytes().decode(errors='replace'))}"


READERS: dict[str, Callable[[Path], str]] = {
    "csv": read_table,
    "parquet": read_table,
    "png": read_image,
    "squad": read_questions,
    "yaml": read_configuration,
}


def read_input(kind: str, path: str) -> dict[str, str]:
    try:
        return {"outcome": "accepted", "text": READERS[kind](Path(path))}
    except BadInput as error:
        return {"outcome": "refused", "text": f"{error}. {error.remedy}"}
    except BaseException as error:
        # The boundary of the process: whatever else comes is what the test looks for.
        return {"outcome": type(error).__name__, "text": traceback.format_exc()}


def main() -> None:
    die_with_parent(9)
    resource.setrlimit(resource.RLIMIT_AS, (2 * MAX_MEMORY_BYTES, 2 * MAX_MEMORY_BYTES))
    # What a library prints goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        answers.write(json.dumps(read_input(**request)) + "\n")


if __name__ == "__main__":
    main()
