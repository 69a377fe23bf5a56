"""Which stretches of time a run consists of."""

from bench.run import events
from bench.run.events import State
from bench.run.record import Run
from bench.run.time_use import describe_activities
from bench.run.timeline import Span, find_first_pair, measure_paired_s, measure_stages
from bench.values.base import Arm
from bench.values.samples import Phase
from tests.support.runs import make_colour_sample, make_opening

STOCK, FAST = Arm.BASELINE, Arm.ACCELERATED


def progressed(at: float, arm: Arm, text: str, share: float | None = None) -> events.ArmProgressed:
    return events.ArmProgressed(at=at, arm=arm, cores=2, text=text, share=share)


def test_stages_follow_each_other_and_activities_belong_to_an_arm():
    run = Run.from_events(
        [
            make_opening(),
            progressed(0.5, STOCK, "importing the libraries"),
            progressed(0.6, FAST, "importing the libraries"),
            progressed(2.0, STOCK, "first call"),
            events.ArmRested(at=3.0, arm=STOCK, cores=2),
            events.StateChanged(at=4.0, state=State.RACING),
            events.StateChanged(at=9.0, state=State.FINISHED),
        ]
    )
    assert run.timeline == [
        Span(name="preparing", began=0.0, ended=4.0),
        Span(name="importing the libraries", arm=STOCK, cores=2, began=0.5, ended=2.0),
        Span(name="importing the libraries", arm=FAST, cores=2, began=0.6, ended=9.0),
        Span(name="first call", arm=STOCK, cores=2, began=2.0, ended=3.0),
        Span(name="racing", began=4.0, ended=9.0),
    ]
    assert measure_stages(run.timeline, 9.0) == {"preparing": 4.0, "racing": 5.0}


def test_progress_of_one_activity_is_one_span_with_the_newest_share():
    run = Run.from_events(
        [
            make_opening(),
            progressed(1.0, STOCK, "measuring accuracy: 10 of 40 questions", 0.25),
            progressed(2.0, STOCK, "measuring accuracy: 20 of 40 questions", 0.5),
        ]
    )
    assert [span.name for span in run.timeline] == ["preparing", "measuring accuracy"]
    assert run.progress == {STOCK: "measuring accuracy: 20 of 40 questions"}
    assert run.progress_shares == {STOCK: 0.5}
    run.apply(progressed(3.0, STOCK, "comparing the results"))
    assert run.progress_shares == {}, "the share was of the activity before"


def test_only_samples_of_pairs_count_as_paired():
    samples = [
        make_colour_sample(arm, pair, phase)
        for pair, phase in enumerate([Phase.EARLY, Phase.WARM_UP, Phase.RACE, Phase.CORES])
        for arm in Arm
    ]
    expected_s = sum(sample.repetition.wall_s for sample in samples[4:])
    assert measure_paired_s(samples) == expected_s
    assert find_first_pair(samples) == samples[4].repetition.began
    assert find_first_pair(samples[:4]) is None


def test_a_core_count_that_failed_ends_what_its_arms_were_doing():
    run = Run.from_events(
        [
            make_opening(),
            events.ArmProgressed(at=1.0, arm=FAST, cores=1, text="first call"),
            progressed(1.0, STOCK, "waiting"),
            events.CoreCountSkipped(at=2.0, cores=1, why="it failed"),
        ]
    )
    assert run.progress == {STOCK: "waiting"}
    assert [span.ended for span in run.timeline if span.name == "first call"] == [2.0]


def test_the_share_of_the_activities_is_known_only_if_that_of_each_is():
    run = Run.from_events(
        [make_opening(), progressed(1.0, STOCK, "first call"), progressed(1.0, FAST, "measuring accuracy", 0.5)]
    )
    assert describe_activities(run) == ("baseline first call, accelerated measuring accuracy", None)
    run.apply(events.ArmRested(at=2.0, arm=STOCK, cores=2))
    assert describe_activities(run) == ("accelerated measuring accuracy", 0.5)
