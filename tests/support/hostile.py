"""Texts that would be links, pictures, formulas or icons if a page did not escape them, and records full of them."""

from typing import Any

from pydantic import BaseModel

from bench.run.events import State
from bench.run.record import Run
from bench.values.arms import Failure
from bench.values.base import Arm
from bench.values.output import Table
from bench.values.samples import Evidence

HOST = "evil.example"
HOSTILE_TEXT = (
    f"![p](https://{HOST}/p.png) [Your session expired: sign in](https://{HOST}/in) <img src=https://{HOST}/i.png> "
    f'<a href="https://{HOST}/a">a</a> https://{HOST}/auto www.{HOST} :red[r] `c` $x$ :material/home: %{{y}}'
)
TEXT_FIELDS = {
    *("label", "description", "unit", "source", "why_it_differs", "title", "seen", "remedy", "reason", "why", "what"),
    *("workload_title", "case_label", "lever_label", "command", "synthetic", "batch_label", "processor", "vendor"),
    *("operating_system", "requester"),
}
"""Fields of records that hold texts of libraries, files and people."""
SAMPLES = [
    *(f"![p](https://{HOST}/p.png)", f"[Sign in](https://{HOST}/)", f"https://{HOST}/x", f"HTTPS://{HOST.upper()}"),
    *(f"www.{HOST}", f"mail a@{HOST} now", f"xmpp:foo@{HOST}", f"mailto:foo@{HOST}", f"ftp://{HOST}"),
    *(
        f"<img src=https://{HOST}/i.png>",
        f"<https://{HOST}>",
        f"[ref]: https://{HOST} 'x'",
        f"http://{HOST}:80/?a=1&b=2",
    ),
    *(":material/home: x", ":red[hot] :red-badge[b]", ":smile: :joy:", ":streamlit: :rainbow[x]", "$E=mc^2$ and $$x$$"),
    *("# Heading", "#tag #", "- item", "- [ ] task", "1. one", "2) two", "+ a", "> q", "---", "===", "    indented"),
    *("a\nb\n\n# c", "a | b\n--- | ---\n1 | 2", "a  \nb", "`code` ``x``", "*e* _e_ **s** ~~d~~", "[^1] foot"),
    *("a -> b -- c <- d >= e <= f != g ~= h", "&lt;b&gt; &amp;", "x\\y \\* z", "C:\\Users\\x", "--set engine=: a"),
    *("{{x}} ::: note", "(c) (tm) ...", "日本語 ü"),
]
"""One text for each thing that Streamlit reads as Markdown, or replaces in it."""


def make_hostile(value: Any) -> Any:
    """A copy of a record, or of a part of it, with `HOSTILE_TEXT` in every text that may come from elsewhere."""
    if isinstance(value, BaseModel):
        changes = {
            name: HOSTILE_TEXT
            if name in TEXT_FIELDS and type(getattr(value, name)) is str
            else make_hostile(getattr(value, name))
            for name in type(value).model_fields
        }
        return value.model_copy(update=changes)
    if isinstance(value, list):
        return [make_hostile(item) for item in value]
    if isinstance(value, dict):
        return {name: make_hostile(item) for name, item in value.items()}
    return value


def make_hostile_run(run: Run, run_id: str, *, failed: bool = False) -> Run:
    """A stored run of another workload's version, or of somebody who edited the database."""
    hostile: Run = make_hostile(run)
    snapshot = hostile.snapshot.model_copy(update={"arms": dict.fromkeys(Arm, HOSTILE_TEXT)})
    evidence = [
        Evidence(step=step.name, path="accelerated", reason=HOSTILE_TEXT, words=[HOSTILE_TEXT])
        for step in snapshot.steps
    ]
    table = Table(name="t", label=HOSTILE_TEXT, columns=[HOSTILE_TEXT, "b"], rows=[[HOSTILE_TEXT, HOSTILE_TEXT]])
    failure = Failure(what=HOSTILE_TEXT, remedy=HOSTILE_TEXT, log=[HOSTILE_TEXT])
    return hostile.model_copy(
        update={
            "id": run_id,
            "snapshot": snapshot,
            "requester": HOSTILE_TEXT,
            "state": State.FAILED if failed else State.FINISHED,
            "why": HOSTILE_TEXT,
            "failure": failure if failed else None,
            "evidence": {Arm.ACCELERATED: evidence, Arm.BASELINE: evidence},
            "tables": [table],
            "skipped_core_counts": {3: HOSTILE_TEXT},
        }
    )
