"""The rules that every number on screen obeys."""

from ui.views import rules

rules.draw_rules_page()
