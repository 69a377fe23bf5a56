"""What the words on the pages mean: for tooltips where they are used, and for the page Glossary."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

PAGE = "glossary"
"""Path of the glossary's page below the address of the dashboard. Links to it are relative: there may be a sub-path."""


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the pages."""

    name: str
    definition: str
    """One or two sentences, as Markdown."""
    where: str
    """Where the word is shown."""
    group: str
    other_names: tuple[str, ...] = ()
    """Other spellings, in lower case."""
    statistic: str = ""
    """Title of the explanation in `bench.stats.explanations` of how it is computed."""

    @property
    def anchor(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def link(self) -> str:
        return f"{PAGE}#{self.anchor}"


def _read_terms() -> tuple[Term, ...]:
    content = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(
        Term(group=group, **{**entry, "other_names": tuple(entry.get("other_names", ()))})
        for group, entries in content.items()
        for entry in entries
    )


TERMS = _read_terms()
GROUPS = tuple(dict.fromkeys(term.group for term in TERMS))
GLOSSARY: dict[str, Term] = {term.name.lower(): term for term in TERMS}
"""Every term by its name in lower case."""
_SPELLINGS = GLOSSARY | {name: term for term in TERMS for name in term.other_names}


def explain(*names: str) -> str:
    """The definitions of terms with links to the glossary, as Markdown for `help=`. Raises KeyError."""
    return "\n\n".join(_format_definition(_SPELLINGS[name.lower()]) for name in names)


def find_term(label: str) -> Term | None:
    """The term that is called `label`, in any spelling."""
    return _SPELLINGS.get(label.lower())


def explain_control(label: str, help_text: str = "") -> str | None:
    """The help of a control that is called `label`, as Markdown for `help=`; None if there is nothing to say.

    If the label is a term, its definition, or after a `help_text` of the control's own a link to the glossary.
    """
    term = find_term(label)
    if term is None:
        return help_text or None
    return f"{help_text} [Glossary]({term.link})" if help_text else _format_definition(term)


def explain_values(labels: Iterable[str]) -> str:
    """The definitions of all terms among the labels of a choice, such as 'FP32, oneDNN off'."""
    parts = (part.strip() for label in labels for part in label.split(","))
    terms = dict.fromkeys(term for part in parts if (term := find_term(part)))
    return "\n\n".join(map(_format_definition, terms))


def _format_definition(term: Term) -> str:
    return f"**{term.name}**: {term.definition} [Glossary]({term.link})"
