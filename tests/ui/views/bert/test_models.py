"""The models of the tab Ask: why they are not loaded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from bench.plan.validation import make_plan
from bench.scheduler.interactive import RequestState
from bench.values.arms import Failure
from ui.views.bert import models


def test_the_failure_of_a_library_is_shown_as_plain_text_without_paths(monkeypatch):
    plan = make_plan("bert", cores=1)
    failure = Failure(what="![x](http://evil.example) /home/ann/model.pb is damaged", remedy="")
    failed = cast(Any, SimpleNamespace(state=RequestState.FAILED, plan=plan, failure=failure))
    monkeypatch.setattr(models.actions, "why_not_start", lambda: "")
    monkeypatch.setattr("ui.access.redaction.shows_everything", lambda: False)
    text = models._why_not(plan, failed)
    assert text.startswith("The models were not loaded: ")
    assert "\\[x\\]" in text and "/home/ann" not in text and "model.pb is damaged" in text.replace("\\", "")
