"""Upgrades records and journals of version 2 to version 3, in which notes have kinds.

In versions 1 and 2, a finding had the title of what its rule asks for: "The interval of the ratio excludes 1" for one
that contains 1. In version 3 it has that of what was found. Journals and records of version 2 that were written later
have both already.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

TITLES = {
    "complete": ("", "The run is not complete"),
    "absolute-baseline": ("", "Too few pairs"),
    "same-conditions": ("A service does the work of one arm", "The arms did not run under the same conditions"),
    "engaged": ("Only some steps were accelerated", "The accelerated path did not run"),
    "same-work": ("Different numbers of iterations", "The arms did different amounts of work"),
    "accuracy": ("", "The accuracy is not shown to be within the limit"),
    "interval": ("", "The interval contains 1"),
    "materialised": ("", "Work was left when the clock stopped"),
    "background": ("Other programs ran during both arms", "Background load differed between the arms"),
    "different-code": ("", "Both arms ran the same code"),
    "order-within-pairs": ("The order within pairs has an effect", "The order within pairs explains the ratio"),
    "got-processor": ("The arms waited for the processor", "An arm waited for the processor"),
    "ran-without-interruption": ("Not known whether an arm was interrupted", "An arm was interrupted"),
    "not-throttled": ("A CPU quota stopped an arm for a short time", "A CPU quota stopped an arm"),
    "best-with-best": ("An arm is faster at another core count", ""),
    "narrow": ("The interval is wider than requested", ""),
    "spread": ("The times vary widely", ""),
    "warm": ("The first call is slower", ""),
    "cores-used": ("Not all requested cores were used", ""),
    "placed-alike": ("The threads of one arm were placed differently", ""),
    "whole-machine": ("Some of the machine's cores", ""),
    "part-of-whole": ("Part of the total", ""),
    "real-data": ("Generated data or untrained weights", ""),
    "quiet": ("Noisy machine", ""),
    "measured": ("", ""),
    "stable": ("The ratio moved during the race", ""),
    "fair-baseline": ("The baseline is naive", ""),
    "typical-input": ("The input may favour one arm", ""),
    "strict-limits": ("A limit is looser than the default", ""),
}
"""By rule: the title of a note and of a refusal. Frozen: what later versions find has its own titles."""
SPECIFIC_TITLES = (
    ("complete", "it was stopped", "The run was stopped"),
    ("complete", "it was interrupted", "The run was interrupted"),
    ("same-conditions", "never prepared", "An arm was never prepared"),
    ("engaged", "there is no evidence", "No evidence of the accelerated path"),
    ("engaged", "the baseline ran the accelerated path", "The baseline was accelerated too"),
    ("accuracy", "not measured", "The accuracy was not measured"),
    ("accuracy", "results differ", "The results differ"),
    ("accuracy", "elements that were right before", "The results differ"),
    ("accuracy", "a loss of more than", "The accuracy is below the limit"),
    ("interval", "may be chance", "The difference may be chance"),
    ("background", "not known", "Background load not known"),
    ("order-within-pairs", "too few to know", "Too few pairs to know the effect of their order"),
    ("got-processor", "not known", "Not known whether the arms waited for the processor"),
    ("got-processor", "waited for each other", "Threads of an arm waited for each other"),
    ("not-throttled", "is not known", "Not known whether a CPU quota stopped an arm"),
    ("best-with-best", "one core", "Raced on one core only"),
    ("best-with-best", " tried", "No other core count was tried"),
    ("best-with-best", "too few rounds", "Too few rounds at other core counts"),
    ("best-with-best", "no ratio", "No ratio at the best core counts"),
    ("warm", "still getting faster", "Still warming up"),
    ("warm", "still got faster", "Still warming up"),
    ("warm", "were slower than the later ones", "Still warming up"),
    ("stable", "not known", "Not known whether the ratio was stable"),
    ("fair-baseline", "the slower arm", "The slower arm is naive"),
    ("fair-baseline", ": not known", "Not known how fair the baseline is"),
)
"""Rule, a part of what was seen, and the title of such a finding. The first that fits counts."""
CONDITION_RULES = ("engaged", "cores-used", "whole-machine", "part-of-whole", "real-data")
CONDITION_TITLES = ("The first call is slower", "Raced on one core only")
"""Rules and titles of notes that narrow what a ratio is about. The others were reservations."""


def upgrade_to_3(record: Json) -> Json:
    """The JSON of a run or a measurement in version 3."""
    return _complete_claims(record | {"version": 3})


def upgrade_event_to_3(event: Json) -> Json:
    """The JSON of one event of a journal in version 3."""
    return _complete_claims(event | {"version": 3} if "version" in event else event)


def complete_finding(finding: Json) -> Json:
    """A finding with its kind and the title of what was found. One that has a kind is returned unchanged."""
    if "kind" in finding:
        return finding
    is_note = finding["outcome"] == "annotated"
    if not is_note and finding["outcome"] != "refused":
        return finding | {"kind": None}
    rule = finding["rule"]
    title = _find_title(rule, finding["seen"], is_note=is_note) or finding["title"]
    is_condition = rule in CONDITION_RULES or title in CONDITION_TITLES
    kind = ("condition" if is_condition else "reservation") if is_note else None
    return finding | {"title": title, "kind": kind}


def _complete_claims(fields: Json) -> Json:
    """A record, or an event with claims."""
    if "claims" not in fields:
        return fields
    claims = [
        claim | {"findings": [complete_finding(finding) for finding in claim["findings"]]} for claim in fields["claims"]
    ]
    return fields | {"claims": claims}


def _find_title(rule: str, seen: str, *, is_note: bool) -> str:
    """What was found, in a few words; empty for a rule that is not known."""
    for name, part, title in SPECIFIC_TITLES:
        if name == rule and part in seen:
            return title
    noted, refused = TITLES.get(rule, ("", ""))
    return noted if is_note else refused
