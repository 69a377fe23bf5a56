"""TODO: ui.controls.form.widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import streamlit as st

from bench.storage.uploads import MAX_IMAGE_MB, UPLOAD_PREFIX, UploadError, save_checked_file, save_image
from bench.values import Arm
from bench.workload.declaration import Lever, Parameter, Upload, Workload
from ui.controls.state import OWN_IMAGE, control_key, control_values, set_control, split_names
from ui.design import markdown
from ui.design.theme import Theme, arm_glyph_markdown

SLIDER_WIDTH_PX = 140
"""Width of the sliders that are always in sight, so that all of the row fits beside the sidebar."""


WIDE_SLIDER_WIDTH_PX = 220
"""Width of a slider with many stops."""


def draw_lever(workload: Workload, theme: Theme) -> None:
    """What is compared: with two values the accelerated arm or the baseline against itself, else both arms.

    An extra that is not installed is offered where the URL asks for it alone, beside why it cannot run.
    """
    lever = workload.lever
    baseline, accelerated = (control_key(workload, arm.value) for arm in Arm)
    asked = {st.session_state[baseline], st.session_state[accelerated]}
    missing = {value.name: value.unavailable() for value in lever.values if value.extra and value.unavailable()}
    names = [value.name for value in lever.values if value.name not in missing or value.name in asked]
    missing_help = [f"Not offered: {why}" for why in missing.values()]
    if len(names) > 2 or st.session_state[baseline] != lever.baseline:
        for arm, key, label in ((Arm.BASELINE, baseline, "Baseline"), (Arm.ACCELERATED, accelerated, "Against")):
            help_text = "\n\n".join([lever.label, *missing_help])
            _draw_options(
                f"{arm_glyph_markdown(arm, theme)} {label}", names, key, lambda name: lever[name].label, help_text
            )
        return
    label = f"{arm_glyph_markdown(Arm.BASELINE, theme)} {lever[lever.baseline].label}, against"
    itself = "Against itself, both arms run the same code: an honest race then finds no difference."
    help_text = "\n\n".join([itself, *missing_help])
    _draw_options(
        label, list(reversed(names)), accelerated, lambda name: _accelerated_label(lever, name, theme), help_text
    )


def _accelerated_label(lever: Lever, name: str, theme: Theme) -> str:
    return "itself" if name == lever.baseline else f"{arm_glyph_markdown(Arm.ACCELERATED, theme)} {lever[name].label}"


def _draw_options(label: str, options: list[str], key: str, named: Any, help_text: str = "") -> None:
    """One of a few, all in sight; one of many, in a list."""
    if len(options) <= 4:
        st.segmented_control(
            label, options, key=key, format_func=named, help=help_text or None, required=True, width="content"
        )
    else:
        st.selectbox(label, options, key=key, format_func=named, help=help_text or None)


def draw_cores(workload: Workload, limit: int) -> None:
    key = control_key(workload, "cores")
    if limit == 1:
        st.session_state[key] = 1
        st.number_input("Cores", 1, 1, key=key, disabled=True, help="This process may use one core only.")
        return
    st.slider(
        f"Cores, of {limit}",
        1,
        limit,
        key=key,
        width=SLIDER_WIDTH_PX,
        help="Both arms run on the same cores, taking turns. Half and a quarter of them are tried too.",
    )


def draw_number(workload: Workload, parameter: Parameter, width: int | Literal["stretch"] = "stretch") -> None:
    """A slider between the bounds, or over the stops where it has some; a field where it has no upper bound."""
    key = control_key(workload, parameter.name)
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


def _draw_choice(workload: Workload, parameter: Parameter) -> None:
    """One of its values; what whoever runs Fairlap does not allow is offered where the URL asks for it alone."""
    key = control_key(workload, parameter.name)
    missing = {value: parameter.unavailable(value) for value in parameter.choices}
    offered = [value for value, why in missing.items() if not why or value == st.session_state[key]]
    help_text = "\n\n".join(filter(None, [parameter.help, *missing.values()]))
    _draw_options(parameter.label, offered, key, parameter.choices.__getitem__, help_text)


def _draw_multiple_choice(workload: Workload, parameter: Parameter) -> None:
    """Any of the choices; the control holds a list, the plan their names with commas between."""
    chosen = control_key(workload, f"{parameter.name}:chosen")
    if st.session_state.get(chosen) is None:
        st.session_state[chosen] = split_names(st.session_state[control_key(workload, parameter.name)])
    st.multiselect(
        parameter.label,
        list(parameter.choices),
        key=chosen,
        format_func=parameter.choices.__getitem__,
        help=parameter.help or None,
    )
    names = st.session_state[chosen]
    _store_value(workload, parameter, ",".join(name for name in parameter.choices if name in names))


def _draw_text(workload: Workload, parameter: Parameter) -> None:
    key = control_key(workload, parameter.name)
    if (handed_in := st.session_state.pop(f"{key}:next", None)) is not None:
        set_control(workload, parameter.name, handed_in)
    options = list(dict.fromkeys([*parameter.choices, str(st.session_state.get(key) or parameter.default)]))
    st.selectbox(
        parameter.label,
        options,
        key=key,
        format_func=lambda value: parameter.choices.get(value, _shorten_upload(value)),
        help=parameter.help or None,
        accept_new_options=True,
    )
    if parameter.upload:
        _draw_upload(workload, parameter, parameter.upload)


def _draw_upload(workload: Workload, parameter: Parameter, upload: Upload) -> None:
    """A file instead of the text; it is looked into once, and then is the parameter's value."""
    seen_key = control_key(workload, f"{parameter.name}:seen")
    file = st.file_uploader(
        upload.label,
        type=list(upload.endings),
        max_upload_size=upload.largest_mb,
        key=control_key(workload, f"{parameter.name}:file"),
    )
    if file is None:
        return
    seen: tuple[str, str, str] | None = st.session_state.get(seen_key)
    if seen is None or seen[0] != file.file_id:
        try:
            value, said = save_checked_file(file.getvalue(), upload)
        except UploadError as error:
            st.error(markdown.escape_markdown(str(error)), title=markdown.escape_markdown(f"{file.name} is not taken"))
            return
        st.session_state[seen_key] = (file.file_id, value, said)
        # The control above is drawn already; it takes the value with the next redraw.
        st.session_state[control_key(workload, f"{parameter.name}:next")] = value
        st.rerun()
    st.caption(f":material/check: {markdown.escape_markdown(file.name)}: {markdown.escape_markdown(seen[2])}.")


def _shorten_upload(value: str) -> str:
    return f"handed in, {value.removeprefix(UPLOAD_PREFIX)[:12]}" if value.startswith(UPLOAD_PREFIX) else value


def _draw_toggle(workload: Workload, parameter: Parameter) -> None:
    st.toggle(parameter.label, key=control_key(workload, parameter.name), help=parameter.help or None)


def _draw_image(workload: Workload, parameter: Parameter) -> None:
    """One of the pictures that are there, or a file; the file is kept under the digest of its content."""
    choice = control_key(workload, f"{parameter.name}:choice")
    value_key = control_key(workload, parameter.name)
    if st.session_state.get(choice) is None:
        value = str(st.session_state[value_key])
        st.session_state[choice] = OWN_IMAGE if value.startswith("upload:") else value
    labels = {**parameter.choices, OWN_IMAGE: "your own"}
    _draw_options(parameter.label, list(labels), choice, labels.__getitem__, parameter.help)
    chosen = st.session_state[choice]
    if chosen != OWN_IMAGE:
        _store_value(workload, parameter, chosen)
        return
    file = st.file_uploader(
        "PNG or JPEG",
        type=["png", "jpg", "jpeg"],
        max_upload_size=MAX_IMAGE_MB,
        key=control_key(workload, f"{parameter.name}:file"),
    )
    own_key = control_key(workload, f"{parameter.name}:own")
    if file is not None:
        try:
            st.session_state[own_key] = save_image(file.getvalue())
        except UploadError as error:
            st.error(str(error))
    own = st.session_state.get(own_key)
    if own is None:
        st.caption(f"Until a file is chosen, the race uses {parameter.choices[str(parameter.default)]}.")
    elif file is None:
        st.caption(f"The file that was uploaded before, `{own.removeprefix('upload:')[:12]}`.")
    _store_value(workload, parameter, own or str(parameter.default))


def _store_value(workload: Workload, parameter: Parameter, value: str) -> None:
    st.session_state[control_key(workload, parameter.name)] = control_values(workload)[parameter.name] = value


PARAMETER_WIDGETS: Mapping[str, Any] = {
    "integer": draw_number,
    "real": draw_number,
    "choice": _draw_choice,
    "several": _draw_multiple_choice,
    "text": _draw_text,
    "flag": _draw_toggle,
    "image": _draw_image,
}
