"""What the profile of a script reports. The page server and the command line may read it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.values.output import TextReport

CallPath = Literal["accelerated", "partial", "fallback", "stock", "not called"]
"""Which code a call ran when the script was patched. `accelerated`: oneDAL. `partial`: some calls at this place, or
some that it made, ran oneDAL and others did not. `fallback`: scikit-learn-intelex replaces this method and ran stock
code. `stock`: it does not replace it. `not called`: the patched script did not make this call."""


class OutputLog(BaseModel):
    """What one run of the script printed. Long output is cut in the middle, with a note."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: str
    """Which run: `stock` or `patched`."""
    stdout: str
    stderr: str


class CallSite(BaseModel):
    """All calls of one method from one line of the script, or made by such calls."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    """Empty if the script's own code did not make the call, so that the line is not known."""
    line: int
    source: str = ""
    """The text of that line; empty if it is not known."""
    path: list[str]
    """The calls that lead here, the outermost first, such as `["Pipeline.fit", "SVC.fit"]`."""
    in_workers: bool
    """Whether other threads or processes made the calls, so that their times may overlap and are no part of the time
    of the calls above."""
    calls: int | None
    """In the stock run; None if it made none here."""
    patched_calls: int | None
    stock_s: float | None
    """Seconds in the stock run, with all that these calls do."""
    stock_self_s: float | None
    """The same without traced calls of the same thread inside of them."""
    patched_s: float | None
    patched_self_s: float | None
    errors: int
    """How many calls of the patched run raised an exception."""
    ran: CallPath
    reason: str
    """Why it did not run accelerated, in the words of the library if it gives a reason; empty if it ran accelerated."""
    log: dict[str, int]
    """Messages of the log of scikit-learn-intelex, with their numbers."""
    onedal_calls: int
    """Calls of oneDAL itself in the patched run, without those that only check data."""
    onedal_s: float
    share: float | None
    """Share of the stock script's run time; None in workers."""
    bound: float | None
    """The whole script gets at most so many times faster if these calls take no time (Amdahl); None if unbounded or
    not known."""


class ScriptTimes(BaseModel):
    """Seconds from start to exit of one run each. They are no measurement of a speedup: the race is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stock: float
    patched: float
    stock_traced: float
    patched_traced: float
    stock_tracing: float
    """What tracing the calls of the stock run cost: their number times the cost of a call that does nothing."""
    patched_tracing: float


class ProfileResult(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    script: str
    digest: str
    """SHA-256 of the script and its arguments. See `ScriptCall.digest`."""
    arguments: list[str]
    times: ScriptTimes
    sites: list[CallSite] = Field(description="By time in the stock run; calls inside of others follow them.")
    left_out: int
    """Number of call sites that took least time and are not in `sites`."""
    outside_s: float
    """Time of the traced stock run outside of all traced calls."""
    patched_outside_s: float
    accelerated_share: float
    """Share of the traced stock run in calls that ran accelerated when patched."""
    bound: float | None
    """The script gets at most so many times faster if those calls take no time; None if nothing else takes time."""
    why_no_race: str
    """Why there is nothing to race; empty if there is."""
    text: TextReport
