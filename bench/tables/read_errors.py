"""Turns the errors of libraries that read a file into sentences about the file."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from bench.workload.interface import BadInput

CORRECT_REMEDY = "Correct the file, or give another one."
MAX_CHARACTERS = 300


@contextmanager
def translate_read_errors(name: str) -> Iterator[None]:
    """Replace an error of reading the file `name` inside the block by BadInput. Other errors pass."""
    try:
        yield
    except BadInput:
        raise
    except (MemoryError, pa.ArrowMemoryError) as error:
        raise BadInput(f"Memory ran out while {name} was read", "Choose fewer rows, or a smaller file.") from error
    except UnicodeDecodeError as error:
        raise BadInput(
            f"The file {name} is not text in {error.encoding}: {error.reason}",
            "Convert it to UTF-8 (iconv -f ENCODING -t UTF-8).",
        ) from error
    except (pa.ArrowCapacityError, OverflowError) as error:
        raise BadInput(
            f"A column of {name} is larger than Arrow can hold: {_summarize(error)}", "Choose fewer rows."
        ) from error
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise BadInput(
            f"The file {name} has a column of a kind that cannot be read: {_summarize(error)}",
            "Save that column as numbers or text, or leave it out.",
        ) from error
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise BadInput(
            f"The file {name} cannot be decompressed: {error}", "Copy or download the whole file again."
        ) from error
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise BadInput(f"The file {name} cannot be read: {_summarize(error)}", CORRECT_REMEDY) from error


def _summarize(error: Exception) -> str:
    if "thrift" in str(error).lower():
        return "its metadata is damaged"  # Arrow's own text names a class of its reader.
    return " ".join(str(error).split())[:MAX_CHARACTERS] or type(error).__name__
