"""Glossary: what the words on the pages mean."""

from ui.views.glossary import draw_glossary_page

draw_glossary_page()
