"""Marks that skip tests on systems that lack something."""

import sys

import pytest

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it in /proc")
