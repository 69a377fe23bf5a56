"""Which path a step took, judged by the two witnesses of `sklearnex_adapter`: the log and the traced calls."""

from __future__ import annotations

from typing import Any

from bench.values.samples import Evidence
from workloads.estimators.sklearnex_adapter import ACCELERATED, FELL_BACK, PathLog, Testimony

MAX_QUOTED_MESSAGES = 3
"""Messages of the log that the evidence of a step quotes."""


def describe_origin(implementation: Any) -> str:
    """The module and name of the class or function that runs."""
    return f"{implementation.__module__}.{implementation.__qualname__}"


def judge_step(log: PathLog, step: str, testimony: Testimony, implementation: Any) -> Evidence:
    """The path of a step that `implementation`, a class or function, computes. It counts as accelerated only if the log
    reports it and oneDAL was called."""
    messages = log.count_messages(step)
    accelerated = sum(times for text, times in messages.items() if ACCELERATED in text)
    fell_back = sum(times for text, times in messages.items() if FELL_BACK in text)
    native = ", ".join(testimony.native_calls)
    words = [
        f"runs {describe_origin(implementation)}",
        *(
            f"log: {times:,} × {text}"
            for text, times in messages.most_common()
            if ACCELERATED in text or FELL_BACK in text
        ),
    ][: MAX_QUOTED_MESSAGES + 1]
    words += [f"log: {cause}" for cause in testimony.causes]
    words += [f"log: {remark}" for remark in log.list_remarks(step)[:MAX_QUOTED_MESSAGES]]
    words.append(f"trace of one call: {native}" if native else "trace of one call: no call reached oneDAL")
    name, causes = implementation.__name__, " ".join(testimony.causes)
    path, reason = "accelerated", ""
    if not native and accelerated and not fell_back:
        path, reason = "stock", "the log says accelerated, but no call reached oneDAL"
    elif not native and not messages:
        path, reason = "stock", f"scikit-learn-intelex does not accelerate {name}"
    elif not native:
        path, reason = "stock", causes or "fell back, and the log names no reason"
    elif not messages:
        path, reason = "unknown", "oneDAL was called, but the log has no message"
    elif implementation.__module__.startswith("sklearn."):
        path, reason = "stock", f"partial: only parts inside of stock {name} are accelerated"
    elif fell_back:
        path, reason = "stock", f"partial: {causes or 'some calls fell back'}"
    return Evidence(
        step=step,
        path=path,
        words=words,
        calls=accelerated + fell_back,
        accelerated_calls=accelerated if native else 0,
        reason=reason,
    )
