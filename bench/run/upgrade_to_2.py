"""Upgrades records and journals of version 1, which Fairlap 0.1.0 wrote, to version 2.

Version 2 has one word for one thing (`arm`, not `side`), cases instead of parameters that chose a variant, and the
labels, units and published figures that a run is drawn with. 0.1.0 looked those up in its declarations:
`declarations_0_1_0.json` is a copy of them, made with 0.1.0 itself, with the cases of version 2 added. Texts that 0.1.0
wrote, such as claims, stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.formatting import format_number

Json = dict[str, Any]

DECLARATIONS_FILE = Path(__file__).with_name("declarations_0_1_0.json")
ARMS = ("baseline", "accelerated")
OLD_TOTAL, TOTAL = "whole", "total"
"""Name of the sum of all steps."""
MODIN_SELECTION = "selection"
"""The case of Modin that times the calls that its parameter `calls` names."""
DEFAULT_TARGET, DEFAULT_SEED, DEFAULT_ACCURACY_LIMIT = 0.03, 0, 0.99


def upgrade_to_2(record: Json) -> Json:
    """The JSON of a run in version 2."""
    return record | {
        "version": 2,
        **_describe_run(record["plan"], record["machine"]),
        "prepared": [_upgrade_prepared(prepared) for prepared in record["prepared"]],
        "samples": [_upgrade_sample(sample) for sample in record["samples"]],
        "placements": [_rename_arm(placement) for placement in record["placements"]],
        "estimates": [_upgrade_estimate(estimate) for estimate in record["estimates"]],
        "statistics": [_rename_total(comparison) for comparison in record["statistics"]],
        "core_counts": [_rename_arm(count) for count in record["core_counts"]],
        "claims": [_rename_total(claim) for claim in record["claims"]],
        "failure": record["failure"] and _rename_arm(record["failure"]),
    }


def upgrade_event_to_2(event: Json) -> Json:
    """The JSON of one event of a journal in version 2."""
    match event["type"]:
        case "opened":
            return event | {"version": 2, **_describe_run(event["plan"], event["machine"])}
        case "progress" | "evidence":
            return _rename_arm(event)
        case "prepared":
            return event | {"prepared": _upgrade_prepared(event["prepared"])}
        case "sample":
            return event | {"sample": _upgrade_sample(event["sample"])}
        case "placed":
            return event | {"placement": _rename_arm(event["placement"])}
        case "estimate":
            return event | {"comparisons": [_rename_total(comparison) for comparison in event["comparisons"]]}
        case "cores":
            return event | {"counts": [_rename_arm(count) for count in event["counts"]]}
        case "verdict":
            return event | {"claims": [_rename_total(claim) for claim in event["claims"]]}
        case "failed":
            return event | {"failure": _rename_arm(event["failure"])}
        case _:
            return event


def describe_plan(plan: Json) -> Json:
    """What lists show of a plan of version 1: case, titles, labels and digest of its plan in version 2."""
    new, snapshot = upgrade_plan(plan), take_snapshot(plan)
    title, case_label = snapshot["workload_title"], snapshot["case_label"]
    return {
        "digest": digest_plan(new),
        "workload_title": title,
        "case_name": new["case"],
        "case_label": case_label,
        "title": f"{title}, {case_label}" if case_label else title,
        "baseline": new["baseline"],
        "accelerated": new["accelerated"],
        "baseline_label": snapshot["arms"]["baseline"],
        "accelerated_label": snapshot["arms"]["accelerated"],
    }


# Plans


def upgrade_plan(plan: Json) -> Json:
    """The plan with its case, and without the parameters that have become case and lever."""
    parameters = dict(plan["parameters"])
    arms = {arm: plan[arm] for arm in ARMS}
    match plan["workload"]:
        case "memory-traffic":
            case = parameters.pop("transformation")
            # The values of the lever were called 'before' and 'after'; these parameters named the loops behind them.
            loops = {"before": parameters.pop("before"), "after": parameters.pop("after")}
            defaults = dict(zip(loops, (_declaration(plan)["cases"][case][arm] for arm in ARMS), strict=True))
            arms = {arm: defaults[name] if loops[name] == "default" else loops[name] for arm, name in arms.items()}
            parameters = _case_parameters(parameters, _declaration(plan)["cases"][case]["parameters"])
        case "modin":
            case, calls = _modin_case(plan, parameters.pop("steps"))
            parameters |= calls
        case _:
            (case,) = _declaration(plan)["cases"]
    return plan | {"case": case, "parameters": parameters, **arms}


def _case_parameters(parameters: Json, defaults: Json) -> Json:
    """The parameters that have an effect on a case of memory traffic. A size or a tile of 0 was the default."""
    return {
        name: defaults[name] if name in ("size", "tile") and value == 0 else value
        for name, value in parameters.items()
        if name == "vectors" or name in defaults
    }


def _modin_case(plan: Json, steps: str) -> tuple[str, Json]:
    """The case for what the parameter `steps` named, groups or single calls, and the parameters of that case."""
    for name, case in _declaration(plan)["cases"].items():
        if set(case["steps"]) == set(steps.split(",")):
            return name, {}
    return MODIN_SELECTION, {"calls": ",".join(step["name"] for step in _steps(plan))}


def digest_plan(plan: Json) -> str:
    """The digest of a plan of version 2: equal to `Plan.digest`."""
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


# Declarations


@cache
def _declarations() -> Json:
    return json.loads(DECLARATIONS_FILE.read_text())


def _declaration(plan: Json) -> Json:
    """Raises ValueError for a workload that 0.1.0 did not have."""
    declaration = _declarations().get(plan["workload"])
    if declaration is None:
        raise ValueError(f"version 0.1.0 has no workload {plan['workload']!r}")
    return declaration


def _steps(plan: Json) -> list[Json]:
    """The declared steps that a run of this plan timed, in order."""
    steps = _declaration(plan)["steps"]
    if plan["workload"] != "modin":
        return steps
    # Each name is that of a step or of a group of steps.
    chosen = set(plan["parameters"]["steps"].split(","))
    return [step for step in steps if chosen & {step["name"], *step["groups"]}]


def take_snapshot(plan: Json) -> Json:
    """The JSON of the `DeclarationSnapshot` of a plan of version 1."""
    declaration, new = _declaration(plan), upgrade_plan(plan)
    case = declaration["cases"][new["case"]]
    labels = case.get("labels") or declaration["lever"]["labels"]
    return {
        "workload_title": declaration["title"],
        "icon": declaration["icon"],
        "unit": declaration["unit"],
        "source": declaration["source"],
        "case_label": case.get("label", ""),
        "lever_label": declaration["lever"]["label"],
        "changes_arithmetic": declaration["lever"]["changes_arithmetic"],
        "arms": {arm: labels.get(new[arm], new[arm]) for arm in ARMS},
        "steps": [{name: value for name, value in step.items() if name != "groups"} for step in _steps(plan)],
        "published": declaration["published"],
        "batch_label": declaration["batch_label"],
        "parameters": [
            {"name": name, "label": parameter["label"], "value": _format_value(parameter, new["parameters"][name])}
            for name, parameter in _parameters(plan).items()
            if name in new["parameters"]
        ],
        "command": _format_command(plan, new),
        "synthetic": declaration["synthetic"],
    }


def _parameters(plan: Json) -> dict[str, Json]:
    """The declared parameters by name, with the one that Modin's selection has in version 2."""
    declaration = _declaration(plan)
    parameters = {parameter["name"]: parameter for parameter in declaration["parameters"]}
    if plan["workload"] != "modin":
        return parameters
    calls = {"label": "Calls", "choices": {step["name"]: step["label"] for step in declaration["steps"]}}
    return {"calls": calls} | parameters


def _format_value(parameter: Json, value: Any) -> str:
    """The value of a parameter as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        choices = parameter.get("choices", {})
        if value in choices or not all(name in choices for name in value.split(",")):
            return choices.get(value, value)
        return ", ".join(choices[name] for name in value.split(","))
    return parameter.get("stop_labels", {}).get(str(value)) or format_number(value)


def _format_command(plan: Json, new: Json) -> str:
    """The command line of version 2 that runs the plan again."""
    declaration = _declaration(plan)
    cases, declared = declaration["cases"], _parameters(plan)
    default_arms = declaration["lever"] | cases[new["case"]]
    words = ["python -m bench run", plan["workload"]]
    words += [f"--case {new['case']}"] if len(cases) > 1 else []
    words += [f"--cores {plan['cores']}", f"--batch {plan['batch']}"]
    words += [f"--{arm} {new[arm]}" for arm in ARMS if new[arm] != default_arms[arm]]
    words += [
        f"--set {shlex.quote(f'{name}={_format_setting(value)}')}"
        for name, value in new["parameters"].items()
        if value != cases[new["case"]].get("parameters", {}).get(name, declared[name].get("default"))
    ]
    words.append(f"--budget {_format_setting(plan['budget_s'])}")
    others = {
        "target": ("--target", DEFAULT_TARGET),
        "seed": ("--seed", DEFAULT_SEED),
        "accuracy_limit": ("--accuracy-limit", DEFAULT_ACCURACY_LIMIT),
    }
    words += [
        f"{option} {_format_setting(plan[name])}"
        for name, (option, default) in others.items()
        # Later versions have another default for BERT.
        if plan[name] != default or (name == "accuracy_limit" and plan["workload"] == "bert")
    ]
    return " ".join(words)


def _format_setting(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


# Parts of records and events


def _describe_run(plan: Json, machine: Json) -> Json:
    new = upgrade_plan(plan)
    # 0.1.0 stored the boot id with the machine, and no id of the machine itself.
    others = {name: value for name, value in machine.items() if name != "boot_id"}
    return {
        "plan": new,
        "snapshot": take_snapshot(plan),
        "digest": digest_plan(new),
        "requester": "",
        "machine": others | {"identity": {"machine_id": None, "host": None, "boot_id": machine["boot_id"]}},
    }


def _upgrade_prepared(prepared: Json) -> Json:
    return _rename_arm(_rename(prepared, {"work_of": "step_work"}))


def _upgrade_sample(sample: Json) -> Json:
    names = {"processor_s": "cpu_s", "idle_processor_s": "idle_cpu_s", "apart": "excluded_from_total"}
    renamed = _rename_arm(_rename(sample, {"measurement": "repetition"}))
    repetition = _rename(renamed["repetition"], names)
    steps = [_rename(step, names) for step in repetition["steps"]]
    return renamed | {"repetition": repetition | {"steps": steps}}


def _upgrade_estimate(estimate: Json) -> Json:
    return estimate | {"ratios": _rename(estimate["ratios"], {OLD_TOTAL: TOTAL})}


def _rename_total(fields: Json) -> Json:
    """A comparison or a claim, of a step or of the total."""
    return fields | {"step": TOTAL} if fields["step"] == OLD_TOTAL else fields


def _rename_arm(fields: Json) -> Json:
    return _rename(fields, {"side": "arm"})


def _rename(fields: Json, names: Mapping[str, str]) -> Json:
    return {names.get(name, name): value for name, value in fields.items()}
