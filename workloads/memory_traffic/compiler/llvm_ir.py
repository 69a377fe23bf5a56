"""LLVM's code of a kernel, without what runs on matrices of one column alone.

Down a column the next element is a row away: next to it, in a matrix of one column. LLVM writes vectors for that case
beside the scalar loop that every other matrix needs, and chooses when it runs. Who reads its machine code finds vectors
that no array here ever sees; so what asks for an extent of one is answered before that code is read.
"""

from __future__ import annotations

import re
from typing import Any

_NAME = r'%(?:"[^"]*"|[-\w.$]+)'
_FUNCTION = re.compile(r"^define .*?^}", re.MULTILINE | re.DOTALL)
# Numba hands an array over in parts, of which the fifth are its extents; to what threads run, all extents come behind
# the number of turns, in one list.
_EXTENT = re.compile(r'%"?arg\.[^\s",)]+\.5\.\d+"?')
_PLACE = re.compile(rf"({_NAME}) = getelementptr [\w ]*\bi8, ptr %dims, i64 \d+")
_LOAD = re.compile(rf"({_NAME}) = load i64, ptr ({_NAME})")
_PHI = re.compile(rf"({_NAME}) = phi i64 (\[.*\])")
_PHI_VALUE = re.compile(r"\[ ([^,]+), ")
_COMPARISON_WITH_ONE = re.compile(rf"({_NAME} = icmp (?:eq|ne) i64) ({_NAME}), 1\b")


def remove_one_column_checks(text: str) -> str:
    """`text`, LLVM's code as it was compiled, where every question whether an extent of an array is one is answered by
    no; right where none is. The same text where nothing asks."""
    return _FUNCTION.sub(lambda function: _resolve_checks(function[0]), text)


def emit_assembly(text: str, machine: Any) -> str:
    """Machine code of LLVM's code, by a target machine, without what can no longer be reached."""
    from llvmlite import binding

    module = binding.parse_assembly(text)
    passes = binding.create_new_module_pass_manager()
    passes.add_sccp_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, binding.create_pass_builder(machine, binding.PipelineTuningOptions()))
    return machine.emit_assembly(module)


def _resolve_checks(function: str) -> str:
    extents = _find_extents(function)
    return _COMPARISON_WITH_ONE.sub(lambda asked: f"{asked[1]} 0, 1" if asked[2] in extents else asked[0], function)


def _find_extents(function: str) -> set[str]:
    """Names of the values that are an array's extent, whichever array it is."""
    places = {found[1] for found in _PLACE.finditer(function)}
    extents = set(_EXTENT.findall(function))
    extents |= {found[1] for found in _LOAD.finditer(function) if found[2] in places}
    choices = {found[1]: set(_PHI_VALUE.findall(found[2])) for found in _PHI.finditer(function)}
    while more := {name for name, coming in choices.items() if name not in extents and coming <= extents}:
        extents |= more
    return extents
