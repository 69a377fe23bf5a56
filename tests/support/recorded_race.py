"""A race that was recorded on a machine with two cores: colour quantization with scikit-learn-intelex."""

from pathlib import Path

from bench.run.job import JobKind
from bench.run.record import Run
from bench.storage.records import decompress, make_record, parse_record

RECORD = Path(__file__).with_name("race-colours.zlib")
"""The record as the store keeps it, without pictures, host name and paths."""


def load_recorded_race() -> Run:
    record = make_record(JobKind.RACE, parse_record(decompress(RECORD.read_bytes())))
    assert isinstance(record, Run)
    return record
