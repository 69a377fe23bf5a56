"""Colour quantization: stock scikit-learn against scikit-learn-intelex."""

from ui import race

race.page("colour-quantization")
