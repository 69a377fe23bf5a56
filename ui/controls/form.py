"""The controls of a race page: made from a workload's declaration, kept in the URL, checked into a plan.

The URL says what `Plan.to_query` says, values by name, so that a link, a reload and the browser's back button bring the
same plan. (Streamlit's own binding writes what a widget shows, 'all pixels' instead of 1000000000, leaves out defaults
that are a machine's own, and lets one page's parameters stand on the next.) A control's value therefore lives in the
session under the workload's name; whenever the URL is not the one that this page wrote last, it is read anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bench.machine.describe import core_limit
from bench.plan.plan import BUDGET_S, TARGET, Plan, PlanError, from_query, make
from bench.storage.uploads import LARGEST_MB, PREFIX, UploadError, is_here, keep, keep_checked
from bench.values import Side
from bench.workload.declaration import Lever, Parameter, Setting, Upload, Workload
from ui.components import claim_card
from ui.design import theme as design_theme
from ui.design.theme import Theme

SLIDER = 140
"""Width of the sliders that are always in sight, so that all of the row fits beside the sidebar."""
WIDE_SLIDER = 220
"""Width of a slider with many stops."""
OWN = "upload"
"""The choice of an image of one's own."""
NOT_OF_THE_PLAN = ("run", "tab")
"""What else may stand in the page's URL."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a part of a page leaves of its workload's controls."""

    sets: Mapping[str, Setting] = field(default_factory=dict)
    """Parameters that have a value there, and no control."""
    without: tuple[str, ...] = ()
    """Parameters that have no say there: they stay at their defaults."""
    front: tuple[str, ...] = ()
    """Parameters that are always in sight, the batch only where it is among them."""
    choices: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What is left to choose from."""
    races: bool = True
    """False where there is no race: then the cores, and what is always in sight, are all that is asked for."""

    def hides(self, name: str) -> bool:
        return name in self.sets or name in self.without


def plan_from_controls(
    workload: Workload,
    theme: Theme = "light",
    messages: DeltaGenerator | None = None,
    narrowed: Narrowed | None = None,
) -> Plan | None:
    """Draw the controls; the plan that they say, or None, with what is wrong with it in `messages` or below."""
    messages = messages or st.container()
    limit = core_limit()
    problems = _follow_url(workload, limit)
    if narrowed:
        _narrow(workload, narrowed)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if narrowed is None:
            _lever(workload, theme)
            _cores(workload, limit)
            _number(workload, workload.batch, width=SLIDER)
            _more(workload, workload.parameters)
        elif narrowed.races:
            _lever(workload, theme)
            _cores(workload, limit)
            _front(workload, narrowed)
            rest = [one for one in (workload.batch, *workload.parameters) if not narrowed.hides(one.name)]
            _more(workload, [one for one in rest if one.name not in narrowed.front], narrowed.choices)
        else:
            _cores(workload, limit)
            _front(workload, narrowed)
    plan = _checked(workload, limit, messages)
    _show(problems, messages)
    if plan is not None:
        _write_url(workload, plan)
    return plan


def _front(workload: Workload, narrowed: Narrowed) -> None:
    for parameter in (workload.batch, *workload.parameters):
        if parameter.name in narrowed.front and parameter.kind in ("integer", "real"):
            _number(workload, parameter, width=SLIDER if parameter is workload.batch else WIDE_SLIDER)
        elif parameter.name in narrowed.front:
            _PARAMETER[parameter.kind](workload, parameter)


def _narrow(workload: Workload, narrowed: Narrowed) -> None:
    """Set what is not to be chosen, and what may not stay as it was chosen elsewhere."""
    wanted = {name: workload.parameter(name).default for name in narrowed.without} | dict(narrowed.sets)
    for name, left in narrowed.choices.items():
        # Of several, each. What was chosen here before another tab had its say comes back.
        kept = [str(_kept(workload).get(f"before:{name}", "")), str(_kept(workload)[name])]
        if set(kept[1].split(",")) <= set(left):
            continue
        parts = [[one for one in value.split(",") if one in left] for value in kept]
        default = [one for one in str(workload.parameter(name).default).split(",") if one in left]
        wanted[name] = ",".join(parts[0] or parts[1] or default)
    for name, value in wanted.items():
        if name in narrowed.sets and _kept(workload)[name] != value:
            _kept(workload)[f"before:{name}"] = _kept(workload)[name]
        put(workload, name, value)


def adopt(plan: Plan) -> None:
    """Set the controls to `plan`, before they are drawn: a run is opened again with its own settings."""
    workload = plan.declaration
    fields = plan.model_dump(exclude={"workload", "parameters"}) | plan.parameters
    fields["cores"] = min(plan.cores, core_limit())
    for name, value in fields.items():
        put(workload, name, value)
    st.session_state[_key(workload, "url")] = _asked()


# --- the URL ---


def _asked() -> dict[str, str]:
    return {name: value for name, value in st.query_params.items() if name not in NOT_OF_THE_PLAN}


def _follow_url(workload: Workload, limit: int) -> list[str]:
    """Take over what the URL asks for, where this page has not written it itself; what is wrong with it comes back.

    A bare URL, as the navigation opens it, changes nothing: what was set in this session stays.
    """
    _fill(workload, limit)
    asked = _asked()
    if not asked or asked == st.session_state.get(_key(workload, "url")):
        return []
    problems: list[str] = []
    given: dict[str, str] = {}
    try:
        from_query(workload.name, asked, core_limit=limit)
        given = asked
    except PlanError as error:
        problems = error.problems
        given = {name: value for name, value in asked.items() if _is_good(workload, name, value, limit)}
    for name in _uploadable(workload):
        if not is_here(given.get(name, "")):
            problems.append(f"{name}: the file {given.pop(name)} is not on this machine; upload it again")
    plan = from_query(workload.name, given, core_limit=limit)
    adopt(plan)
    for name in asked.keys() - given.keys():
        st.query_params.pop(name, None)
    return problems


def _is_good(workload: Workload, name: str, value: str, limit: int) -> bool:
    try:
        from_query(workload.name, {name: value}, core_limit=limit)
    except PlanError:
        return False
    return True


def _write_url(workload: Workload, plan: Plan) -> None:
    query = plan.to_query()
    if query != _asked():
        others = {name: st.query_params[name] for name in NOT_OF_THE_PLAN if name in st.query_params}
        st.query_params.from_dict(query | others)
    st.session_state[_key(workload, "url")] = query


# --- the session ---


def _key(workload: Workload, name: str) -> str:
    """Session key of a control; the workload's name in front, since pages share a session."""
    return f"{workload.name}:{name}"


def _kept(workload: Workload) -> dict[str, Any]:
    """The controls' values. A widget that is not drawn forgets its own; these stay for the session."""
    return st.session_state.setdefault(_key(workload, "kept"), {})


def _fill(workload: Workload, limit: int) -> None:
    """Give every control a value before it is drawn: its own, the one kept, or the default."""
    default = make(workload.name, core_limit=limit)
    fields = default.model_dump(exclude={"workload", "parameters"}) | default.parameters
    for name, value in fields.items():
        key = _key(workload, name)
        if key in st.session_state and st.session_state[key] is not None:
            _kept(workload)[name] = st.session_state[key]
        else:
            st.session_state[key] = _kept(workload).setdefault(name, value)


def put(workload: Workload, name: str, value: Setting) -> None:
    """Set one control, before it is drawn."""
    st.session_state[_key(workload, name)] = _kept(workload)[name] = value
    if name in _of_kind(workload, "several"):
        st.session_state[_key(workload, f"{name}:chosen")] = _names(value)
    if name in _of_kind(workload, "image"):
        own = str(value).startswith("upload:")
        st.session_state[_key(workload, f"{name}:choice")] = OWN if own else value
        if own:
            st.session_state[_key(workload, f"{name}:own")] = value


def _of_kind(workload: Workload, kind: str) -> list[str]:
    return [parameter.name for parameter in workload.parameters if parameter.kind == kind]


def _uploadable(workload: Workload) -> list[str]:
    return _of_kind(workload, "image") + [parameter.name for parameter in workload.parameters if parameter.upload]


# --- the plan ---


def _checked(workload: Workload, limit: int, messages: DeltaGenerator) -> Plan | None:
    value = {name: st.session_state.get(_key(workload, name)) for name in Plan.model_fields}
    fields = {name: given for name, given in value.items() if given is not None}
    for parameter in workload.parameters:
        fields.setdefault("parameters", {})[parameter.name] = st.session_state.get(_key(workload, parameter.name))
    try:
        return make(workload.name, core_limit=limit, **fields)
    except PlanError as error:
        _show(error.problems, messages, "These settings cannot be run", "Change them, and go on.")
        return None


def _show(
    problems: list[str],
    messages: DeltaGenerator,
    title: str = "The address of this page asks for what cannot be run",
    remedy: str = "The default stands in its place.",
) -> None:
    if problems:
        text = "\n".join(f"- {problem}" for problem in problems)
        messages.error(f"{text}\n\n{remedy}", title=title, icon=":material/link_off:")


# --- what is always in sight ---


def _lever(workload: Workload, theme: Theme) -> None:
    """What is compared: with two values the accelerated arm or the baseline against itself, else both arms.

    An extra that is not installed is offered where the URL asks for it alone, beside why it cannot run.
    """
    lever = workload.lever
    baseline, accelerated = (_key(workload, side.value) for side in Side)
    asked = {st.session_state[baseline], st.session_state[accelerated]}
    missing = {value.name: value.unavailable() for value in lever.values if value.extra and value.unavailable()}
    names = [value.name for value in lever.values if value.name not in missing or value.name in asked]
    missing_help = [f"Not offered: {why}" for why in missing.values()]
    if len(names) > 2 or st.session_state[baseline] != lever.baseline:
        for side, key, label in ((Side.BASELINE, baseline, "Baseline"), (Side.ACCELERATED, accelerated, "Against")):
            help_text = "\n\n".join([lever.label, *missing_help])
            _choose(f"{design_theme.glyph(side, theme)} {label}", names, key, lambda name: lever[name].label, help_text)
        return
    label = f"{design_theme.glyph(Side.BASELINE, theme)} {lever[lever.baseline].label}, against"
    itself = "Against itself, both arms run the same code: an honest race then finds no difference."
    help_text = "\n\n".join([itself, *missing_help])
    _choose(label, list(reversed(names)), accelerated, lambda name: _rival(lever, name, theme), help_text)


def _rival(lever: Lever, name: str, theme: Theme) -> str:
    return "itself" if name == lever.baseline else f"{design_theme.glyph(Side.ACCELERATED, theme)} {lever[name].label}"


def _choose(label: str, options: list[str], key: str, named: Any, help_text: str = "") -> None:
    """One of a few, all in sight; one of many, in a list."""
    if len(options) <= 4:
        st.segmented_control(
            label, options, key=key, format_func=named, help=help_text or None, required=True, width="content"
        )
    else:
        st.selectbox(label, options, key=key, format_func=named, help=help_text or None)


def _cores(workload: Workload, limit: int) -> None:
    key = _key(workload, "cores")
    if limit == 1:
        st.session_state[key] = 1
        st.number_input("Cores", 1, 1, key=key, disabled=True, help="This process may use one core only.")
        return
    st.slider(
        f"Cores, of {limit}",
        1,
        limit,
        key=key,
        width=SLIDER,
        help="Both arms run on the same cores, taking turns. Half and a quarter of them are tried too.",
    )


# --- the rest ---


def _more(
    workload: Workload, parameters: Sequence[Parameter], choices: Mapping[str, Sequence[str]] | None = None
) -> None:
    """Parameters, and how long and how exactly to measure; the label tells when they are not the defaults."""
    names = [*(parameter.name for parameter in parameters), "budget_s", "target", "seed", "accuracy_limit"]
    changed = [name for name in names if _kept(workload).get(name) != _default(workload, name)]
    label = f"More ({len(changed)})" if changed else "More"
    with st.popover(label, icon=":material/tune:", help=_more_help(workload, changed), width="content"):
        for parameter in parameters:
            left = (choices or {}).get(parameter.name)
            if left is not None:
                parameter = replace(parameter, choices={name: parameter.choices[name] for name in left})
            _PARAMETER[parameter.kind](workload, parameter)
        _measuring(workload)


def _more_help(workload: Workload, changed: list[str]) -> str:
    values = _kept(workload)
    said = ", ".join(f"{name} {values[name]}" for name in changed)
    return "Parameters, time budget, precision, seed" + (f". Not as usual: {said}" if changed else "")


def _default(workload: Workload, name: str) -> Setting:
    if name in Plan.model_fields:
        return workload.batch.default if name == workload.batch.name else Plan.model_fields[name].default
    return workload.parameter(name).default


def _measuring(workload: Workload) -> None:
    with st.container(horizontal=True):
        st.number_input(
            "Time budget [s]",
            *BUDGET_S,
            step=5.0,
            format="%g",
            key=_key(workload, "budget_s"),
            help="For sampling, warm-up and other core counts included; start and accuracy of the arms come on top.",
            width=150,
        )
        st.number_input(
            "Interval, ± share",
            *TARGET,
            step=0.005,
            format="%g",
            key=_key(workload, "target"),
            help="Sampling ends early when every ratio's 95 % interval is this narrow; 0 uses the whole budget.",
            width=150,
        )
        st.number_input(
            "Accuracy kept, at least",
            0.0,
            1.0,
            step=0.005,
            format="%g",
            key=_key(workload, "accuracy_limit"),
            help="As a share of the baseline's; below it no claim is made.",
            width=150,
        )
        st.number_input(
            "Seed",
            0,
            2**32 - 1,
            step=1,
            key=_key(workload, "seed"),
            help="Of the data and of the arms' order.",
            width=150,
        )


def _number(workload: Workload, parameter: Parameter, width: int | Literal["stretch"] = "stretch") -> None:
    """A slider between the bounds, or over the stops where it has some; a field where it has no upper bound."""
    key = _key(workload, parameter.name)
    kind = int if parameter.kind == "integer" else float
    value = st.session_state[key]
    if type(value) is not kind:
        # Written only where it must be: a value set anew would pull the slider back under a hand that is dragging it.
        st.session_state[key] = value = kind(value)
    if parameter.stops:
        stops = sorted({*parameter.stops, value})
        labels = parameter.stop_labels
        st.select_slider(
            parameter.label,
            stops,
            key=key,
            format_func=lambda stop: labels.get(stop, f"{stop:,}"),
            help=parameter.help or None,
            width=width,
        )
    elif parameter.minimum is None or parameter.maximum is None:
        bounds = (None if end is None else kind(end) for end in (parameter.minimum, parameter.maximum))
        st.number_input(parameter.label, *bounds, key=key, help=parameter.help or None, width=width)
    else:
        low, high = kind(parameter.minimum), kind(parameter.maximum)
        st.slider(parameter.label, low, high, key=key, help=parameter.help or None, width=width)


def _choice(workload: Workload, parameter: Parameter) -> None:
    """One of its values; what whoever runs Fairlap does not allow is offered where the URL asks for it alone."""
    key = _key(workload, parameter.name)
    missing = {value: parameter.unavailable(value) for value in parameter.choices}
    offered = [value for value, why in missing.items() if not why or value == st.session_state[key]]
    help_text = "\n\n".join(filter(None, [parameter.help, *missing.values()]))
    _choose(parameter.label, offered, key, parameter.choices.__getitem__, help_text)


def _several(workload: Workload, parameter: Parameter) -> None:
    """Any of the choices; the control holds a list, the plan their names with commas between."""
    chosen = _key(workload, f"{parameter.name}:chosen")
    if st.session_state.get(chosen) is None:
        st.session_state[chosen] = _names(st.session_state[_key(workload, parameter.name)])
    st.multiselect(
        parameter.label,
        list(parameter.choices),
        key=chosen,
        format_func=parameter.choices.__getitem__,
        help=parameter.help or None,
    )
    names = st.session_state[chosen]
    _set(workload, parameter, ",".join(name for name in parameter.choices if name in names))


def _names(value: Setting) -> list[str]:
    return [name for name in str(value).split(",") if name]


def _text(workload: Workload, parameter: Parameter) -> None:
    key = _key(workload, parameter.name)
    if (handed_in := st.session_state.pop(f"{key}:next", None)) is not None:
        put(workload, parameter.name, handed_in)
    options = list(dict.fromkeys([*parameter.choices, str(st.session_state.get(key) or parameter.default)]))
    st.selectbox(
        parameter.label,
        options,
        key=key,
        format_func=lambda value: parameter.choices.get(value, _shortened(value)),
        help=parameter.help or None,
        accept_new_options=True,
    )
    if parameter.upload:
        _hand_in(workload, parameter, parameter.upload)


def _hand_in(workload: Workload, parameter: Parameter, upload: Upload) -> None:
    """A file instead of the text; it is looked into once, and then is the parameter's value."""
    seen_key = _key(workload, f"{parameter.name}:seen")
    file = st.file_uploader(
        upload.label,
        type=list(upload.endings),
        max_upload_size=upload.largest_mb,
        key=_key(workload, f"{parameter.name}:file"),
    )
    if file is None:
        return
    seen: tuple[str, str, str] | None = st.session_state.get(seen_key)
    if seen is None or seen[0] != file.file_id:
        try:
            value, said = keep_checked(file.getvalue(), upload)
        except UploadError as error:
            st.error(claim_card.plain(str(error)), title=claim_card.plain(f"{file.name} is not taken"))
            return
        st.session_state[seen_key] = (file.file_id, value, said)
        # The control above is drawn already; it takes the value with the next redraw.
        st.session_state[_key(workload, f"{parameter.name}:next")] = value
        st.rerun()
    st.caption(f":material/check: {claim_card.plain(file.name)}: {claim_card.plain(seen[2])}.")


def _shortened(value: str) -> str:
    return f"handed in, {value.removeprefix(PREFIX)[:12]}" if value.startswith(PREFIX) else value


def _flag(workload: Workload, parameter: Parameter) -> None:
    st.toggle(parameter.label, key=_key(workload, parameter.name), help=parameter.help or None)


def _image(workload: Workload, parameter: Parameter) -> None:
    """One of the pictures that are there, or a file; the file is kept under the digest of its content."""
    choice = _key(workload, f"{parameter.name}:choice")
    value_key = _key(workload, parameter.name)
    if st.session_state.get(choice) is None:
        value = str(st.session_state[value_key])
        st.session_state[choice] = OWN if value.startswith("upload:") else value
    labels = {**parameter.choices, OWN: "your own"}
    _choose(parameter.label, list(labels), choice, labels.__getitem__, parameter.help)
    chosen = st.session_state[choice]
    if chosen != OWN:
        _set(workload, parameter, chosen)
        return
    file = st.file_uploader(
        "PNG or JPEG",
        type=["png", "jpg", "jpeg"],
        max_upload_size=LARGEST_MB,
        key=_key(workload, f"{parameter.name}:file"),
    )
    own_key = _key(workload, f"{parameter.name}:own")
    if file is not None:
        try:
            st.session_state[own_key] = keep(file.getvalue())
        except UploadError as error:
            st.error(str(error))
    own = st.session_state.get(own_key)
    if own is None:
        st.caption(f"Until a file is chosen, the race uses {parameter.choices[str(parameter.default)]}.")
    elif file is None:
        st.caption(f"The file that was uploaded before, `{own.removeprefix('upload:')[:12]}`.")
    _set(workload, parameter, own or str(parameter.default))


def _set(workload: Workload, parameter: Parameter, value: str) -> None:
    st.session_state[_key(workload, parameter.name)] = _kept(workload)[parameter.name] = value


_PARAMETER: Mapping[str, Any] = {
    "integer": _number,
    "real": _number,
    "choice": _choice,
    "several": _several,
    "text": _text,
    "flag": _flag,
    "image": _image,
}
