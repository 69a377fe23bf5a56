"""TODO: workloads.bert.profiling.onednn_verbose."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_FIELDS = (
    *("operation", "engine", "primitive", "implementation", "prop_kind"),
    *("memory_descriptors", "attributes", "auxiliary", "problem_desc", "exec_time"),
)
"""A line's fields from 'exec' on, in oneDNN 1.0 to 3.7; a line that gives another template is believed."""


GEMM = "gemm_api"
"""The primitive as which oneDNN tells of a call of its plain matrix product: TensorFlow's own kernels make such calls,
for blocks of a product, from all of their threads at once."""


PRODUCT_PRIMITIVES = ("inner_product", "matmul", GEMM)


@dataclass(frozen=True, slots=True)
class KernelCall:
    """One line: oneDNN ran a kernel."""

    primitive: str
    """inner_product, matmul, softmax, reorder …"""
    implementation: str
    """For example brgemm:avx512_core_vnni; empty where oneDNN does not say."""
    types: str
    """What it read and what it made: `u8 × s8 → f32`."""
    precision: str
    """Of what it read: int8, bf16, fp16, fp32; `mixed` or empty where that is none of them."""
    shape: str
    """oneDNN's problem description, such as mb512ic384oc1536 or 4x2x64x16:4x2x16x64."""
    fused: str
    """Post-operations, done in the same kernel: eltwise_gelu_erf, sum; empty where there are none."""
    ms: float


@dataclass(frozen=True, slots=True)
class VerboseReport:
    """What oneDNN printed."""

    calls: tuple[KernelCall, ...]
    skipped: int
    """Lines of a kernel that could not be read: truncated, or of an unknown form."""
    version: str
    """Of oneDNN; empty where it did not say."""
    instructions: str
    """The newest instruction set that oneDNN found, in its words."""


def parse_verbose(text: str) -> VerboseReport:
    """oneDNN's lines, among any others, from whatever version since 1.0. A line that ends early, also the last one
    without its line end, is counted and left out."""
    calls, skipped, version, instructions, fields = [], 0, "", "", DEFAULT_FIELDS
    for line in text.splitlines(keepends=True):
        # Another thread's log may stand before it in the same line.
        found = re.search(r"(?:onednn|dnnl)_verbose,.*", line)
        if not found or ",graph," in found[0]:
            continue
        told = found[0]
        if template := re.search(r"template:(.+)", told):
            names = template[1].strip().split(",")
            fields = names[names.index("operation") :] if "operation" in names else DEFAULT_FIELDS
        elif named := re.search(r"oneDNN v([\d.]+)|DNNL v([\d.]+)", told):
            version = named[1] or named[2]
        elif named := re.search(r",isa:(.*)", told):
            instructions = named[1].strip()
        elif ",exec," in told:
            call = _parse_call(told.split(","), fields) if line.endswith("\n") else None
            skipped += call is None
            calls += [call] if call else []
    return VerboseReport(tuple(calls), skipped, version, instructions)


def _parse_call(parts: list[str], fields: Sequence[str]) -> KernelCall | None:
    """The call that a line tells of, split at its commas; None where it is not whole."""
    parts = parts[parts.index("exec") :]
    if len(parts) != len(fields):
        return None
    told = dict(zip(fields, parts, strict=True))
    try:
        ms = float(told["exec_time"])
        types, precision = _parse_types(told["memory_descriptors"])
        # `attr-post-ops:sum` in version 3, quoted before.
        fused = re.search(r"post[-_]ops:['\"]?([^\s'\"]+)", told["attributes"])
        names = told["primitive"], told["implementation"]
        shape = told["problem_desc"]
    except (KeyError, ValueError):
        return None
    if not math.isfinite(ms) or ms < 0 or not told["primitive"]:
        return None
    return KernelCall(*names, types, precision, shape, fused[1] if fused else "", ms)


_DESCRIPTOR = re.compile(r"(?:^|\s)(src|wei|dst|data)\w*?[_:]((?:tf|bf|f|s|u)\d+\w*)")


_PRECISION_NAMES = {"u8": "int8", "s8": "int8", "bf16": "bf16", "f16": "fp16", "f32": "fp32"}


def _parse_types(descriptors: str) -> tuple[str, str]:
    """`u8 × s8 → f32` and int8, of `src:u8:a:blocked:ab::f0 wei:s8:…`, or of version 2's `src_u8:…`."""
    found = _DESCRIPTOR.findall(descriptors)
    reads = [type for what, type in found if what != "dst"]
    makes = [type for what, type in found if what == "dst"]
    precisions = {_PRECISION_NAMES.get(type, type) for type in reads}
    precision = precisions.pop() if len(precisions) == 1 else "mixed" if precisions else ""
    return " → ".join(" × ".join(arm) for arm in (reads, makes) if arm), precision


def parse_product_dimensions(primitive: str, shape: str) -> tuple[int, ...]:
    """Batch, m, n and k of a matrix product; nothing where it is none, or its shape is told in an unknown way."""
    if primitive not in PRODUCT_PRIMITIVES:
        return ()
    letters = dict(re.findall(r"([a-z]+)(\d+)", shape))
    if primitive == "inner_product":
        if not {"mb", "ic", "oc"} <= letters.keys():
            return ()
        inner = math.prod(int(letters.get(name, 1)) for name in ("ic", "id", "ih", "iw"))
        return 1, int(letters["mb"]), int(letters["oc"]), inner
    if {"m", "n", "k"} <= letters.keys():
        # Version 1 wrote b8m64n64k16.
        return tuple(int(letters.get(name, 1)) for name in ("b", "m", "n", "k"))
    try:
        # Version 2 wrote the product behind the factors.
        left, right = ([int(size) for size in part.split("x")] for part in shape.split(":")[:2])
    except ValueError:
        return ()
    if min(len(left), len(right)) < 2 or left[-1] != right[-2]:
        return ()
    batch = math.prod(max(sizes) for sizes in zip(left[:-2], right[:-2], strict=False))
    return batch, left[-2], right[-1], left[-1]
