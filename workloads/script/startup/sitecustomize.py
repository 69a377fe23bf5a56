"""Starts the tracer in every Python process of a profiled script. The interpreter imports it by its name.

This folder is the first in PYTHONPATH of a profiled script, so its worker processes have it too. The folder is removed
from `sys.path`, and the `sitecustomize` that it hides is loaded as usual.
"""

import contextlib
import importlib.machinery
import importlib.util
import os
import sys

_FOLDER = os.path.dirname(os.path.abspath(__file__))
if os.environ.get("FAIRLAP_TRACE_FOLDER"):
    import fairlap_tracer

    fairlap_tracer.install()
sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != _FOLDER]
_hidden = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
if _hidden is not None and _hidden.loader is not None:
    # As in `site`: an interpreter starts without it if it fails.
    with contextlib.suppress(Exception):
        _hidden.loader.exec_module(importlib.util.module_from_spec(_hidden))
