"""Reads the innermost loops of a compiled kernel: counts their instructions by type and by width of their vectors.

The counts are static. They show which code exists, not how often it ran. A vectorized loop usually has a scalar loop
next to it for the elements that are left over.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from workloads.memory_traffic.compiler.numba_adapter import is_compiled_function, is_thread_function

_LABEL = re.compile(r"^([.\w$@]+):")
_JUMP = re.compile(r"^\s+(j[a-z]+|b\.\w+|cbn?z|tbn?z|b)\s+(?:.*,\s*)?(\.L\w+)")
_INSTRUCTION = re.compile(r"^\s+([a-z][\w.]*)\s*(.*)$")
_VECTOR_ARITHMETIC = re.compile(r"^v?(?:add|sub|mul|div|sqrt|max|min|addsub|fn?m(?:add|sub)\d*)p[sd]$")
_SCALAR_ARITHMETIC = re.compile(r"^v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d*)s[sd]$")
_VECTOR_MOVE = re.compile(r"^v?mov[ua]p[sd]$|^vmovdq[ua]\d*$|^v?(?:unpck|shuf|perm|insert|extract)\w*$")
_SCALAR_MOVE = re.compile(r"^v?movs[sd]$")
_ARM_ARITHMETIC = re.compile(r"^f(?:add|sub|mul|div|mla|mls|madd|msub)$")
_REGISTER = re.compile(r"\b([xyz])mm\d+")
_ARM_VECTOR = re.compile(r"\bv\d+\.(?:2d|4s)\b")
_STACK = "(%rsp"
_REGISTER_BITS = {"x": 128, "y": 256, "z": 512}
_REGISTER_NAMES = {128: "xmm", 256: "ymm", 512: "zmm"}
_MAX_COMMON_INSTRUCTIONS = 4


@dataclass(frozen=True, slots=True)
class Loops:
    """The innermost loops of a kernel."""

    loop_count: int
    vector_arithmetic: Counter[int]
    """Number of vector instructions that compute, by width in bits."""
    scalar_arithmetic: int
    """Number of floating-point instructions that compute with one element."""
    vector_moves: Counter[int]
    """Number of vector loads, stores and shuffles, by width in bits. Those of the stack do not count: no arrays
    there."""
    pure_vector_loops: int
    """Loops that compute with vector instructions only. A loop with both may, for example, multiply vectors and then
    add their elements one by one."""
    common_instructions: tuple[tuple[str, int], ...]
    """The most frequent floating-point instructions, each with its register type and its count."""
    one_column_loops: int = 0
    """Vector loops that run only for matrices of one column, if there are no other vector loops. No other field counts
    them."""
    scalar_moves: int = 0
    """Number of loads and stores of one floating-point element."""
    vector_move_loops: int = 0
    """Loops that move vectors only: no arithmetic, and no moves of single elements."""

    @property
    def computes(self) -> bool:
        """Whether there is floating-point arithmetic."""
        return bool(self.vector_arithmetic or self.scalar_arithmetic)

    @property
    def vector_loops(self) -> int:
        """Loops that do their work with vectors only: arithmetic, or moves if the kernel computes nothing."""
        return self.pure_vector_loops if self.computes else self.vector_move_loops

    @property
    def vectorized(self) -> bool:
        """Whether at least one loop works with vectors only. A loop that also adds single elements is as slow as
        that."""
        return bool(self.vector_loops)

    @property
    def vector_bits(self) -> int:
        """Width of the widest vector arithmetic; 0 if there is none."""
        return max(self.vector_arithmetic, default=0)

    def describe(self) -> list[str]:
        """The verdict and the counts, as lines of text."""
        one_column = ""
        if self.one_column_loops:
            one_column = f"; {self.one_column_loops} more, with vectors, run only for matrices of one column, not here"
        lines = [f"{self._verdict()}; {self.loop_count} innermost loops{one_column}"]
        moves = f"vector moves: {_format_widths(self.vector_moves)}"
        if self.computes:
            lines.append(
                f"vector arithmetic: {_format_widths(self.vector_arithmetic)}; "
                f"scalar arithmetic: {self.scalar_arithmetic or 'none'}"
            )
            if not self.vector_arithmetic and self.vector_moves:
                lines.append(moves)
        elif self.vector_moves or self.scalar_moves:
            lines.append(f"no arithmetic; {moves}; moves of one element: {self.scalar_moves or 'none'}")
        else:
            lines.append("no arithmetic")
        if self.common_instructions:
            lines.append(", ".join(f"{count} × {name}" for name, count in self.common_instructions))
        return lines

    def _verdict(self) -> str:
        if not self.computes:
            return f"vectorized moves, {max(self.vector_moves)} bits" if self.vectorized else "not vectorized"
        if not self.vector_arithmetic:
            return "not vectorized"
        return f"{'vectorized' if self.vectorized else 'partly vectorized'}, {self.vector_bits} bits"


def _format_widths(counts: Counter[int]) -> str:
    widths = [f"{count} of {bits} bits ({_REGISTER_NAMES[bits]})" for bits, count in sorted(counts.items())]
    return ", ".join(widths) or "none"


def read_loops(machine_code: str, name: str) -> Loops:
    """The innermost loops of the function `name` in an assembly listing; see `find_functions`."""
    loops = [
        _count_instructions(lines[first : last + 1])
        for lines in find_functions(machine_code, name)
        for first, last in find_innermost_loops(lines)
    ]
    common: Counter[str] = sum((loop.common for loop in loops), Counter())
    return Loops(
        loop_count=len(loops),
        vector_arithmetic=sum((loop.vector_arithmetic for loop in loops), Counter()),
        scalar_arithmetic=sum(loop.scalar_arithmetic for loop in loops),
        vector_moves=sum((loop.vector_moves for loop in loops), Counter()),
        pure_vector_loops=sum(bool(loop.vector_arithmetic) and not loop.scalar_arithmetic for loop in loops),
        common_instructions=tuple(common.most_common(_MAX_COMMON_INSTRUCTIONS)),
        scalar_moves=sum(loop.scalar_moves for loop in loops),
        vector_move_loops=sum(loop.only_moves_vectors() for loop in loops),
    )


@dataclass(slots=True)
class _LoopCounts:
    """The instructions of one loop."""

    vector_arithmetic: Counter[int]
    vector_moves: Counter[int]
    common: Counter[str]
    scalar_arithmetic: int = 0
    scalar_moves: int = 0

    def only_moves_vectors(self) -> bool:
        computes = self.vector_arithmetic or self.scalar_arithmetic
        return bool(self.vector_moves) and not self.scalar_moves and not computes


def _count_instructions(lines: list[str]) -> _LoopCounts:
    counts = _LoopCounts(Counter(), Counter(), Counter())
    for line in lines:
        instruction = _INSTRUCTION.match(line)
        if not instruction:
            continue
        operation, operands = instruction.groups()
        bits = _widest_register_bits(operands)
        if _VECTOR_ARITHMETIC.match(operation) or (_ARM_ARITHMETIC.match(operation) and _ARM_VECTOR.search(operands)):
            counts.vector_arithmetic[bits] += 1
        elif _SCALAR_ARITHMETIC.match(operation) or _ARM_ARITHMETIC.match(operation):
            counts.scalar_arithmetic += 1
        else:
            if _STACK not in operands:
                if _VECTOR_MOVE.match(operation) and bits:
                    counts.vector_moves[bits] += 1
                elif _SCALAR_MOVE.match(operation):
                    counts.scalar_moves += 1
            continue
        counts.common[f"{operation} {_REGISTER_NAMES.get(bits, '')}".strip()] += 1
    return counts


def find_functions(machine_code: str, name: str) -> list[list[str]]:
    """The lines of each compiled function that does the work of the kernel `name`.

    If threads run parts of the kernel, these are the functions that the threads run: the kernel itself then only
    combines their results. Otherwise it is the kernel itself. The wrapper that Python calls never counts.
    """
    thread_functions: list[list[str]] = []
    kernel_functions: list[list[str]] = []
    current: list[str] | None = None
    for line in machine_code.splitlines():
        label = _LABEL.match(line)
        if label and not label[1].startswith((".L", "L")):
            symbol = label[1]
            current = None
            if is_thread_function(symbol):
                thread_functions.append(current := [])
            elif is_compiled_function(symbol, name):
                kernel_functions.append(current := [])
        elif line.startswith((".Lfunc_end", "Lfunc_end")):
            current = None
        if current is not None:
            current.append(line)
    return thread_functions or kernel_functions


def find_innermost_loops(lines: list[str]) -> list[tuple[int, int]]:
    """First and last line number of every loop that contains no other loop. A loop is a jump back to a label."""
    labels = {label[1]: number for number, line in enumerate(lines) if (label := _LABEL.match(line))}
    loops = []
    for number, line in enumerate(lines):
        jump = _JUMP.match(line)
        if jump and labels.get(jump[2], len(lines)) <= number:
            loops.append((labels[jump[2]], number))
    return [loop for loop in loops if not any(_contains(loop, other) for other in loops)]


def _contains(loop: tuple[int, int], other: tuple[int, int]) -> bool:
    return other != loop and loop[0] <= other[0] and other[1] <= loop[1]


def _widest_register_bits(operands: str) -> int:
    """Width in bits of the widest vector register among the operands; 0 if there is none."""
    widths = [_REGISTER_BITS[letter] for letter in _REGISTER.findall(operands)]
    return max(widths, default=128 if _ARM_VECTOR.search(operands) else 0)
