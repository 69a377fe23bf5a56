"""SQuAD and YAML documents, and what changes their nodes."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import yaml

from workloads.bert.quantization.template import QUANTIZATION_YAML


def write_squad(rng: random.Random) -> bytes:
    passages = ["the old bridge was built by the river in 1901", "Zürich liegt am See, 東京は大きい 🙂"]
    paragraphs = []
    for number in range(rng.choice((1, 4, 40))):
        passage = rng.choice(passages)
        answer = rng.choice(passage.split(" "))
        answers = [{"text": answer, "answer_start": passage.index(answer)}]
        qas = [{"id": f"{number}-{n}", "question": "what is it", "answers": answers} for n in range(rng.randint(1, 3))]
        paragraphs.append({"context": passage, "qas": qas})
    document = {"version": "1.1", "data": [{"title": "t", "paragraphs": paragraphs}]}
    return json.dumps(document, ensure_ascii=rng.random() < 0.5).encode()


def write_yaml(rng: random.Random) -> bytes:
    return QUANTIZATION_YAML.encode()


VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    2**70,
    1e308,
    float("inf"),
    float("nan"),
    "",
    "\0",
    "\N{RIGHT-TO-LEFT OVERRIDE}x",
    "![p](https://example.org/p.png) <b>bold</b>",
    [],
    {},
    [[]],
    {"": {}},
    "x" * 100_000,
    list(range(2000)),
)


def _change_node(rng: random.Random, document: Any) -> Any:
    """`document` with one change at a random place: a value replaced, deleted, duplicated or moved."""
    document = copy.deepcopy(document)
    places: list[tuple[Any, Any]] = []

    def collect(node: Any) -> None:
        keys = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        for key in keys:
            places.append((node, key))
            collect(node[key])

    collect(document)
    if not places:
        return rng.choice(VALUES)
    holder, key = rng.choice(places)
    match rng.randrange(5):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        case 2:
            other, other_key = rng.choice(places)
            holder[key], other[other_key] = copy.deepcopy(other[other_key]), copy.deepcopy(holder[key])
        case 3 if isinstance(holder, dict):
            holder[rng.choice(("", "data", "answers", "null", "__proto__", "x" * 3000))] = holder.pop(key)
        case _:
            holder[key] = rng.choice(VALUES)
    return document


def change_json_node(rng: random.Random, content: bytes) -> bytes:
    try:
        return json.dumps(_change_node(rng, json.loads(content))).encode()
    except (ValueError, RecursionError):
        return content


def change_json_layout(rng: random.Random, content: bytes) -> bytes:
    depth = rng.choice((10, 900, 200_000))
    return rng.choice(
        (
            b"[" * depth + content + b"]" * depth,
            b'{"data":' * depth + content + b"}" * depth,
            content + b"\n" + content,
            content.replace(b"}, {", b"}\n{"),
            content.replace(b"{", b"[").replace(b"}", b"]"),
            content.replace(b'"answer_start": ', b'"answer_start": 1'),
            content.replace(b'"text": "', b'"text": "\\ud800'),
        )
    )


def change_yaml_node(rng: random.Random, content: bytes) -> bytes:
    try:
        document = yaml.safe_load(content)
        return yaml.safe_dump(_change_node(rng, document), default_flow_style=rng.random() < 0.3).encode()
    # PyYAML raises ValueError and others for what only looks like a number or a date.
    except (yaml.YAMLError, ValueError, TypeError, RecursionError, AttributeError):
        return content


YAML_VALUES = (
    b"&a [*a]",
    b"*missing",
    b"!!python/object/apply:os.system [id]",
    b"!!binary zzz",
    b"!!timestamp x",
    b"2024-99-99",
    b"1:2:3:4",
    b"0b2",
    b"0o9",
    b"0x",
    b"1__0",
    b".inf",
    b".nan",
    b"- - - x",
    b"{a: {b: {c: d}}}",
    b"{" * 3000,
    b"? [x, y]",
    b"|\n  text",
    b"'open",
    b'"\\x"',
    b'"\\uD800"',
    b"@x",
    b"%YAML 9.9",
    b"...\n---\nb: 1",
    b"\t",
    b"9" * 5000,
    b"-" + b"9" * 5000,
    b"1e" + b"9" * 300,
    b"<<: {a: 1}",
    b"~",
)


def replace_yaml_value(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    row = rng.randrange(len(lines))
    key, colon, _ = lines[row].partition(b":")
    lines[row] = key + colon + b" " + rng.choice(YAML_VALUES)
    return b"\n".join(lines)


def change_indentation(rng: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    for _ in range(rng.choice((1, 3))):
        row = rng.randrange(len(lines))
        lines[row] = rng.choice((b" ", b"\t", b"   ", b"- ")) + lines[row].lstrip()
    return b"\n".join(lines)
