"""The rules that every number on screen obeys."""

from ui import rules

rules.page()
