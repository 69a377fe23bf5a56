"""Which way the inference took: the products in the graph that is raced, and the kernels that oneDNN says it ran."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.values import Evidence
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import graphdef
from workloads.bert.profiling import instruction_sets, onednn_verbose, profile
from workloads.bert.profiling.profile import KernelTime, ProfileError


def collect_inference_evidence(
    precision: str, file: Path, windows: Windows, *, threads: int, batch: int, environment: Mapping[str, str]
) -> Evidence:
    """Evidence of one pass over `batch` windows by the graph in `file`, run again in a process of its own, untimed."""
    graph = graphdef.read_graph(file)
    products = Counter(node.op for node in graph.node if "MatMul" in node.op and "Batch" not in node.op)
    said = [f"in the graph: {count} × {name}" for name, count in products.most_common()]
    try:
        ran = profile.profile_one_pass(file, windows, threads=threads, batch=batch, environment=environment)
    except ProfileError as error:
        # The graph alone says what was asked for, not what ran.
        return Evidence(step="inference", path="unknown", words=said, reason=f"oneDNN was not heard: {error}")
    return judge_kernels(precision, products, ran, said)


def judge_kernels(precision: str, products: Counter[str], ran: Iterable[KernelTime], said: list[str]) -> Evidence:
    """What graph and kernels together prove."""
    ran = [kernel for kernel in ran if kernel.primitive in onednn_verbose.PRODUCT_PRIMITIVES]
    named = Counter[str]()
    for kernel in ran:
        named[f"{kernel.primitive} {kernel.implementation or 'not named'}, {kernel.types}"] += round(kernel.calls)
    words = said + [f"oneDNN ran: {count} × {name}" for name, count in named.most_common()]
    total = products.total()
    match precision:
        case "int8":
            asked = sum(count for name, count in products.items() if "Quantized" in name)
            calls = round(instruction_sets.find_int8_instructions(ran).fast_calls)
            what, fast = "INT8", "VNNI or AMX"
        case "bf16":
            asked = total
            calls = round(
                sum(k.calls for k in ran if k.precision == "bf16" and re.search("bf16|amx", k.implementation))
            )
            # Attention's own products are in bfloat16 too, and none of `products`.
            calls, what, fast = min(calls, total), "BF16", "such as are made for it"
        case _:
            return Evidence(step="inference", path="stock", words=words, calls=total, reason="FP32")
    reasons = []
    if asked < total:
        reasons.append(f"{total - asked} of {total} matrix products stayed in FP32")
    if calls < asked:
        reasons.append(f"{asked - calls} of {asked} {what} products ran on other instructions than {fast}")
    return Evidence(
        step="inference",
        path="accelerated" if calls else "stock",
        words=words,
        calls=total,
        accelerated_calls=calls,
        reason="; ".join(reasons),
    )
