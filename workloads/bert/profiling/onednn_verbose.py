"""Parses the log of kernels that oneDNN prints with ONEDNN_VERBOSE=profile_exec.

Source: https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_FIELDS = (
    *("operation", "engine", "primitive", "implementation", "prop_kind"),
    *("memory_descriptors", "attributes", "auxiliary", "problem_desc", "exec_time"),
)
"""The fields of a line from `exec` on, in oneDNN 1.0 to 3.7. A template in the log replaces them."""
GEMM = "gemm_api"
"""The primitive of a call of oneDNN's plain matrix product. TensorFlow's own kernels make such calls for blocks of a
product, from all of their threads at once."""
PRODUCT_PRIMITIVES = ("inner_product", "matmul", GEMM)
"""Primitives that are matrix products."""

_DESCRIPTOR = re.compile(r"(?:^|\s)(src|wei|dst|data)\w*?[_:]((?:tf|bf|f|s|u)\d+\w*)")
_PRECISION_NAMES = {"u8": "int8", "s8": "int8", "bf16": "bf16", "f16": "fp16", "f32": "fp32"}


@dataclass(frozen=True, slots=True)
class KernelCall:
    """One line of the log: a call of a kernel."""

    primitive: str
    """inner_product, matmul, softmax, reorder …"""
    implementation: str
    """For example brgemm:avx512_core_vnni; empty if oneDNN does not name it."""
    types: str
    """Types of inputs and outputs: `u8 × s8 → f32`."""
    precision: str
    """Of the inputs: int8, bf16, fp16, fp32, or oneDNN's name of another type; `mixed` if they differ; empty if the
    line names no input."""
    shape: str
    """oneDNN's problem description, such as mb512ic384oc1536 or 4x2x64x16:4x2x16x64."""
    fused: str
    """Post-operations in the same kernel, for example eltwise_gelu_erf or sum; empty if there are none."""
    ms: float


@dataclass(frozen=True, slots=True)
class VerboseReport:
    """The content of a log."""

    calls: tuple[KernelCall, ...]
    skipped: int
    """Number of lines about a kernel that could not be parsed: truncated, or of an unknown form."""
    version: str
    """Version of oneDNN; empty if the log does not state it."""
    instructions: str
    """The newest instruction set that oneDNN found on this processor, in its words."""


def parse_verbose(text: str) -> VerboseReport:
    """Parse oneDNN's lines in `text`, which may contain other lines; any version since 1.0.

    A truncated line is counted and left out, and so is a last line without a line end.
    """
    calls, skipped, version, instructions, fields = [], 0, "", "", DEFAULT_FIELDS
    for line in text.splitlines(keepends=True):
        # Another thread's log may precede it in the same line.
        match = re.search(r"(?:onednn|dnnl)_verbose,.*", line)
        if not match or ",graph," in match[0]:
            continue
        entry = match[0]
        if template := re.search(r"template:(.+)", entry):
            names = template[1].strip().split(",")
            fields = names[names.index("operation") :] if "operation" in names else DEFAULT_FIELDS
        elif header := re.search(r"oneDNN v([\d.]+)|DNNL v([\d.]+)", entry):
            version = header[1] or header[2]
        elif header := re.search(r",isa:(.*)", entry):
            instructions = header[1].strip()
        elif ",exec," in entry:
            call = _parse_call(entry.split(","), fields) if line.endswith("\n") else None
            skipped += call is None
            calls += [call] if call else []
    return VerboseReport(tuple(calls), skipped, version, instructions)


def _parse_call(parts: list[str], fields: Sequence[str]) -> KernelCall | None:
    """Return the call that a line describes, given the parts between its commas, or None if it is not complete."""
    parts = parts[parts.index("exec") :]
    if len(parts) != len(fields):
        return None
    values = dict(zip(fields, parts, strict=True))
    try:
        ms = float(values["exec_time"])
        types, precision = _parse_types(values["memory_descriptors"])
        # `attr-post-ops:sum` in version 3, in quotes before.
        fused = re.search(r"post[-_]ops:['\"]?([^\s'\"]+)", values["attributes"])
        primitive, implementation, shape = values["primitive"], values["implementation"], values["problem_desc"]
    except (KeyError, ValueError):
        return None
    if not math.isfinite(ms) or ms < 0 or not primitive:
        return None
    return KernelCall(primitive, implementation, types, precision, shape, fused[1] if fused else "", ms)


def _parse_types(descriptors: str) -> tuple[str, str]:
    """Return `u8 × s8 → f32` and `int8` for `src:u8:a:blocked:ab::f0 wei:s8:…`, or for version 2's `src_u8:…`."""
    pairs = _DESCRIPTOR.findall(descriptors)
    inputs: list[str] = [type for role, type in pairs if role != "dst"]
    outputs: list[str] = [type for role, type in pairs if role == "dst"]
    precisions: set[str] = {_PRECISION_NAMES.get(type, type) for type in inputs}
    precision = precisions.pop() if len(precisions) == 1 else "mixed" if precisions else ""
    return " → ".join(" × ".join(types) for types in (inputs, outputs) if types), precision


def parse_product_dimensions(primitive: str, shape: str) -> tuple[int, ...]:
    """Return (batch, m, n, k) of a matrix product, or () if it is not one or its shape has an unknown form."""
    if primitive not in PRODUCT_PRIMITIVES:
        return ()
    letters = dict(re.findall(r"([a-z]+)(\d+)", shape))
    if primitive == "inner_product":
        if not {"mb", "ic", "oc"} <= letters.keys():
            return ()
        inner = math.prod(int(letters.get(name, 1)) for name in ("ic", "id", "ih", "iw"))
        return 1, int(letters["mb"]), int(letters["oc"]), inner
    if {"m", "n", "k"} <= letters.keys():
        # Version 1 writes b8m64n64k16.
        return tuple(int(letters.get(name, 1)) for name in ("b", "m", "n", "k"))
    try:
        # Version 2 appends the shape of the product.
        left, right = ([int(size) for size in part.split("x")] for part in shape.split(":")[:2])
    except ValueError:
        return ()
    if min(len(left), len(right)) < 2 or left[-1] != right[-2]:
        return ()
    batch = math.prod(max(sizes) for sizes in zip(left[:-2], right[:-2], strict=False))
    return batch, left[-2], right[-1], left[-1]
