"""One control for each kind of setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from bench.storage.uploads import describe_upload
from bench.system.limits import explain_own_core_limit
from bench.values.base import Arm
from bench.workload.file_summary import UPLOAD_PREFIX
from bench.workload.parameters import Parameter, Upload
from ui.access.identity import find_visitor
from ui.access.plans import list_allowed_texts
from ui.controls.state import NEXT_SUFFIX, UPLOAD_CHOICE, Controls, case_key, split_names
from ui.controls.uploaded_file import draw_uploaded_file, shorten_upload, take_file
from ui.design.glossary import explain, explain_control, explain_values
from ui.design.markdown import escape_markdown

ROW_NUMBER_WIDTH_PX = 124
"""Width of the fields for cores and batch, so that the row of controls fits beside the sidebar."""
ROW_LIST_WIDTH_PX = 150
"""Width of a list in the row of controls."""
MAX_BUTTONS = 4
"""More options are offered in a list instead of as buttons."""
MAX_ARM_BUTTONS = 3
"""The same for the values of one arm, because the values of the other are in the same row."""


def draw_case(controls: Controls, names: Sequence[str]) -> None:
    """Select one of the cases `names` of the workload."""
    labels = {name: controls.workload.case(name).label for name in names}
    st.session_state.setdefault(case_key(controls.workload), controls.case.name)
    help_text = f"{escape_markdown(controls.case.summary)}\n\n{explain('case')}"
    _draw_options("Case", list(labels), case_key(controls.workload), labels.__getitem__, help_text)


def draw_lever(controls: Controls) -> None:
    """Select what is compared.

    If the lever has two values, the user selects the accelerated arm or the baseline once more; otherwise the
    value of each arm. An optional value whose package is missing is offered only if the URL asks for it.
    """
    lever = controls.lever
    missing = _list_missing_values(controls)
    names = _list_offered_values(controls)
    explained = "\n\n".join(filter(None, [explain("lever"), explain_values(lever[name].label for name in names)]))
    not_available = [f"Not available: {reason}" for reason in missing.values()]
    if has_lever_choice(controls):
        help_text = "\n\n".join([explained, *not_available])
        for arm, label in ((Arm.BASELINE, "Baseline"), (Arm.ACCELERATED, "Against")):
            key = controls.key(arm)
            _draw_options(
                label,
                names,
                key,
                lambda name: lever[name].label,
                explain_control(label, help_text) or "",
                max_buttons=MAX_ARM_BUTTONS,
            )
        return

    def label_accelerated(name: str) -> str:
        if name == lever.baseline:
            return "same version"
        return lever[name].label

    _draw_options(
        f"{lever[lever.baseline].label} against",
        list(reversed(names)),
        controls.key(Arm.ACCELERATED),
        label_accelerated,
        "\n\n".join(
            ["With the same version in both arms, a fair race detects no difference.", explained, *not_available]
        ),
    )


def has_lever_choice(controls: Controls) -> bool:
    """Whether the value of each arm is selected, because there are more than two, or because of the URL."""
    return len(_list_offered_values(controls)) > 2 or controls.get(Arm.BASELINE) != controls.lever.baseline


def _list_missing_values(controls: Controls) -> dict[str, str]:
    """The optional values of the lever whose package is missing, each with what to do."""
    values = controls.lever.values
    return {value.name: reason for value in values if value.optional and (reason := value.unavailable())}


def _list_offered_values(controls: Controls) -> list[str]:
    selected, missing = {controls.get(arm) for arm in Arm}, _list_missing_values(controls)
    return [value.name for value in controls.lever.values if value.name not in missing or value.name in selected]


def draw_cores(controls: Controls, limit: int) -> None:
    """Select the number of cores, up to `limit`."""
    key = controls.key("cores")
    reason = explain_own_core_limit(limit)
    limited_by = f" The limit is {reason}." if reason else ""
    if limit == 1:
        st.session_state[key] = 1
        st.number_input("Cores", 1, 1, key=key, disabled=True, help=f"This process may use only one core.{limited_by}")
        return
    label = f"Cores (of {limit})"
    help_text = explain_control(
        "cores",
        f"Both arms run on the same cores, in turns. Half and a quarter of them are measured too.{limited_by}",
    )
    if limit <= MAX_BUTTONS:
        st.segmented_control(
            label,
            range(1, limit + 1),
            key=key,
            help=help_text,
            required=True,
            persist_state="session",
            width="content",
        )
    else:
        st.number_input(label, 1, limit, key=key, help=help_text, persist_state="session", width=ROW_NUMBER_WIDTH_PX)


def draw_row_parameter(controls: Controls, parameter: Parameter) -> None:
    """The control of a parameter in the row of controls: a field or a list, as high as buttons, and no slider."""
    if parameter.kind not in ("integer", "real"):
        draw_parameter(controls, parameter)
        return
    key, help_text, value = controls.key(parameter.name), _explain(parameter), _convert_number(controls, parameter)
    if parameter.stops:
        st.selectbox(
            parameter.label_with_unit,
            sorted({*parameter.stops, value}),
            key=key,
            format_func=lambda stop: parameter.stop_labels.get(stop, f"{stop:,}"),
            help=help_text,
            persist_state="session",
            width=ROW_LIST_WIDTH_PX,
        )
    else:
        _draw_number_field(controls, parameter, ROW_NUMBER_WIDTH_PX)


def draw_parameter(controls: Controls, parameter: Parameter) -> None:
    """The control of a parameter below others."""
    _PARAMETER_WIDGETS[parameter.kind](controls, parameter)


def _draw_options(
    label: str,
    options: Sequence[str],
    key: str,
    format_option: Callable[[str], str],
    help_text: str = "",
    *,
    max_buttons: int = MAX_BUTTONS,
) -> None:
    """One of several options: as buttons, or as a list if there are more than `max_buttons`."""
    if len(options) <= max_buttons:
        st.segmented_control(
            label,
            options,
            key=key,
            format_func=format_option,
            help=help_text or None,
            required=True,
            persist_state="session",
            width="content",
        )
    else:
        st.selectbox(
            label, options, key=key, format_func=format_option, help=help_text or None, persist_state="session"
        )


def _explain(parameter: Parameter) -> str | None:
    return explain_control(parameter.label, parameter.help)


def _convert_number(controls: Controls, parameter: Parameter) -> int | float:
    """The value of a number, in the session too, of the type that its control needs."""
    key = controls.key(parameter.name)
    number = int if parameter.kind == "integer" else float
    value = st.session_state[key]
    if type(value) is not number:
        # Only if necessary: assigning a value would move a slider back while the user drags it.
        st.session_state[key] = value = number(value)
    return value


def _draw_number(controls: Controls, parameter: Parameter) -> None:
    """A slider between the bounds or over the stops; a field if there is no bound."""
    key, help_text, value = controls.key(parameter.name), _explain(parameter), _convert_number(controls, parameter)
    number = type(value)
    if parameter.stops:
        labels = parameter.stop_labels
        st.select_slider(
            parameter.label_with_unit,
            sorted({*parameter.stops, value}),
            key=key,
            format_func=lambda stop: labels.get(stop, f"{stop:,}"),
            help=help_text,
            persist_state="session",
        )
    elif parameter.minimum is None or parameter.maximum is None:
        _draw_number_field(controls, parameter, "stretch")
    else:
        st.slider(
            parameter.label_with_unit,
            number(parameter.minimum),
            number(parameter.maximum),
            key=key,
            help=help_text,
            persist_state="session",
        )


def _draw_number_field(controls: Controls, parameter: Parameter, width: int | Literal["stretch"]) -> None:
    number = type(_convert_number(controls, parameter))
    st.number_input(
        parameter.label_with_unit,
        None if parameter.minimum is None else number(parameter.minimum),
        None if parameter.maximum is None else number(parameter.maximum),
        key=controls.key(parameter.name),
        help=_explain(parameter),
        persist_state="session",
        width=width,
    )


def _draw_choice(controls: Controls, parameter: Parameter) -> None:
    """One of the choices. A choice that is not available here is offered only if the URL asks for it."""
    key = controls.key(parameter.name)
    reasons = {value: parameter.unavailable(value) for value in parameter.choices}
    offered = [value for value, reason in reasons.items() if not reason or value == st.session_state[key]]
    help_text = "\n\n".join(filter(None, [_explain(parameter), *reasons.values()]))
    _draw_options(parameter.label, offered, key, parameter.choices.__getitem__, help_text)


def _draw_multiple_choice(controls: Controls, parameter: Parameter) -> None:
    """Any number of the choices. The control holds a list, the plan their names separated by commas."""
    chosen_key = controls.key(f"{parameter.name}:chosen")
    if st.session_state.get(chosen_key) is None:
        st.session_state[chosen_key] = split_names(controls.get(parameter.name))
    st.multiselect(
        parameter.label,
        list(parameter.choices),
        key=chosen_key,
        format_func=parameter.choices.__getitem__,
        help=_explain(parameter),
    )
    chosen = st.session_state[chosen_key]
    value = ",".join(name for name in parameter.choices if name in chosen)
    st.session_state[controls.key(parameter.name)] = value


def _draw_text(controls: Controls, parameter: Parameter) -> None:
    """A text with suggestions, or an uploaded file. Where a path could be entered, strangers choose from a list."""
    key = controls.key(parameter.name)
    allowed = list_allowed_texts(parameter, find_visitor())
    extra = sorted(allowed - set(parameter.choices)) if allowed is not None else []
    value = str(st.session_state.get(key) or parameter.default)
    columns = _list_columns(str(controls.get(parameter.column_of))) if parameter.column_of else []
    options = list(dict.fromkeys([*parameter.choices, *extra, *columns, value]))
    st.selectbox(
        parameter.label,
        options,
        key=key,
        format_func=lambda value: parameter.choices.get(value, shorten_upload(value)),
        help=_explain(parameter),
        accept_new_options=allowed is None,
        persist_state="session",
    )
    if parameter.upload:
        _draw_upload(controls, parameter, parameter.upload)


def _list_columns(value: str) -> list[str]:
    """The columns of the uploaded table that a parameter's value refers to; none of a path, which no page reads."""
    described = describe_upload(value)
    return described.summary.columns if described else []


def _draw_upload(controls: Controls, parameter: Parameter, upload: Upload) -> None:
    """Upload a file. It is checked once, and then becomes the value of the parameter."""
    key = controls.key(parameter.name)
    value = st.session_state.get(key)
    uploaded = take_file(key, upload)
    if uploaded and uploaded.is_new:
        # The control above is already drawn. It takes the value at the next rerun: see `Controls.adopt_uploads`.
        st.session_state[f"{key}{NEXT_SUFFIX}"] = uploaded.value
        st.rerun()
    if isinstance(value, str) and value.startswith(UPLOAD_PREFIX):
        draw_uploaded_file(value)


def _draw_toggle(controls: Controls, parameter: Parameter) -> None:
    st.toggle(parameter.label, key=controls.key(parameter.name), help=_explain(parameter), persist_state="session")


def _draw_image(controls: Controls, parameter: Parameter) -> None:
    """One of the pictures of the workload, or an uploaded file."""
    key = controls.key(parameter.name)
    choice_key, uploaded_key = f"{key}:choice", f"{key}:uploaded"
    if st.session_state.get(choice_key) is None:
        value = str(st.session_state[key])
        st.session_state[choice_key] = UPLOAD_CHOICE if value.startswith(UPLOAD_PREFIX) else value
    labels = {**parameter.choices, UPLOAD_CHOICE: "upload a file"}
    _draw_options(parameter.label, list(labels), choice_key, labels.__getitem__, parameter.help)
    if st.session_state[choice_key] != UPLOAD_CHOICE:
        st.session_state[key] = st.session_state[choice_key]
        return
    if parameter.upload and (taken := take_file(key, parameter.upload)):
        st.session_state[uploaded_key] = taken.value
    uploaded = st.session_state.get(uploaded_key)
    if uploaded is None:
        st.caption(f"No file yet: the race uses {parameter.choices[str(parameter.default)]}.")
    else:
        draw_uploaded_file(uploaded)
    st.session_state[key] = uploaded or str(parameter.default)


_PARAMETER_WIDGETS: Mapping[str, Callable[[Controls, Parameter], None]] = {
    "integer": _draw_number,
    "real": _draw_number,
    "choice": _draw_choice,
    "several": _draw_multiple_choice,
    "text": _draw_text,
    "flag": _draw_toggle,
    "image": _draw_image,
}
