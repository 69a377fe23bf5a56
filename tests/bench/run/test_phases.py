"""The phases of a task, from its lines of progress."""

from __future__ import annotations

from bench.run.measurement import ProgressLine
from bench.run.phases import list_phases, measure_phases


def make_lines(*lines: tuple[float, str, float | None]) -> list[ProgressLine]:
    return [ProgressLine(at=at, text=text, share=share) for at, text, share in lines]


def test_a_phase_lasts_until_the_next_activity():
    phases = list_phases(
        make_lines(
            (1, "importing the libraries", None),
            (4, "reading model: small", None),
            (5, "measuring accuracy: 1 of 4 questions", 0.25),
            (9, "measuring accuracy: 4 of 4 questions", 1.0),
        )
    )
    assert [(phase.name, phase.detail, phase.began_s, phase.ended_s) for phase in phases] == [
        ("importing the libraries", "", 1, 4),
        ("reading model", "small", 4, 5),
        ("measuring accuracy", "4 of 4 questions", 5, None),
    ]
    assert phases[-1].share == 1.0
    assert measure_phases(phases, until=12) == {
        "importing the libraries": 3,
        "reading model": 1,
        "measuring accuracy": 7,
    }


def test_a_message_without_a_count_does_not_replace_one():
    lines = make_lines((0, "calibrating: 3 of 9 windows", 1 / 3), (1, "calibrating: a pass took 2 s", None))
    (phase,) = list_phases(lines)
    assert (phase.detail, phase.share) == ("3 of 9 windows", 1 / 3)


def test_a_phase_that_occurs_again_adds_to_its_time():
    lines = make_lines((0, "tuning: trial 1", None), (2, "calibrating: 1 of 1", 1.0), (5, "tuning: trial 2", None))
    assert measure_phases(list_phases(lines), until=6) == {"tuning": 3, "calibrating": 3}


def test_a_count_without_the_name_of_an_activity_is_one_phase():
    lines = make_lines((0, "round 1 of 3", 1 / 3), (2, "round 2 of 3", 2 / 3), (3, "writing", None))
    assert [(phase.name, phase.ended_s) for phase in list_phases(lines)] == [("round 2 of 3", 3), ("writing", None)]
