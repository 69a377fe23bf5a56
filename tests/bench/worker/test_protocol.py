"""What the messages between a race and its workers refuse."""

import pytest
from pydantic import ValidationError

from bench.worker.protocol import PreparedReply


@pytest.mark.parametrize("times", [{"call_s": {"fit": 1.0}}, {"first_call_s": {"fit": 1.0}}])
def test_an_arm_reports_first_and_warm_calls_of_the_same_steps(times):
    with pytest.raises(ValidationError, match="must be equal"):
        PreparedReply(work=1, data="", **times)
    assert PreparedReply(work=1, data="", first_call_s={"fit": 2.0}, call_s={"fit": 1.0}).call_s == {"fit": 1.0}
