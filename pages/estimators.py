"""Estimators: one estimator of scikit-learn, stock against scikit-learn-intelex."""

from ui.views.race.page import draw_race_page

draw_race_page("estimators")
