"""Estimators: one estimator of scikit-learn, stock against scikit-learn-intelex, and the gallery of all of them."""

from ui.views.estimators import gallery
from ui.views.race.page import draw_race_page

draw_race_page(gallery.WORKLOAD, tabs=gallery.build_tabs())
