"""Colour quantization: stock scikit-learn against scikit-learn-intelex."""

from ui.views.race import page

page.draw_race_page("colour-quantization")
