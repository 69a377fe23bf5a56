"""Estimators: one estimator of scikit-learn, stock against scikit-learn-intelex, the gallery, and one's own script."""

from ui.access.identity import find_visitor
from ui.views.estimators import tabs
from ui.views.estimators.gallery_settings import WORKLOAD
from ui.views.race.page import draw_race_page

draw_race_page(WORKLOAD, tabs=tabs.build_tabs(find_visitor()), local_tabs=tabs.LOCAL_TABS)
