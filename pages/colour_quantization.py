"""Colour quantization: stock scikit-learn against scikit-learn-intelex."""

from ui.views.race.page import draw_race_page

draw_race_page("colour-quantization")
