"""One control for each kind of setting."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import streamlit as st

from bench.storage.uploads import MAX_IMAGE_MB, UPLOAD_PREFIX, UploadError, save_checked_file, save_image
from bench.system.limits import explain_own_core_limit
from bench.values import Arm
from bench.workload.declaration import Parameter, Upload
from ui.controls.state import UPLOAD_CHOICE, Controls, case_key, split_names
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_glyph_markdown

SLIDER_WIDTH_PX = 140
"""Width of the sliders for cores and batch, so that the row of controls fits beside the sidebar."""
WIDE_SLIDER_WIDTH_PX = 220
"""Width of a slider with many values."""
MAX_BUTTONS = 4
"""More options are offered in a list instead of as buttons."""
SHORT_DIGEST_CHARS = 12

Width = int | Literal["stretch"]


def draw_case(controls: Controls, names: Sequence[str]) -> None:
    """Select one of the cases `names` of the workload."""
    labels = {name: controls.workload.case(name).label for name in names}
    st.session_state.setdefault(case_key(controls.workload), controls.case.name)
    _draw_options("Case", list(labels), case_key(controls.workload), labels.__getitem__, controls.case.summary)


def draw_lever(controls: Controls, theme: Theme) -> None:
    """Select what is compared.

    If the lever has two values, the user selects the accelerated arm or the baseline against itself; otherwise the
    value of each arm. A value whose extra package is missing is offered only if the URL asks for it.
    """
    lever = controls.lever
    selected = {controls.get(arm) for arm in Arm}
    missing = {value.name: value.unavailable() for value in lever.values if value.extra and value.unavailable()}
    names = [value.name for value in lever.values if value.name not in missing or value.name in selected]
    not_available = [f"Not available: {reason}" for reason in missing.values()]
    if len(names) > 2 or controls.get(Arm.BASELINE) != lever.baseline:
        help_text = "\n\n".join([lever.label, *not_available])
        for arm, label in ((Arm.BASELINE, "Baseline"), (Arm.ACCELERATED, "Against")):
            label = f"{arm_glyph_markdown(arm, theme)} {label}"
            _draw_options(label, names, controls.key(arm), lambda name: lever[name].label, help_text)
        return

    def label_accelerated(name: str) -> str:
        if name == lever.baseline:
            return "itself"
        return f"{arm_glyph_markdown(Arm.ACCELERATED, theme)} {lever[name].label}"

    itself = "Against itself, both arms run the same code, and a fair race detects no difference."
    _draw_options(
        f"{arm_glyph_markdown(Arm.BASELINE, theme)} {lever[lever.baseline].label} against",
        list(reversed(names)),
        controls.key(Arm.ACCELERATED),
        label_accelerated,
        "\n\n".join([itself, *not_available]),
    )


def draw_cores(controls: Controls, limit: int) -> None:
    """Select the number of cores, up to `limit`."""
    key = controls.key("cores")
    reason = explain_own_core_limit(limit)
    limited_by = f" The limit is {reason}." if reason else ""
    if limit == 1:
        st.session_state[key] = 1
        st.number_input("Cores", 1, 1, key=key, disabled=True, help=f"This process may use only one core.{limited_by}")
        return
    st.slider(
        f"Cores (of {limit})",
        1,
        limit,
        key=key,
        persist_state="session",
        width=SLIDER_WIDTH_PX,
        help=f"Both arms run on the same cores, in turns. Half and a quarter of them are measured too.{limited_by}",
    )


def draw_parameter(controls: Controls, parameter: Parameter, width: Width = "stretch") -> None:
    """The control of a parameter. `width` applies to numbers."""
    if parameter.kind in ("integer", "real"):
        _draw_number(controls, parameter, width)
    else:
        _PARAMETER_WIDGETS[parameter.kind](controls, parameter)


def _draw_options(
    label: str, options: Sequence[str], key: str, format_option: Callable[[str], str], help_text: str = ""
) -> None:
    """One of several options: as buttons, or as a list if there are many."""
    if len(options) <= MAX_BUTTONS:
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


def _draw_number(controls: Controls, parameter: Parameter, width: Width) -> None:
    """A slider between the bounds or over the stops; a field if there is no bound."""
    key = controls.key(parameter.name)
    number = int if parameter.kind == "integer" else float
    value = st.session_state[key]
    if type(value) is not number:
        # Only if necessary: assigning a value would move a slider back while the user drags it.
        st.session_state[key] = value = number(value)
    help_text = parameter.help or None
    if parameter.stops:
        labels = parameter.stop_labels
        st.select_slider(
            parameter.label,
            sorted({*parameter.stops, value}),
            key=key,
            format_func=lambda stop: labels.get(stop, f"{stop:,}"),
            help=help_text,
            persist_state="session",
            width=width,
        )
    elif parameter.minimum is None or parameter.maximum is None:
        st.number_input(
            parameter.label,
            None if parameter.minimum is None else number(parameter.minimum),
            None if parameter.maximum is None else number(parameter.maximum),
            key=key,
            help=help_text,
            persist_state="session",
            width=width,
        )
    else:
        st.slider(
            parameter.label,
            number(parameter.minimum),
            number(parameter.maximum),
            key=key,
            help=help_text,
            persist_state="session",
            width=width,
        )


def _draw_choice(controls: Controls, parameter: Parameter) -> None:
    """One of the choices. A choice that is not available here is offered only if the URL asks for it."""
    key = controls.key(parameter.name)
    reasons = {value: parameter.unavailable(value) for value in parameter.choices}
    offered = [value for value, reason in reasons.items() if not reason or value == st.session_state[key]]
    help_text = "\n\n".join(filter(None, [parameter.help, *reasons.values()]))
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
        help=parameter.help or None,
    )
    chosen = st.session_state[chosen_key]
    value = ",".join(name for name in parameter.choices if name in chosen)
    st.session_state[controls.key(parameter.name)] = value


def _draw_text(controls: Controls, parameter: Parameter) -> None:
    """A text with suggestions, or an uploaded file."""
    key = controls.key(parameter.name)
    if (uploaded := st.session_state.pop(f"{key}:next", None)) is not None:
        controls.set(parameter.name, uploaded)
    options = list(dict.fromkeys([*parameter.choices, str(st.session_state.get(key) or parameter.default)]))
    st.selectbox(
        parameter.label,
        options,
        key=key,
        format_func=lambda value: parameter.choices.get(value, _shorten_upload(value)),
        help=parameter.help or None,
        accept_new_options=True,
        persist_state="session",
    )
    if parameter.upload:
        _draw_upload(controls, parameter, parameter.upload)


def _draw_upload(controls: Controls, parameter: Parameter, upload: Upload) -> None:
    """Upload a file. It is checked once, and then becomes the value of the parameter."""
    key = controls.key(parameter.name)
    file = st.file_uploader(
        upload.label, type=list(upload.endings), max_upload_size=upload.largest_mb, key=f"{key}:file"
    )
    if file is None:
        return
    checked: tuple[str, str] | None = st.session_state.get(f"{key}:checked")
    if checked is None or checked[0] != file.file_id:
        try:
            value, description = save_checked_file(file.getvalue(), upload)
        except UploadError as error:
            st.error(escape_markdown(str(error)), title=escape_markdown(f"{file.name} was not accepted"))
            return
        st.session_state[f"{key}:checked"] = (file.file_id, description)
        # The control above is already drawn. It takes the value at the next rerun.
        st.session_state[f"{key}:next"] = value
        st.rerun()
    st.caption(f":material/check: {escape_markdown(file.name)}: {escape_markdown(checked[1])}.")


def _shorten_upload(value: str) -> str:
    return f"uploaded, {_short_digest(value)}" if value.startswith(UPLOAD_PREFIX) else value


def _short_digest(upload: str) -> str:
    return upload.removeprefix(UPLOAD_PREFIX)[:SHORT_DIGEST_CHARS]


def _draw_toggle(controls: Controls, parameter: Parameter) -> None:
    st.toggle(parameter.label, key=controls.key(parameter.name), help=parameter.help or None, persist_state="session")


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
    file = st.file_uploader("PNG or JPEG", type=["png", "jpg", "jpeg"], max_upload_size=MAX_IMAGE_MB, key=f"{key}:file")
    if file is not None:
        try:
            st.session_state[uploaded_key] = save_image(file.getvalue())
        except UploadError as error:
            st.error(str(error))
    uploaded = st.session_state.get(uploaded_key)
    if uploaded is None:
        st.caption(f"No file yet: the race uses {parameter.choices[str(parameter.default)]}.")
    elif file is None:
        st.caption(f"Uploaded earlier: `{_short_digest(uploaded)}`.")
    st.session_state[key] = uploaded or str(parameter.default)


_PARAMETER_WIDGETS: Mapping[str, Callable[[Controls, Parameter], None]] = {
    "choice": _draw_choice,
    "several": _draw_multiple_choice,
    "text": _draw_text,
    "flag": _draw_toggle,
    "image": _draw_image,
}
