"""Tables for people: complete and plain if the output is no terminal, wrapped on a terminal."""

from __future__ import annotations

import io

from bench.cli.console import BenchConsole, make_console, make_table, print_table

LONG_LABEL = "scikit-learn-intelex with oneDAL on all cores [fp32] :warning:"


def draw_table(console: BenchConsole) -> list[str]:
    table = make_table(console, "step", LONG_LABEL, right=(LONG_LABEL,))
    table.add_row("fit", "26.9 ms")
    print_table(console, table, indent=2)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_plain_text_is_not_cut_and_has_no_trailing_spaces(capsys):
    console = make_console()
    table = make_table(console, "step", LONG_LABEL)
    table.add_row("fit", "26.9 ms")
    print_table(console, table)
    assert capsys.readouterr().out.splitlines() == [f"step  {LONG_LABEL}", "fit   26.9 ms"]


def test_a_terminal_gets_wrapped_cells_and_no_character_is_lost():
    console = BenchConsole(
        file=io.StringIO(), width=40, force_terminal=True, color_system=None, markup=False, emoji=False
    )
    lines = draw_table(console)
    assert all(len(line) <= 40 for line in lines)
    text = "".join("".join(lines).split())
    assert all(word in text for word in ("scikit-learn-intelex", "oneDAL", "[fp32]", ":warning:"))


def test_text_is_printed_as_it_is(capsys):
    make_console().print("[bold]" + "x" * 500 + ":warning:")
    assert capsys.readouterr().out == "[bold]" + "x" * 500 + ":warning:\n"
