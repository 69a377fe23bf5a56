"""In how many steps the fast path ran, as a clause."""

import pytest

from bench.claims.evidence import describe_engagement
from bench.values.base import Arm
from bench.values.samples import Evidence
from tests.support.runs import make_claim_run


def collect(*paths: str, **fields) -> list[Evidence]:
    steps = ("fit", "predict")
    return [
        Evidence(step=step, path=path, words=["x"], **fields) for step, path in zip(steps, paths, strict=False) if path
    ]


@pytest.mark.parametrize(
    ("evidence", "text"),
    [
        (collect("accelerated", "accelerated"), "the fast path ran in all 2 steps that have one"),
        (collect("accelerated", "stock"), "the fast path ran in 1 of 2 steps"),
        # Without evidence of a step, nothing is known about it.
        (collect("accelerated"), "the fast path ran in 1 of 2 steps"),
        (collect("accelerated", reason="x", calls=2, accelerated_calls=1), "the fast path ran in 1 of 2 steps"),
        (collect("accelerated", "accelerated", reason="x", calls=2, accelerated_calls=1), "the fast path ran in part"),
        (collect("stock", "stock"), "the fast path did not run"),
        ([], "the fast path did not run"),
    ],
)
def test_every_step_that_the_lever_changes_counts(evidence, text):
    run = make_claim_run(pairs=8)
    run.evidence = {Arm.ACCELERATED: evidence}
    assert describe_engagement(run) == text


def test_one_step_has_no_number():
    run = make_claim_run(pairs=8)
    run.evidence = {Arm.ACCELERATED: collect("accelerated")}
    assert describe_engagement(run, "fit") == "the fast path ran"
    assert describe_engagement(run, "predict") == "the fast path did not run"
