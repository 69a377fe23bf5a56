"""The jobs of a script of the user's own, as the command line and the page start them: their plan, and how often they
run the script."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.formatting import format_budget
from bench.plan.plan import Plan
from bench.plan.validation import MAX_TEXT_LENGTH, PlanError, make_plan
from bench.race.budget import MIN_PAIRS_FOR_INTERVAL
from bench.run.measurement import MeasurementRecord
from bench.system.limits import core_limit

WORKLOAD, TASK = "script", "profile"
PROFILE_RUNS = 5
RUNS_OUTSIDE_PAIRS = 4
"""Runs of a race beside its pairs: each arm's first one, and the traced one of its evidence."""
EACH_TIME = "What it writes, it writes each time."


def plan_script(
    script: str,
    arguments: Sequence[str],
    *,
    cores: int | None = None,
    budget_s: float | None = None,
    limit_s: int | None = None,
) -> Plan:
    """The plan of a script; None is the default: all cores, the budget of the workload, and for the limit of one run
    the budget. Raises PlanError.

    Whether the script is Python is checked when its job is queued.
    """
    path = _find_script(script)
    text = json.dumps(list(arguments))
    for name, value in (("script", str(path)), ("arguments", text)):
        if len(value) > MAX_TEXT_LENGTH:
            raise PlanError([f"{name}: expected at most {MAX_TEXT_LENGTH} characters, got {len(value):,}"])
    fields: dict[str, Any] = {} if budget_s is None else {"budget_s": budget_s}
    limit = core_limit()
    parameters = {"script": str(path), "arguments": text}
    if limit_s is not None:
        parameters["limit"] = str(limit_s)
    plan = make_plan(
        WORKLOAD, core_limit=limit, cores=limit if cores is None else cores, parameters=parameters, **fields
    )
    if limit_s is not None:
        return plan
    parameters["limit"] = str(max(1, round(plan.budget_s)))
    return make_plan(WORKLOAD, core_limit=limit, cores=plan.cores, parameters=parameters, budget_s=plan.budget_s)


def _find_script(text: str) -> Path:
    """The file itself, because Python finds the modules beside it and not beside a link to it. Raises PlanError."""
    path = Path(text)
    try:
        path = path.expanduser().resolve()
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        problem = "there is no such file"
    except OSError as error:
        problem = error.strerror or str(error)
    except (RuntimeError, ValueError) as error:
        # An unknown user after ~, a circle of links, or a character that no path has.
        problem = str(error)
    else:
        if stat.S_ISREG(mode) and os.access(path, os.R_OK):
            return path
        if stat.S_ISDIR(mode):
            problem = "this is a folder, not a script"
        else:
            problem = "it cannot be read: permission denied" if stat.S_ISREG(mode) else "this is no regular file"
    name = text if str(path) == text else f"{text} ({path})"
    raise PlanError([f"{name}: {problem}"])


def script_name(plan: Plan) -> str:
    return Path(str(plan.parameters["script"])).name


def describe_profile_runs(plan: Plan, *, races: bool) -> str:
    """How often the profile, and the race after it, run the script of a plan."""
    race = f", then in the race as often as {format_budget(plan.budget_s)} allow" if races else ""
    return f"{script_name(plan)} runs {PROFILE_RUNS} times for the profile{race}. {EACH_TIME}"


def estimate_race_runs(budget_s: float, pair_s: float) -> int:
    """How often a race of this budget runs the script if a run in each arm takes `pair_s` together."""
    pairs = max(MIN_PAIRS_FOR_INTERVAL, round(budget_s / pair_s) if pair_s else 0)
    return 2 * pairs + RUNS_OUTSIDE_PAIRS


def estimate_runs_by_profile(plan: Plan, profile: MeasurementRecord) -> int:
    """How often a race of `plan` runs the script, by the times of a finished profile of it."""
    times = (profile.result or {})["times"]
    return estimate_race_runs(plan.budget_s, float(times["stock"]) + float(times["patched"]))


def explain_no_race(profile: MeasurementRecord) -> str:
    """Why a finished profile leaves nothing to race; empty if a race makes sense."""
    return str((profile.result or {}).get("why_no_race", ""))
