"""The page of the rules."""

from bench.claims.rules import RULES
from bench.stats.glossary import GLOSSARY
from tests.support.pages import open_page, read_page
from ui.views.rules import TWELVE_WAYS


def test_the_page_shows_every_rule_and_every_term():
    page = read_page(open_page("rules"))
    for rule in RULES:
        assert rule.title in page and rule.why in page and rule.limits in page
    for title, _ in GLOSSARY:
        assert title in page


def test_each_of_the_twelve_ways_has_a_rule():
    assert len(TWELVE_WAYS) == 12
    assert {name for _, names in TWELVE_WAYS for name in names} <= {rule.name for rule in RULES}
