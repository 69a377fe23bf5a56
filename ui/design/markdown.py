"""Foreign text in Markdown: texts from addresses, files, libraries, stores and other people."""

from __future__ import annotations

import re
from collections.abc import Mapping

_INLINE = re.compile(r"[\\`*_\[\]$~<>&|]|:(?!\s)")
"""Characters with a meaning anywhere in a line. A colon before a space has none."""
_LINE_START = re.compile(r"^(\d*)([-+#=.)])")
"""What begins a heading, a list or a rule, if it is the first in a line."""
_LINK_OR_SYMBOL = re.compile(r"(?i)(?<=http)(?=s?://)|(?<=ww)(?=w\.)|(?<=:)(?=\w)|(?=@)|(?<=[-<>~])(?=[-<>=])")
"""Places inside of what Streamlit replaces even if it is escaped, because it looks at the parsed text: addresses, icons
(`:material/home:`), emoji and arrows."""
_SEPARATOR = ":small[]"
"""An element without content. It is not visible and not copied with the text, but no pattern matches across it."""
_GAP = "\0"
_UNWANTED = re.compile("[\0\u202a-\u202e\u2066-\u2069\u200e\u200f]")
"""Characters that change the order in which other text is shown, and the one that marks a gap here."""


def escape_markdown(text: str) -> str:
    """`text` as Markdown that Streamlit shows character by character: no format, link, picture, HTML, formula or icon.

    Every sequence of line breaks becomes one line break inside of the paragraph, so the text may be part of a label, a
    list item or a table cell.
    """
    lines = (line.strip() for line in _UNWANTED.sub("", text).splitlines())
    return "\n".join(_escape_line(line) for line in lines if line)


def _escape_line(line: str) -> str:
    escaped = _INLINE.sub(r"\\\g<0>", _LINK_OR_SYMBOL.sub(_GAP, line))
    return _LINE_START.sub(r"\1\\\2", escaped).replace(_GAP, _SEPARATOR)


def escape_mapping(texts: Mapping[str, str]) -> dict[str, str]:
    """Names and values, each escaped."""
    return {escape_markdown(name): escape_markdown(value) for name, value in texts.items()}


def quote_code(text: str) -> str:
    """`text` on one line in the font of code, as Markdown. Nothing in it is interpreted; it may contain backticks."""
    line = " ".join(_UNWANTED.sub("", text).split()) or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if line.startswith("`") or line.endswith("`") else f"{fence}{line}{fence}"
