"""Files of questions about one passage."""

from __future__ import annotations

import json

PASSAGE = "The old mill stands by the river. Café Müller opened in 1921 📚 near the mill."


def make_question(text: str, start: int | None = None, **fields) -> dict:
    place = PASSAGE.index(text) if start is None else start
    return {"id": "1", "question": "Where?", "answers": [{"text": text, "answer_start": place}]} | fields


def make_file(*qas: dict, context: str = PASSAGE) -> bytes:
    return json.dumps({"version": "1.1", "data": [{"paragraphs": [{"context": context, "qas": list(qas)}]}]}).encode()
