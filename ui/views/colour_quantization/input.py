"""The photo that is raced, for the page before and during a race: a small picture, its size and its colours."""

from __future__ import annotations

import base64

import streamlit as st

from bench import paths
from bench.plan.plan import Plan
from bench.plan.resolved import resolve
from bench.storage.uploads import describe_upload
from bench.values.output import Picture
from bench.workload.file_summary import UPLOAD_PREFIX, FileSummary
from bench.workload.interface import BadInput
from ui.design.markdown import escape_markdown
from workloads.colour_quantization import image

PARAMETER = "image"
MAX_WIDTH_PX = 320


def draw_input(plan: Plan) -> None:
    """The photo of `plan`, with its name, size and number of colours. Nothing for one that cannot be read: the race
    says why."""
    name = str(plan.parameters.get(PARAMETER, ""))
    summary = _describe_photo(name)
    if summary is None or summary.picture is None:
        return
    label, picture = _name_photo(plan, name), summary.picture
    with st.container(horizontal=True, vertical_alignment="center", gap="medium", key="colour-quantization-input"):
        st.image(base64.b64decode(picture.base64), width=min(picture.width, MAX_WIDTH_PX), alt=label)
        colours = f"{plan.parameters['colours']} colours"
        st.markdown(
            f"**{escape_markdown(label)}**  \n{escape_markdown(summary.text)}  \n"
            f":gray[K-Means reduces it to {colours}; the result shows both pictures side by side.]",
            width="stretch",
        )


def _name_photo(plan: Plan, name: str) -> str:
    uploaded = describe_upload(name)
    if uploaded is not None:
        return uploaded.name
    [parameter] = [parameter for parameter in resolve(plan).parameters if parameter.name == PARAMETER]
    return parameter.choices.get(name, name)


def _describe_photo(name: str) -> FileSummary | None:
    """An upload was described when it was checked. It is not decoded here again."""
    if name.startswith(UPLOAD_PREFIX):
        uploaded = describe_upload(name)
        return uploaded.summary if uploaded else None
    try:
        return _check_sample_image(name)
    except (BadInput, OSError):
        return None


@st.cache_data(show_spinner=False)
def _check_sample_image(name: str) -> FileSummary:
    """The sample image `name` of scikit-learn. Raises BadInput and OSError."""
    file = image.find_image(name, paths.uploads())
    summary, pixels = image.check(file), image.decode_image(file).pixels
    picture: Picture = image.make_picture("original", "Original", pixels, MAX_WIDTH_PX)
    return summary.model_copy(update={"picture": picture})
