"""Text for people on standard output and standard error: tables and colours on a terminal, plain text elsewhere."""

from __future__ import annotations

import sys

from rich import box
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 10_000
"""Width of the output if it is no terminal: nothing is wrapped or cut."""


class BenchConsole(Console):
    """A console that leaves a broken pipe (`| head`) to `bench.cli.main`."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def make_console(*, stderr: bool = False) -> BenchConsole:
    """A console that prints text as it is, without interpreting markup or emoji names in it."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return BenchConsole(stderr=stderr, width=width, markup=False, emoji=False, highlight=False)


def make_table(console: Console, *columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table with these column titles; the columns in `right` are aligned to the right.

    On a terminal long cells are wrapped, never cut.
    """
    table = Table(box=box.SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", justify="right" if column in right else "left")
    return table


def print_table(console: Console, table: Table, indent: int = 0) -> None:
    """Print a table; without trailing spaces if the output is no terminal."""
    with console.capture() as captured:
        console.print(table, width=console.width - indent)
    for line in captured.get().splitlines():
        text = line if console.is_terminal else line.rstrip()
        console.file.write(" " * indent + text + "\n")
