"""The map of documents as a table of a run: where both arms put each document, and which topic and label it got.

Light: the page reads the table too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.values.base import Arm
from bench.values.output import Table

MAP_TABLE = "map"
MAX_DRAWN_DOCUMENTS = 2_000
"""Documents of the table. More are too many for a reader, and make a record larger than its samples do."""
MAX_TEXT_CHARACTERS = 160
"""Of the beginning of a document."""
_DOCUMENT_COLUMNS = ("document", "label")
_ARM_COLUMNS = ("x", "y", "topic", "predicted label")
COLUMNS = [*_DOCUMENT_COLUMNS, *(f"{name}, {arm}" for arm in Arm for name in _ARM_COLUMNS)]


@dataclass(frozen=True, slots=True)
class ArmMap:
    """What one arm made of the documents, in their order."""

    x: Sequence[float]
    y: Sequence[float]
    topics: Sequence[int]
    """Numbers of topics, from 1."""
    predicted: Sequence[str]
    """The label that the arm predicted; empty for a document that it learned from."""


@dataclass(frozen=True, slots=True)
class DocumentMap:
    """The documents that both arms put on their map."""

    texts: Sequence[str]
    """The beginning of each document, as it was before cleaning."""
    labels: Sequence[str]
    arms: dict[Arm, ArmMap]

    def list_wrong(self, arm: Arm) -> list[bool]:
        """Whether each document was held out, and labelled wrongly by the arm."""
        pairs = zip(self.arms[arm].predicted, self.labels, strict=True)
        return [predicted not in ("", label) for predicted, label in pairs]


def make_map_table(content: DocumentMap) -> Table:
    """`content` as a table of a run. Positions have two decimals, so no column has more digits than a screen shows."""
    columns: list[Sequence[str]] = [content.texts, content.labels]
    for arm in Arm:
        made = content.arms[arm]
        columns += [
            [f"{value:.2f}" for value in made.x],
            [f"{value:.2f}" for value in made.y],
            [str(topic) for topic in made.topics],
            made.predicted,
        ]
    return Table(
        name=MAP_TABLE,
        label="Map: documents, their positions, topics and labels",
        columns=COLUMNS,
        rows=[list(row) for row in zip(*columns, strict=True)],
    )


def read_map_table(table: Table) -> DocumentMap:
    """The reverse of `make_map_table`. Raises ValueError for a table with other columns or without numbers."""
    if table.columns != COLUMNS:
        raise ValueError(f"the table {table.name} has the columns {', '.join(table.columns)}")
    texts, labels, *rest = ([row[place] for row in table.rows] for place in range(len(COLUMNS)))
    size = len(_ARM_COLUMNS)
    arms = {}
    for number, arm in enumerate(Arm):
        x, y, topics, predicted = rest[number * size : (number + 1) * size]
        arms[arm] = ArmMap(
            x=[float(value) for value in x],
            y=[float(value) for value in y],
            topics=[int(value) for value in topics],
            predicted=predicted,
        )
    return DocumentMap(texts, labels, arms)
