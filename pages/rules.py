"""Rules: the conditions of every claim, and the statistics."""

from ui.views.rules import draw_rules_page

draw_rules_page()
