"""Damaged input files with fixed seeds: CSV, Parquet, PNG, SQuAD and YAML.

`python -m tests.support.mutations KIND NUMBER FILE` writes one of them, to look at what a test reports.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.support.mutations import csv_files, documents, parquet_files, png_files
from tests.support.mutations.byte_mutators import BYTE_MUTATORS, Mutator

MAX_MUTATIONS = 3
"""Most mutations of one input."""
BYTE_SHARE = 0.35
"""Share of the inputs whose bytes are changed without regard to their meaning."""
SUFFIXES = {"csv": ".csv", "parquet": ".parquet", "png": ".png", "squad": ".json", "yaml": ".yaml"}
KINDS = tuple(SUFFIXES)
ORIGINALS: dict[str, list[Callable[[random.Random], bytes]]] = {
    "csv": [csv_files.write_mixed_csv, csv_files.write_number_csv, csv_files.write_semicolon_csv],
    "parquet": [parquet_files.write_plain_parquet, parquet_files.write_rich_parquet],
    "png": [png_files.write_png],
    "squad": [documents.write_squad],
    "yaml": [documents.write_yaml],
}
STRUCTURE_MUTATORS: dict[str, list[Mutator]] = {
    "csv": [
        csv_files.replace_cell,
        csv_files.change_field_count,
        csv_files.rename_columns,
        csv_files.change_separator,
        csv_files.change_encoding,
        csv_files.change_line_ends,
    ],
    "parquet": [parquet_files.change_parquet_types] * 2
    + [parquet_files.rename_parquet_columns] * 2
    + [parquet_files.change_parquet_rows, parquet_files.damage_footer, parquet_files.damage_pages],
    "png": [png_files.change_header_field, png_files.rearrange_chunks, png_files.damage_chunk, png_files.add_chunk],
    "squad": [
        documents.change_json_node,
        documents.change_json_node,
        documents.change_json_layout,
        csv_files.change_encoding,
    ],
    "yaml": [documents.change_yaml_node, documents.replace_yaml_value, documents.change_indentation],
}


@dataclass(frozen=True, slots=True)
class MutatedInput:
    kind: str
    number: int
    content: bytes
    mutations: tuple[str, ...]
    """Names of the mutators, in the order in which they were applied."""

    @property
    def file_name(self) -> str:
        return f"{self.kind}-{self.number}{SUFFIXES[self.kind]}"

    def __str__(self) -> str:
        return f"{self.kind} {self.number} ({', '.join(self.mutations)})"


def make_mutated_input(kind: str, number: int) -> MutatedInput:
    """The input `number` of a kind; always the same."""
    rng = random.Random(f"{kind}-{number}")
    content = rng.choice(ORIGINALS[kind])(rng)
    # Damaged bytes are mostly found at once. What is whole and yet wrong gets further.
    mutators = BYTE_MUTATORS if rng.random() < BYTE_SHARE else STRUCTURE_MUTATORS[kind]
    chosen = [rng.choice(mutators) for _ in range(rng.randint(1, MAX_MUTATIONS))]
    for mutate in chosen:
        content = mutate(rng, content)
    return MutatedInput(kind, number, content, tuple(mutate.__name__ for mutate in chosen))
