"""Evidence of the path that OpenVINO took: precision and kernel of each layer, from its execution graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bench.system.kernel_files import KERNEL_FILES
from bench.values.samples import Evidence
from workloads.bert.inference.openvino_session import OpenVinoSession
from workloads.bert.inference.tokenization import Windows
from workloads.bert.lever_values import NumberType
from workloads.bert.ov_adapter import ExecutedLayer

WEIGHT_PRODUCT = "FullyConnected"
"""What OpenVINO calls a matrix product with weights."""
PRODUCT_LAYERS = (WEIGHT_PRODUCT, "MatMul", "Subgraph")
"""Layers with matrix products. Those of two activations, in attention, are layers of their own or in a subgraph that
OpenVINO compiles as one; other subgraphs have no products."""
PRECISIONS: dict[NumberType, tuple[str, ...]] = {"fp32": ("f32",), "bf16": ("bf16",), "int8": ("u8", "i8")}
"""Types, as OpenVINO names them, in which a product counts as one of the type of numbers."""
_FAST_FLAGS: dict[NumberType, set[bytes]] = {
    "bf16": {b"avx512_bf16", b"amx_bf16", b"avx_ne_convert"},
    "int8": {b"avx512_vnni", b"avx_vnni", b"amx_int8"},
}
"""Flags of processors with instructions for products of a type. The name of an OpenVINO kernel says AVX-512 or AMX,
but not VNNI; its kernels use the newest instructions that the processor has."""
_SLOW_KERNEL = "ref"
"""Beginning of the names of kernels in plain C++."""


def collect_evidence(session: OpenVinoSession, number_type: NumberType, windows: Windows, batch: int) -> Evidence:
    """Return what the execution graph of `session` proves, after one batch of `windows`."""
    session.compute_logits(windows[:batch], batch)
    flags = set((KERNEL_FILES.read_bytes("proc/cpuinfo") or b"").split())
    return judge_layers(number_type, session.compiled.list_layers(), session.compiled.threads, flags)


def judge_layers(
    number_type: NumberType, layers: Iterable[ExecutedLayer], threads: int, processor_flags: set[bytes]
) -> Evidence:
    """Return what the layers of an execution graph prove: whether the products with weights ran in `number_type`, on
    instructions that are made for it.

    Attention's own products, of two activations, are listed and not counted: the name of a subgraph does not say what
    is in it.
    """
    products = [layer for layer in layers if layer.kind in PRODUCT_LAYERS]
    counts = Counter(f"{layer.kind} {layer.precision}, {layer.kernel}" for layer in products)
    words = [f"OpenVINO ran: {count} × {name}" for name, count in counts.most_common()]
    words.append(f"OpenVINO computes on {threads} thread{'s' * (threads != 1)}")
    with_weights = [layer for layer in products if layer.kind == WEIGHT_PRODUCT]
    converted = [layer for layer in with_weights if layer.precision in PRECISIONS[number_type]]
    has_instructions = number_type not in _FAST_FLAGS or not _FAST_FLAGS[number_type].isdisjoint(processor_flags)
    fast = [layer for layer in converted if has_instructions and not layer.kernel.startswith(_SLOW_KERNEL)]
    label, total = number_type.upper(), len(with_weights)
    reasons: list[str] = []
    if not total:
        reasons.append("the execution graph has no product with weights")
    if len(converted) < total:
        reasons.append(f"{total - len(converted)} of {total} matrix products did not run in {label}")
    if len(fast) < len(converted):
        slow = len(converted) - len(fast)
        reasons.append(f"{slow} of {len(converted)} {label} products ran on instructions that are not made for {label}")
    return Evidence(
        step="inference",
        path="accelerated" if fast else "stock",
        words=words,
        calls=total,
        accelerated_calls=len(fast),
        reason="; ".join(reasons),
        code="; ".join(sorted(counts)),
    )
