"""Finds paths in texts, and leaves out their folders: `/home/ann/data.csv` becomes `…/data.csv`."""

from __future__ import annotations

import re

HIDDEN = "…"
URL_SCHEME = r"[A-Za-z][\w+.-]{0,30}:"
START = r"(?:(?<![\w./…~-])|(?<=\s-[A-Za-z]))"
"""What a path or a URL follows: nothing that belongs to a word, as in `rows/s/core`, but options such as `-I`."""
_FOLDER = r"(?:(?! --)[^/:\n\"`<>|]){1,255}/+"
"""A folder in a path: with spaces, commas, apostrophes and brackets, so that the text between two paths may go too."""
_PATTERN = re.compile(
    rf"{START}(?:"
    r"(?P<web>https?://[^\s'\"`<>]+)"
    rf"|{URL_SCHEME}//[^\s/'\"`<>][^\s'\"`<>]*"
    rf"|(?:{URL_SCHEME}(?=/))?(?:~(?:[A-Za-z_][\w.-]*)?/+(?:{_FOLDER})*|\.{{0,2}}/+(?:{_FOLDER})+)"
    r"(?P<name>[^\s/:'\"`,;()\[\]<>|]*)"
    r")"
)
"""A web address, which stays; another URL with a host; a path with at least one folder, or one from a home."""


def hide_folders(text: str) -> str:
    """`text` without the folders of its paths. URLs of databases and of files are left out as well; the address of a
    web page stays."""
    return _PATTERN.sub(_hide_match, text)


def _hide_match(match: re.Match[str]) -> str:
    if match["web"]:
        return match["web"]
    return HIDDEN if match["name"] is None else f"{HIDDEN}/{match['name']}"
