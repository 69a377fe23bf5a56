"""The page of the rules."""

from bench.claims.rules import RULES
from bench.claims.tricks.catalogue import TWELVE_WAYS
from bench.stats.explanations import EXPLANATIONS
from tests.support.pages import open_page, read_page
from ui.views.rules import group_rules, list_effects


def test_the_page_shows_every_rule_and_every_term():
    page = read_page(open_page("rules"))
    for rule in RULES:
        assert rule.passed in page and rule.why in page and rule.limits in page
    for title, _ in EXPLANATIONS:
        assert title in page


def test_the_page_says_whether_a_rule_refuses_reserves_or_is_a_condition():
    page = read_page(open_page("rules"))
    rules = {rule.name: rule for rule in RULES}
    for name, effects in (
        ("complete", ["refused: The run is not complete"]),
        ("stable", ["reservation: The ratio moved during the race"]),
        ("part-of-whole", ["condition: Part of the total"]),
        (
            "best-with-best",
            ["reservation: An arm is faster at another core count", "condition: Raced on one core only"],
        ),
        ("warm", ["reservation: Still warming up", "condition: The first call is slower"]),
        ("engaged", ["refused: The accelerated path did not run", "condition: Only some steps were accelerated"]),
        ("measured", ["refused: The times are shorter than the work takes"]),
    ):
        shown = list_effects(rules[name])
        assert all(effect in text for effect, text in zip(effects, shown, strict=True)), shown
        assert all(text in page for text in shown)


def test_every_rule_is_in_one_group_and_no_group_is_empty():
    page, groups = read_page(open_page("rules")), group_rules()
    grouped = [rule.name for rules in groups.values() for rule in rules]
    assert sorted(grouped) == sorted(rule.name for rule in RULES)
    assert all(rules and heading in page for heading, rules in groups.items())


def test_the_page_shows_the_twelve_ways_with_the_rules_against_them():
    page, rules = read_page(open_page("rules")), {rule.name: rule for rule in RULES}
    assert len(TWELVE_WAYS) == 12
    for way in TWELVE_WAYS:
        assert way.title in page and way.prevention in page
        assert all(rules[name].passed in page for name in way.rules)
        assert way.rules or way.prevention
