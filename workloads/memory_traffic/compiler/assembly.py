"""What a compiled kernel consists of: the instructions of its innermost loops, counted by the width of their vectors.

The counts are static: they tell which code there is, and not how often it ran. A vectorized loop usually has a scalar
one beside it, for the elements that are left over.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

_LABEL = re.compile(r"^([.\w$@]+):")
_JUMP = re.compile(r"^\s+(j[a-z]+|b\.\w+|cbn?z|tbn?z|b)\s+(?:.*,\s*)?(\.L\w+)")
_INSTRUCTION = re.compile(r"^\s+([a-z][\w.]*)\s*(.*)$")
_PACKED = re.compile(r"^v?(?:add|sub|mul|div|sqrt|max|min|addsub|fn?m(?:add|sub)\d*)p[sd]$")
_SCALAR = re.compile(r"^v?(?:add|sub|mul|div|sqrt|max|min|fn?m(?:add|sub)\d*)s[sd]$")
_MOVE = re.compile(r"^v?mov[ua]p[sd]$|^vmovdq[ua]\d*$|^v?(?:unpck|shuf|perm|insert|extract)\w*$")
_SINGLE_MOVE = re.compile(r"^v?movs[sd]$")
_ARM_FLOAT = re.compile(r"^f(?:add|sub|mul|div|mla|mls|madd|msub)$")
_REGISTER = re.compile(r"\b([xyz])mm\d+")
_ARM_VECTOR = re.compile(r"\bv\d+\.(?:2d|4s)\b")
_STACK = "(%rsp"
REGISTER_BITS = {"x": 128, "y": 256, "z": 512}


@dataclass(frozen=True, slots=True)
class Loops:
    """The innermost loops of a kernel."""

    loops: int
    packed: Counter[int]
    """Vector arithmetic, by bits."""
    scalar: int
    """Floating-point arithmetic on one element."""
    moves: Counter[int]
    """Vector loads, stores and shuffles, by bits; not those of the stack, where arrays are not."""
    mixed: int
    """Loops that have both vector arithmetic and scalar: products are vectors, say, and are added one by one."""
    whole: int
    """Loops that have vector arithmetic alone."""
    common: tuple[tuple[str, int], ...]
    """The commonest floating-point instructions with the register that they use, and their counts."""
    narrow: int = 0
    """Vector loops that run on matrices of one column alone, where there are no others; counted nowhere else."""
    single_moves: int = 0
    """Loads and stores of one floating-point element."""
    moving: int = 0
    """Loops that move vectors and nothing else: no single elements, no arithmetic."""

    @property
    def computes(self) -> bool:
        """Whether there is floating-point arithmetic."""
        return bool(self.packed or self.scalar)

    @property
    def vector_loops(self) -> int:
        """Loops that do their work by vectors alone: arithmetic, or moves where nothing is computed."""
        return self.whole if self.computes else self.moving

    @property
    def vectorized(self) -> bool:
        """Whether a loop works by vectors alone; one that also adds one by one goes at the pace of that."""
        return bool(self.vector_loops)

    @property
    def bits(self) -> int:
        """Width of the widest vector arithmetic; 0 where there is none."""
        return max(self.packed, default=0)

    def words(self) -> list[str]:
        """What was found, for a person."""
        aside = f"; {self.narrow} more, with vectors, run at unit stride alone, and never here" if self.narrow else ""
        lines = [f"{self._verdict}; in {self.loops} innermost loops{aside}"]
        moved = f"vector moves: {_format_widths(self.moves)}"
        if self.computes:
            lines.append(
                f"vector arithmetic: {_format_widths(self.packed)}; scalar arithmetic: {self.scalar or 'none'}"
            )
            if not self.packed and self.moves:
                lines.append(moved)
        elif self.moves or self.single_moves:
            lines.append(f"no arithmetic; {moved}; moves of one element: {self.single_moves or 'none'}")
        else:
            lines.append("no arithmetic")
        if self.common:
            lines.append(", ".join(f"{count} × {name}" for name, count in self.common))
        return lines

    @property
    def _verdict(self) -> str:
        if not self.computes:
            return f"vectorized moves, {max(self.moves)} bits" if self.vectorized else "not vectorized"
        if not self.packed:
            return "not vectorized"
        return f"{'vectorized' if self.vectorized else 'partly vectorized'}, {self.bits} bits"


def _format_widths(counts: Counter[int]) -> str:
    registers = {128: "xmm", 256: "ymm", 512: "zmm"}
    return ", ".join(f"{count} on {bits} bits ({registers[bits]})" for bits, count in sorted(counts.items())) or "none"


def read_loops(text: str, name: str) -> Loops:
    """The innermost loops of the functions of an assembly listing whose symbols contain `name` (see `functions`)."""
    packed: Counter[int] = Counter()
    moves: Counter[int] = Counter()
    common: Counter[str] = Counter()
    loops = scalar = mixed = whole = single = moving = 0
    for lines in find_functions(text, name):
        for first, last in find_innermost_loops(lines):
            loops += 1
            before = packed.total(), scalar, moves.total(), single
            for line in lines[first : last + 1]:
                found = _INSTRUCTION.match(line)
                if not found:
                    continue
                code, operands = found.groups()
                bits = _widest_register_bits(operands)
                if _PACKED.match(code) or (_ARM_FLOAT.match(code) and _ARM_VECTOR.search(operands)):
                    packed[bits] += 1
                elif _SCALAR.match(code) or _ARM_FLOAT.match(code):
                    scalar += 1
                elif _MOVE.match(code) and bits:
                    moves[bits] += _STACK not in operands
                    continue
                elif _SINGLE_MOVE.match(code):
                    single += _STACK not in operands
                    continue
                else:
                    continue
                register = {128: " xmm", 256: " ymm", 512: " zmm"}.get(bits, "")
                common[f"{code}{register}"] += 1
            vectors, singles = packed.total() > before[0], scalar > before[1]
            mixed += vectors and singles
            whole += vectors and not singles
            moving += moves.total() > before[2] and single == before[3] and not vectors and not singles
    return Loops(
        loops, packed, scalar, +moves, mixed, whole, tuple(common.most_common(4)), single_moves=single, moving=moving
    )


def find_functions(text: str, name: str) -> list[list[str]]:
    """Lines of the kernel's own functions: itself, or those that its threads run, where there are such, since itself
    then only adds up what they found; not what calls it from Python."""
    found: dict[bool, list[list[str]]] = {True: [], False: []}
    current: list[str] | None = None
    for line in text.splitlines():
        label = _LABEL.match(line)
        if label and not label[1].startswith((".L", "L")):
            symbol = label[1]
            # What threads run may have been put into its wrapper, `__gufunc__`, whole.
            threads = "parfor_gufunc" in symbol
            own = symbol.startswith("_ZN") and not symbol.startswith("_ZN7cpython") and f"{len(name)}{name}" in symbol
            current = [] if threads or own else None
            if current is not None:
                found[threads].append(current)
        elif line.startswith((".Lfunc_end", "Lfunc_end")):
            current = None
        if current is not None:
            current.append(line)
    return found[True] or found[False]


def find_innermost_loops(lines: list[str]) -> list[tuple[int, int]]:
    """First and last line of every loop that has no other in it: a jump back to a label, and all between."""
    labels = {found[1]: place for place, line in enumerate(lines) if (found := _LABEL.match(line))}
    loops = []
    for place, line in enumerate(lines):
        jump = _JUMP.match(line)
        if jump and labels.get(jump[2], len(lines)) <= place:
            loops.append((labels[jump[2]], place))
    return [
        loop
        for loop in loops
        if not any(other != loop and loop[0] <= other[0] and other[1] <= loop[1] for other in loops)
    ]


def _widest_register_bits(operands: str) -> int:
    """Width of the widest register among the operands."""
    found = [REGISTER_BITS[letter] for letter in _REGISTER.findall(operands)]
    return max(found, default=128 if _ARM_VECTOR.search(operands) else 0)
