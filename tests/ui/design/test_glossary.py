"""The glossary: every term that code asks for exists, and every control whose label is a term explains it."""

import ast
import re
from collections import Counter

import pytest

from bench.paths import ROOT
from bench.stats.explanations import EXPLANATIONS
from bench.workload.registry import load_workloads
from tests.support.pages import open_page, read_page
from ui.design.glossary import GLOSSARY, TERMS, explain, explain_control, explain_values, find_term


def list_explained_names() -> set[str]:
    """The literal arguments of all calls of `explain` in ui."""
    names = set()
    for path in (ROOT / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "explain":
                names |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return names


def test_every_explained_word_is_in_the_glossary():
    names = list_explained_names()
    assert names
    assert {name for name in names if find_term(name) is None} == set()


NAME = re.compile(r"(?<![#\w.&-])(?:[A-Z][a-z]*){2,}[0-9]*\b")
"""Abbreviations and names with several capital letters, such as `MLPerf`, `SC15` and `BLAS`."""
WELL_KNOWN = {
    *("CPU", "CSV", "GIF", "JPEG", "JSON", "PNG", "TIFF", "URL", "UTC", "WebP", "YAML"),
    *("GB", "KiB", "MB", "MHz", "MiB"),
}
NOT_SHOWN = {
    *("HH", "MMM", "YY"),  # Formats of dates.
    *("HOST", "SIGSTOP", "StaticQuantConfig", "UI", "WeakMap"),  # Code.
}


def list_shown_names() -> set[str]:
    """The names in the texts of pages, rules, statistics and declarations."""
    folders = [ROOT / folder for folder in ("ui/views", "ui/run_view", "ui/charts", "bench/claims")]
    files = [path for folder in folders for path in folder.rglob("*.py")]
    files += [ROOT / "bench/stats/explanations.py", *(ROOT / "workloads").glob("*/__init__.py")]
    names = set()
    for path in [*files, *(ROOT / "workloads").glob("*/catalogue.py")]:
        tree = ast.parse(path.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                names |= set(NAME.findall(node.value)) if " " in node.value else set()
    return names


def test_names_and_abbreviations_of_the_pages_are_in_the_glossary():
    names = list_shown_names()
    assert {"MLPerf", "SC15", "BLAS"} <= names
    spellings = " ".join(" ".join([term.name, *term.other_names]) for term in TERMS).lower()
    unexplained = {name for name in names - WELL_KNOWN - NOT_SHOWN if name.lower() not in spellings}
    assert unexplained == set(), "Add them to ui/design/glossary.toml, or to the lists of this test."


def test_terms_of_figures_and_rules_are_in_the_glossary():
    for name in ("p90", "p99", "roofline", "triad", "twelve ways", "SC15", "MLPerf", "interquartile range", "attempt"):
        assert find_term(name), name


def test_no_two_terms_share_a_spelling_or_an_anchor():
    spellings = Counter(name for term in TERMS for name in {term.name.lower(), *term.other_names})
    anchors = Counter(term.anchor for term in TERMS)
    assert {name for counts in (spellings, anchors) for name, count in counts.items() if count > 1} == set()
    assert {term.statistic for term in TERMS} - {""} <= set(dict(EXPLANATIONS))


def test_an_explanation_has_the_definition_and_a_link_without_the_sub_path():
    text = explain("pairs")
    assert GLOSSARY["pair"].definition in text
    assert "(glossary#pair)" in text
    with pytest.raises(KeyError):
        explain("flux capacitor")


def test_the_help_of_a_control_ends_with_its_term():
    assert explain_control("Flux", "More text.") == "More text."
    assert explain_control("Flux") is None
    assert explain_control("Batch", "More text.") == "More text. [Glossary](glossary#batch)"
    assert explain_control("Seed") == explain("seed")
    assert explain_values(["FP32, oneDNN off", "FP32", "Flux"]) == explain("FP32", "oneDNN")


@pytest.mark.parametrize("name", [w.name for w in load_workloads().values() if not w.hidden])
def test_every_control_whose_label_is_a_term_explains_it(name):
    app = open_page(name)
    helps = {widget.label: widget.help or "" for kind in ("slider", "select_slider", "number_input", "selectbox")
             for widget in app.get(kind)}  # fmt: skip
    terms = {label: term for label in helps if (term := find_term(label.split(" (")[0].split(" [")[0]))}
    assert terms
    assert {label for label, term in terms.items() if f"({term.link})" not in helps[label]} == set()


def test_the_page_shows_every_term_and_the_search_narrows_them():
    app = open_page("glossary")
    page = read_page(app)
    assert all(term.name in page and term.definition in page for term in TERMS)
    app.text_input[0].set_value("hypervisor").run()
    page = read_page(app)
    assert GLOSSARY["steal"].definition in page
    assert GLOSSARY["pair"].definition not in page
    app.text_input[0].set_value("*flux*").run()
    assert "No term contains" in read_page(app)
