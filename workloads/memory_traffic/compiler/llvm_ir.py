"""The LLVM code of a kernel, without the parts that run only for matrices of one column.

Going down a column, the next element is one row away: in a matrix of one column it is the neighbour in memory. LLVM
compiles vector instructions for that case beside the scalar loop that every other matrix needs, and chooses between
both at run time. The machine code then contains vector instructions that never run here. Therefore every comparison of
an array extent with one is replaced by its answer before the machine code is read.
"""

from __future__ import annotations

import re
from typing import Any

from workloads.memory_traffic.compiler.numba_adapter import ARRAY_EXTENT, THREAD_ARRAY_EXTENTS

_NAME = r'%(?:"[^"]*"|[-\w.$]+)'
_FUNCTION = re.compile(r"^define .*?^}", re.MULTILINE | re.DOTALL)
_EXTENT_ADDRESS = re.compile(rf"({_NAME}) = {THREAD_ARRAY_EXTENTS}")
_LOAD = re.compile(rf"({_NAME}) = load i64, ptr ({_NAME})")
_PHI = re.compile(rf"({_NAME}) = phi i64 (\[.*\])")
_PHI_VALUE = re.compile(r"\[ ([^,]+), ")
_COMPARISON_WITH_ONE = re.compile(rf"({_NAME} = icmp (?:eq|ne) i64) ({_NAME}), 1\b")


def remove_one_column_checks(ir: str) -> str:
    """The LLVM code `ir`, in which every comparison of an array extent with one has the answer "is not one".

    This is correct for arrays without an extent of one. Returns the same text if there is no such comparison.
    """
    return _FUNCTION.sub(lambda function: _answer_comparisons(function[0]), ir)


def emit_assembly(ir: str, machine: Any) -> str:
    """The machine code of the LLVM code `ir`, emitted by a llvmlite TargetMachine, without unreachable code."""
    from llvmlite import binding

    module = binding.parse_assembly(ir)
    passes = binding.create_new_module_pass_manager()
    passes.add_sccp_pass()
    passes.add_simplify_cfg_pass()
    passes.run(module, binding.create_pass_builder(machine, binding.PipelineTuningOptions()))
    return machine.emit_assembly(module)


def _answer_comparisons(function: str) -> str:
    extents = _find_extents(function)

    def answer(comparison: re.Match[str]) -> str:
        return f"{comparison[1]} 0, 1" if comparison[2] in extents else comparison[0]

    return _COMPARISON_WITH_ONE.sub(answer, function)


def _find_extents(function: str) -> set[str]:
    """Names of the values that are an extent of an array, whichever array it is."""
    addresses = {match[1] for match in _EXTENT_ADDRESS.finditer(function)}
    extents = set(ARRAY_EXTENT.findall(function))
    extents |= {match[1] for match in _LOAD.finditer(function) if match[2] in addresses}
    phi_values = {match[1]: set(_PHI_VALUE.findall(match[2])) for match in _PHI.finditer(function)}
    while more := {name for name, values in phi_values.items() if name not in extents and values <= extents}:
        extents |= more
    return extents
