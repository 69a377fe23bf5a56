"""What is raced, before and during a race: whose documents, the stages, and the presets of what is accelerated."""

from __future__ import annotations

import streamlit as st

from bench.plan.plan import Plan
from bench.plan.validation import find_case, find_workload
from bench.storage.uploads import describe_upload
from ui.controls.uploaded_file import shorten_upload
from ui.design.markdown import escape_markdown
from ui.views.documents.presets import draw_presets

PARAMETER = "file"


def draw_input(plan: Plan) -> None:
    """The user's own documents, if `plan` has some, and the presets of `plan`."""
    if source := describe_source(plan):
        st.markdown(f":material/description: The documents are your own: **{escape_markdown(source)}**.")
    draw_presets(plan, "documents-input")


def describe_source(plan: Plan) -> str:
    """The path or the uploaded file of the user's own documents; empty for the shipped corpus."""
    workload = find_workload(plan.workload)
    default = workload.parameter(PARAMETER, find_case(workload, plan.case)).default
    value = str(plan.parameters.get(PARAMETER, default))
    if value == default:
        return ""
    uploaded = describe_upload(value)
    return uploaded.name if uploaded else shorten_upload(value)
