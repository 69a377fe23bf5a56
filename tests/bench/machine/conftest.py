"""Fixtures of the tests of machines."""

import pytest

from bench.machine import describe
from bench.machine.model import Machine


@pytest.fixture(scope="module")
def here() -> Machine:
    return describe.describe_machine()
