"""Evidence of the path that the inference took: the products of the raced graph, and the kernels that oneDNN ran."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.values.samples import Evidence
from bench.workload.interface import ProgressReporter
from workloads.bert.inference.tokenization import Windows
from workloads.bert.model import graphdef
from workloads.bert.profiling import instruction_sets, onednn_verbose
from workloads.bert.profiling.kernels import KernelTotals
from workloads.bert.profiling.observed_kernels import observe_kernels
from workloads.bert.profiling.profile import ProfileError


def collect_inference_evidence(
    precision: str,
    file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    environment: Mapping[str, str],
    cache: Path,
    progress: ProgressReporter,
    batch_parts: int = 1,
) -> Evidence:
    """Return what one pass over `batch` windows, in a process of its own and untimed, proves.

    `file` holds the raced graph as a serialized GraphDef; `environment` is that of the precision. Of a batch that
    `threads` threads compute in `batch_parts` equal parts, see `InferenceSession`, the pass reads one part, with one
    thread. If the folder `cache` has the kernels of such a pass, none runs, and the evidence says when it was observed.
    Raises OSError.
    """
    if batch_parts > 1:
        threads, batch = threads // batch_parts, batch // batch_parts
    graph = graphdef.read_graph(file)
    products = Counter(node.op for node in graph.node if "MatMul" in node.op and "Batch" not in node.op)
    words = [f"in the graph: {count} × {name}" for name, count in products.most_common()]
    if batch_parts > 1:
        words.append(f"observed in one of {batch_parts} parts of a batch, which threads compute at the same time")
    try:
        observation, is_cached = observe_kernels(
            file, windows, threads=threads, batch=batch, environment=environment, cache=cache, progress=progress
        )
    except (ProfileError, OSError) as error:
        # The graph alone shows what was asked for, and not what ran.
        return Evidence(step="inference", path="unknown", words=words, reason=f"oneDNN's log was not read: {error}")
    evidence = judge_kernels(precision, products, observation.kernels, words)
    if not is_cached:
        return evidence
    origin = (
        f"observed on {observation.observed_on:%Y-%m-%d} in a run of the same graph, "
        "on this processor and these versions"
    )
    return evidence.model_copy(update={"words": [*evidence.words, origin]})


def judge_kernels(
    precision: str, products: Counter[str], kernels: Iterable[KernelTotals], words: list[str]
) -> Evidence:
    """Return what graph and kernels together prove.

    `precision` is a value of the lever. `products` counts the operators of the graph that are products with weights.
    `words` describes the graph and becomes part of the evidence.
    """
    kernels = [kernel for kernel in kernels if kernel.primitive in onednn_verbose.PRODUCT_PRIMITIVES]
    calls_by_name = Counter[str]()
    for kernel in kernels:
        name = f"{kernel.primitive} {kernel.implementation or 'not named'}, {kernel.types}"
        calls_by_name[name] += round(kernel.calls)
    words = words + [f"oneDNN ran: {count} × {name}" for name, count in calls_by_name.most_common()]
    total = products.total()
    match precision:
        case "int8":
            label, instructions = "INT8", "VNNI or AMX"
            converted = sum(count for name, count in products.items() if "Quantized" in name)
            fast_calls = round(instruction_sets.find_int8_instructions(kernels).fast_calls)
        case "bf16":
            label, instructions = "BF16", "those made for BF16"
            converted = total
            calls = sum(k.calls for k in kernels if k.precision == "bf16" and re.search("bf16|amx", k.implementation))
            # Attention's own products are in BF16 as well, but not among `products`.
            fast_calls = min(round(calls), total)
        case _:
            return Evidence(step="inference", path="stock", words=words, calls=total, reason="FP32")
    reasons = []
    if converted < total:
        reasons.append(f"{total - converted} of {total} matrix products stayed in FP32")
    if fast_calls < converted:
        reasons.append(
            f"{converted - fast_calls} of {converted} {label} products ran on instructions other than {instructions}"
        )
    return Evidence(
        step="inference",
        path="accelerated" if fast_calls else "stock",
        words=words,
        calls=total,
        accelerated_calls=fast_calls,
        reason="; ".join(reasons),
    )
