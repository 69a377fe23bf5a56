"""CSV files, and what changes their rows, separators and encodings."""

from __future__ import annotations

import random


def write_mixed_csv(rng: random.Random) -> bytes:
    lines = ["key,amount,note,day"]
    for row in range(rng.choice((3, 40, 2000))):
        note = rng.choice(("plain", '"with, comma"', '"two ""quotes"""', '"two\nlines"', "", "Zürich"))
        lines.append(f"{row},{rng.normalvariate(0, 100):.3f},{note},2024-0{rng.randint(1, 9)}-{rng.randint(10, 28)}")
    return ("\n".join(lines) + "\n").encode()


def write_number_csv(rng: random.Random) -> bytes:
    columns = rng.choice((2, 9, 60))
    lines = [",".join(f"c{column}" for column in range(columns))]
    lines += [",".join(str(rng.randint(-99, 10**6)) for _ in range(columns)) for _ in range(500)]
    return "\r\n".join(lines).encode()


def write_semicolon_csv(rng: random.Random) -> bytes:
    lines = ["key;price;name"] + [f"{row};{row},{rng.randint(10, 99)};name {row}" for row in range(200)]
    return "\n".join(lines).encode()


CELLS = (
    '"',
    '"open',
    "1e999",
    "-0",
    "007",
    "NA",
    "nan",
    "None",
    "true",
    "1,5",
    "9" * 400,
    "0x1F",
    "1_000",
    "9223372036854775808",
    "2024-02-30",
    "24:00:00",
    "'",
    "\0",
    "=1+1",
    "{}",
    "x" * 1_500_000,
    "a\tb",
    "#",
)


def replace_cell(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    row = rng.randrange(len(lines))
    cells = lines[row].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(CELLS).encode()
    lines[row] = b",".join(cells)
    return b"\n".join(lines)


def change_field_count(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    row = rng.randrange(len(lines))
    lines[row] = rng.choice((lines[row] + b",", lines[row] + b",1,2,3", lines[row].rpartition(b",")[0], b"", b"# note"))
    return b"\n".join(lines)


def rename_columns(rng: random.Random, content: bytes) -> bytes:
    header, _, rest = content.partition(b"\n")
    names = header.split(b",")
    name = rng.choice((names[0], b"", b'"a,b"', b"a.1", b" key ", b"x" * 20_000, b"<b>*key*</b>"))
    names[rng.randrange(len(names))] = name
    return b",".join(names) + b"\n" + rest


def change_separator(rng: random.Random, content: bytes) -> bytes:
    return content.replace(b",", rng.choice((b";", b"\t", b"|", b", ", b" ", b"\x01")))


def change_encoding(rng: random.Random, content: bytes) -> bytes:
    text = content.decode(errors="replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "cp037")), "replace")


def change_line_ends(rng: random.Random, content: bytes) -> bytes:
    return content.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\r", b"\n\n", "\N{LINE SEPARATOR}".encode())))
