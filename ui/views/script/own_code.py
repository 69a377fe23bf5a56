"""How to get the same without Fairlap: two lines of code, or another command."""

from __future__ import annotations

import streamlit as st

from ui.design.headings import draw_heading

IN_CODE = """\
# Before sklearn is imported:
from sklearnex import patch_sklearn
patch_sklearn()
"""


def draw_own_code(shell: str) -> None:
    """Two boxes: the lines of code, and `shell`, the command lines."""
    draw_heading("In your own code", "Two lines switch it on; or nothing in the code, and another command.")
    code, commands = st.columns([4, 6], gap="medium")
    code.code(IN_CODE, language="python", wrap_lines=True)
    commands.code(shell, language="bash", wrap_lines=True)
