"""Every class of error that reading a file can raise ends in a sentence and in what to do."""

from __future__ import annotations

import lzma
import zlib

import pandas as pd
import pyarrow as pa
import pytest

from bench.tables.read_errors import translate_read_errors
from bench.workload.interface import BadInput

ARROW_ERRORS = [
    found for found in vars(pa.lib).values() if isinstance(found, type) and issubclass(found, pa.ArrowException)
]


@pytest.mark.parametrize(
    "error",
    [
        *(error_class("first line\nsecond line") for error_class in ARROW_ERRORS),
        OSError(5, "Input/output error"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        MemoryError(),
        OverflowError("too large"),
        EOFError("ended"),
        zlib.error("bad"),
        lzma.LZMAError("bad"),
        pd.errors.ParserError("Error tokenizing data"),
        KeyError("name"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_becomes_a_sentence_with_a_remedy(error):
    with pytest.raises(BadInput) as refusal, translate_read_errors("own.csv"):
        raise error
    text = f"{refusal.value}. {refusal.value.remedy}"
    assert "own.csv" in text and "\n" not in text and "Arrow" not in text.replace("Arrow can hold", "")
    assert refusal.value.remedy.endswith(".")


def test_a_refusal_and_a_defect_pass_unchanged():
    with pytest.raises(BadInput, match="as it is"), translate_read_errors("own.csv"):
        raise BadInput("as it is", "Nothing.")
    with pytest.raises(AttributeError), translate_read_errors("own.csv"):
        raise AttributeError("a defect")
