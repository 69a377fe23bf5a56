"""Reads stored records: compressed JSON, upgraded step by step."""

from __future__ import annotations

import zlib
from typing import Any

from pydantic_core import from_json
from sqlalchemy import type_coerce
from sqlalchemy.types import NullType

from bench.run.job import JobKind
from bench.run.job_record import JobRecord
from bench.run.measurement import MeasurementRecord
from bench.run.outcome import describe_outcome
from bench.run.record import Run
from bench.run.sweep import SweepRecord
from bench.run.upgrades import upgrade_record
from bench.storage.pictures import attach_pictures
from bench.storage.schema import records_table

MODELS: dict[str, type[JobRecord]] = {JobKind.MEASUREMENT: MeasurementRecord, JobKind.SWEEP: SweepRecord}
"""By the kind of job; all others are races."""
RECORD = type_coerce(records_table.c.record, NullType()).label("record")
"""The compressed record as it is stored. Converted by SQLAlchemy, one that is no binary value would hide all others."""


def decompress(stored: object) -> bytes:
    """The JSON of a stored record. Raises ValueError and zlib.error."""
    if not isinstance(stored, bytes | memoryview):
        raise ValueError("it is not compressed")
    return zlib.decompress(stored)


def parse_record(content: bytes) -> dict[str, Any]:
    """Raises ValueError if `content` is not the JSON of an object."""
    fields = from_json(content)
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    return fields


def make_record(kind: str, fields: dict[str, Any]) -> JobRecord:
    return MODELS.get(kind, Run).model_validate(upgrade_record(fields))


def read_sentence(stored: object) -> str:
    try:
        # Without its pictures, which say nothing here.
        fields, _ = attach_pictures(parse_record(decompress(stored)), {})
        record = make_record(JobKind.RACE, fields)
    except (zlib.error, ValueError) as error:
        return f"No claim: the record of this run cannot be read ({error})."
    assert isinstance(record, Run)
    return describe_outcome(record)
