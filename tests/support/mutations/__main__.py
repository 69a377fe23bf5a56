"""Writes one damaged file: `python -m tests.support.mutations KIND NUMBER FILE`."""

import sys
from pathlib import Path

from tests.support.mutations import make_mutated_input

kind, number, file = sys.argv[1:]
mutated = make_mutated_input(kind, int(number))
Path(file).write_bytes(mutated.content)
print(mutated)
