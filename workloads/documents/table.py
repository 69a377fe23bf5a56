"""The first stage: documents from a file, cleaned. The same calls by pandas and by Modin."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

NO_LETTERS = r"[\W\d_]+"
"""Runs of characters that are no letters of any alphabet."""
LETTERS = r"[^\W\d_]+"
"""Runs of letters: the words that cleaning leaves."""
COLUMNS = ["text", "label", "source"]
"""Documents of one source are not independent: they have the same author, and often the same sentences."""
BATCH_ROWS = 2_000
"""Documents that are read at once where only a few of all are wanted."""
READ_FACTOR = 8
"""Characters of a long text that are read for its beginning, as a multiple of it: white space is left out."""
CLEANING = "str.lower, str.replace, drop_duplicates"


def load_documents(pd: Any, file: Path) -> Any:
    """A frame with the columns text, label and source, without empty and repeated texts. `pd` is pandas or replaces
    it."""
    frame = pd.read_parquet(file, columns=COLUMNS)
    frame["text"] = clean_texts(frame["text"])
    frame = frame[frame["text"] != ""]
    return frame.drop_duplicates("text").reset_index(drop=True)


def clean_texts(texts: Any) -> Any:
    """A series of texts in lower case, with a space in the place of everything that is no letter."""
    return texts.str.lower().str.replace(NO_LETTERS, " ", regex=True).str.strip()


def clean_text(text: str) -> str:
    """What `clean_texts` leaves of a text."""
    return re.sub(NO_LETTERS, " ", text.lower()).strip()


def has_words(text: str) -> bool:
    """Whether cleaning leaves anything of a text."""
    return re.search(LETTERS, text) is not None


def find_beginnings(file: Path, cleaned: Collection[str], length: int) -> dict[str, str]:
    """The first `length` characters of the documents in `file` that cleaning turns into the texts `cleaned`, by these
    texts. Every run of white space is one space."""
    from pyarrow import parquet

    beginnings: dict[str, str] = {}
    for batch in parquet.ParquetFile(file).iter_batches(BATCH_ROWS, columns=["text"]):
        texts = batch.column("text").to_pandas()
        for text, clean in zip(texts, clean_texts(texts), strict=True):
            if clean in cleaned and clean not in beginnings:
                beginnings[clean] = " ".join(text.lstrip()[: READ_FACTOR * length].split())[: length + 1]
    return {clean: text if len(text) <= length else f"{text[:length].rstrip()}…" for clean, text in beginnings.items()}


def write_subset(corpus: Path, count: int, file: Path) -> int:
    """Write the first `count` documents of a corpus to `file`, as a user's file. Returns how many there are."""
    from pyarrow import parquet

    table = parquet.read_table(corpus, columns=COLUMNS).slice(0, count)
    parquet.write_table(table, file)
    return table.num_rows
