"""Where a pass of BERT spends its time, and with which instructions: oneDNN's own words, and TensorFlow's trace.

oneDNN tells each kernel that it runs, how and for how long, where ONEDNN_VERBOSE=profile_exec asks for it. Telling
takes time, so it is asked in a process of its own, apart from whatever is raced.
https://uxlfoundation.github.io/oneDNN/dev_guide_verbose.html

`python -m workloads.bert.profiling.profile GRAPH INPUTS THREADS BATCH REPEATS MODE` is such a process; MODE is verbose or trace.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads import ROOT

if TYPE_CHECKING:
    from workloads.bert.inference.tokenization import Windows

BEGIN, END = "fairlap: passes begin", "fairlap: passes end "
"""What the child prints among oneDNN's lines; after the second, JSON."""
WARM_UP = 2
"""Passes before the first that counts: TensorFlow rewrites the graph in the first, oneDNN reorders the weights."""
TAIL = 2_000
"""Characters of a failed child's standard error that its exception repeats."""

FIELDS = (
    *("operation", "engine", "primitive", "implementation", "prop_kind"),
    *("memory_descriptors", "attributes", "auxiliary", "problem_desc", "exec_time"),
)
"""A line's fields from 'exec' on, in oneDNN 1.0 to 3.7; a line that gives another template is believed."""
GEMM = "gemm_api"
"""The primitive as which oneDNN tells of a call of its plain matrix product: TensorFlow's own kernels make such calls,
for blocks of a product, from all of their threads at once."""
PRODUCTS = ("inner_product", "matmul", GEMM)

INSTRUCTION_SETS = (
    ("amx", "AMX", 32.0),
    # Each of these includes VNNI: oneDNN names a kernel after the newest set that it needs.
    ("avx512_core_vnni|avx512_core_bf16|avx512_core_fp16|avx10", "AVX-512 VNNI", 4.0),
    ("avx2_vnni", "AVX-VNNI", 4.0),
    ("avx512", "AVX-512 without VNNI", 4 / 3),
    ("avx2", "AVX2 without VNNI", 4 / 3),
)
"""What an implementation's name tells, what it is called, and how many INT8 operations it does in the time of one FP32
multiply-add of the same width: VPDPBUSD takes the place of four of them, and of the three instructions before it. AMX's
TDPBUSD does 1,024 multiply-adds a cycle, two FP32 ports 32 (Intel 64 and IA-32 Optimization Reference Manual)."""
UNNAMED = "not named"


class ProfileError(RuntimeError):
    """A profile that could not be taken; the message says why."""


@dataclass(frozen=True, slots=True)
class Call:
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
class Verbose:
    """What oneDNN printed."""

    calls: tuple[Call, ...]
    skipped: int
    """Lines of a kernel that could not be read: truncated, or of an unknown form."""
    version: str
    """Of oneDNN; empty where it did not say."""
    instructions: str
    """The newest instruction set that oneDNN found, in its words."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """All calls that differ in nothing but their time."""

    primitive: str
    implementation: str
    types: str
    precision: str
    shape: str
    fused: str
    calls: float
    """A pass."""
    ms: float
    """A pass, all calls together."""
    median_ms: float
    """Of a call: what it takes when nothing else gets in its way, which the mean does not tell on a busy machine."""
    share: float
    """Of the time of all kernels, 0 to 1."""
    operations: int
    """Multiplications and additions of one call, 2 m n k, of a matrix product; 0 where it is none."""

    @property
    def gops(self) -> float:
        """1e9 operations a second of the median call; 0 where it is no matrix product, or too short for the clock."""
        return self.operations / self.median_ms / 1e6 if self.median_ms else 0.0


@dataclass(frozen=True, slots=True)
class OperatorTime:
    """All of TensorFlow's operators of one type and kind, as it ran them."""

    type: str
    """For example _MklNativeFusedMatMul or Erfc."""
    kind: str
    """See `operators.Kind`: an Erfc is a part of a Gelu."""
    calls: float
    """A pass."""
    ms: float
    """A pass."""
    share: float
    """Of the time of all operators, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One graph's passes, each over a batch of windows."""

    batch: int
    length: int
    threads: int
    passes: int
    wall_ms: float
    """Of a pass in which nothing is told: the median. To be compared, not to be claimed: nothing is paired here."""
    verbose_wall_ms: float
    """Of a pass in which oneDNN tells: the mean. `kernels` are from the same passes."""
    kernels: tuple[Kernel, ...]
    """The dearest first."""
    operators: tuple[OperatorTime, ...]
    """The dearest first; from passes that TensorFlow traced, in which oneDNN told nothing."""
    skipped: int
    """Lines of oneDNN that could not be read."""
    version: str
    """Of oneDNN."""
    instructions: str
    """The newest instruction set that oneDNN found on this processor, in its words."""

    @property
    def onednn_ms(self) -> float:
        """Time of oneDNN's kernels, a pass. Where TensorFlow's own kernels call them from several threads, these times
        are added up though they passed at once."""
        return sum(kernel.ms for kernel in self.kernels)

    @property
    def onednn_share(self) -> float | None:
        """How much of a pass oneDNN's kernels are, 0 to 1; the rest is TensorFlow's. None where calls overlapped."""
        overlapped = self.threads > 1 and any(kernel.primitive == GEMM for kernel in self.kernels)
        return None if overlapped else min(1.0, self.onednn_ms / self.verbose_wall_ms)

    @property
    def operators_ms(self) -> float:
        """Time of all of TensorFlow's operators, a pass; what is missing from the wall time is between them."""
        return sum(operator.ms for operator in self.operators)

    @property
    def note(self) -> str:
        """What a reader must know of this profile; empty where it tells all."""
        if not self.kernels:
            return "oneDNN ran no kernel: TensorFlow's own (Eigen) did everything"
        if {kernel.primitive for kernel in self.kernels} == {GEMM}:
            return (
                "TensorFlow's own (Eigen) kernels ran, and had oneDNN multiply blocks of the matrices: oneDNN does not "
                "name the implementation of such calls"
            )
        return ""


@dataclass(frozen=True, slots=True)
class Products:
    """The matrix products of one precision."""

    precision: str
    calls: float
    """A pass."""
    ms: float
    """A pass."""
    operations: int
    """A pass: 2 m n k of each product."""
    gops: float
    """1e9 operations a second."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which instructions ran the INT8 products."""

    sets: tuple[tuple[str, float], ...]
    """Name, as in `INSTRUCTION_SETS` or `UNNAMED`, and calls a pass; the most calls first."""
    implementations: tuple[str, ...]
    """The names by which oneDNN told it."""
    int8_calls: float
    """Matrix products in INT8, a pass."""
    products: float
    """Matrix products of any precision, a pass: attention's own are never INT8 here."""

    @property
    def fast_calls(self) -> float:
        """INT8 products, a pass, that ran on instructions made for them: VNNI or AMX."""
        made = {name for _, name, limit in INSTRUCTION_SETS if limit >= 4}
        return sum(calls for name, calls in self.sets if name in made)

    @property
    def sentence(self) -> str:
        if not self.int8_calls:
            return f"no INT8 product ran: all {self.products:g} matrix products of a pass are of other types"
        ran = ", ".join(f"{calls:g} by {name}" for name, calls in self.sets)
        return (
            f"of {self.products:g} matrix products of a pass {self.int8_calls:g} are INT8: {ran} "
            f"({', '.join(self.implementations)})"
        )


@dataclass(frozen=True, slots=True)
class Limit:
    """What INT8 gained on the matrix products that it replaced, beside what the instructions allow.

    Compared are products of the same m, n and k in both profiles, by the medians of their calls. More than the limit
    is possible where FP32's kernels fall shorter of what their own instructions can do than INT8's, or do
    post-operations besides.
    """

    instruction_set: str
    limit: float
    """How many times as fast the instructions can be at most."""
    ratio: float
    """FP32's time over INT8's."""
    plain_ratio: float | None
    """The same of those with no post-operation on either side: FP32's kernels do GELU and residual sums too, INT8's
    leave them to TensorFlow. None where no product is so."""
    calls: float
    """INT8 products compared, a pass."""

    @property
    def share(self) -> float:
        """Of the limit, 1 being all; of the plain products where there are any."""
        return (self.plain_ratio or self.ratio) / self.limit


def profile(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    repeats: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 300.0,
) -> Profile:
    """Run `repeats` passes of the serialised GraphDef in `graph_file`, each over `batch` of the windows in turn.

    Takes two processes one after the other, on the cores that this one may use, with `threads` threads each:
    `environment` is the precision's, for example {"TF_ENABLE_ONEDNN_OPTS": "1"}. Nothing else should run meanwhile.
    Raises ValueError where there is nothing to run, and ProfileError where a process fails, tells nothing, or takes
    longer than `limit_s` seconds.
    """
    with _passes(graph_file, windows, threads, batch, repeats, environment or {}, limit_s) as run:
        told, about = _between(run("verbose", "profile_exec"))
        _, traced = _between(run("trace", "0"))
    verbose = read(told)
    return Profile(
        batch=batch,
        length=int(windows.input_ids.shape[1]),
        threads=threads,
        passes=repeats,
        wall_ms=statistics.median(traced["walls_ms"]),
        verbose_wall_ms=statistics.mean(about["walls_ms"]),
        kernels=kernels(verbose.calls, repeats),
        operators=_operators(traced["operators"], repeats),
        skipped=verbose.skipped,
        version=verbose.version,
        instructions=verbose.instructions,
    )


def of_a_pass(
    graph_file: Path,
    windows: Windows,
    *,
    threads: int,
    batch: int,
    environment: Mapping[str, str] | None = None,
    limit_s: float = 120.0,
) -> tuple[Kernel, ...]:
    """The kernels of one pass, as `profile` tells them, and nothing else: one process, to prove which ones run."""
    with _passes(graph_file, windows, threads, batch, 1, environment or {}, limit_s) as run:
        told, _ = _between(run("verbose", "profile_exec"))
    return kernels(read(told).calls, 1)


@contextlib.contextmanager
def _passes(
    graph_file: Path,
    windows: Windows,
    threads: int,
    batch: int,
    repeats: int,
    environment: Mapping[str, str],
    limit_s: float,
) -> Iterator[Callable[[str, str], str]]:
    """What runs the passes in a process of its own, by MODE and ONEDNN_VERBOSE, and gives what that printed."""
    import numpy as np

    if not len(windows) or min(threads, batch, repeats) < 1:
        raise ValueError("a profile needs windows, and at least one thread, one window a batch and one pass")
    with tempfile.TemporaryDirectory(prefix="fairlap-kernels-") as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, **windows.feed())

        def run(mode: str, verbose: str) -> str:
            given = [str(graph_file.absolute()), str(inputs), str(threads), str(batch), str(repeats), mode]
            return _child(given, _environment(environment, threads, verbose), limit_s)

        yield run


def read(text: str) -> Verbose:
    """oneDNN's lines, among any others, from whatever version since 1.0. A line that ends early, also the last one
    without its line end, is counted and left out."""
    calls, skipped, version, instructions, fields = [], 0, "", "", FIELDS
    for line in text.splitlines(keepends=True):
        # Another thread's log may stand before it in the same line.
        found = re.search(r"(?:onednn|dnnl)_verbose,.*", line)
        if not found or ",graph," in found[0]:
            continue
        told = found[0]
        if template := re.search(r"template:(.+)", told):
            names = template[1].strip().split(",")
            fields = names[names.index("operation") :] if "operation" in names else FIELDS
        elif named := re.search(r"oneDNN v([\d.]+)|DNNL v([\d.]+)", told):
            version = named[1] or named[2]
        elif named := re.search(r",isa:(.*)", told):
            instructions = named[1].strip()
        elif ",exec," in told:
            call = _call(told.split(","), fields) if line.endswith("\n") else None
            skipped += call is None
            calls += [call] if call else []
    return Verbose(tuple(calls), skipped, version, instructions)


def kernels(calls: Iterable[Call], passes: int) -> tuple[Kernel, ...]:
    """Sum up the calls of so many passes; the dearest kernel first."""
    times: dict[tuple[str, ...], list[float]] = defaultdict(list)
    for call in calls:
        key = (call.primitive, call.implementation, call.types, call.precision, call.shape, call.fused)
        times[key].append(call.ms)
    total = math.fsum(ms for found in times.values() for ms in found)
    summed = []
    for key, found in times.items():
        ms, dimensions = math.fsum(found), _dimensions(key[0], key[4])
        operations = 2 * math.prod(dimensions) if dimensions else 0
        share = ms / total if total else 0.0
        summed.append(Kernel(*key, len(found) / passes, ms / passes, statistics.median(found), share, operations))
    return tuple(sorted(summed, key=lambda kernel: -kernel.ms))


def products(profile: Profile) -> tuple[Products, ...]:
    """Operations and speed of the matrix products, by precision; the dearest first."""
    by_precision: dict[str, list[Kernel]] = defaultdict(list)
    for kernel in profile.kernels:
        if kernel.primitive in PRODUCTS:
            by_precision[kernel.precision].append(kernel)
    summed = []
    for precision, found in by_precision.items():
        ms, operations = sum(k.ms for k in found), round(sum(k.calls * k.operations for k in found))
        gops = operations / ms / 1e6 if ms else 0.0
        summed.append(Products(precision, sum(k.calls for k in found), ms, operations, gops))
    return tuple(sorted(summed, key=lambda found: -found.ms))


def instruction_set(implementation: str) -> str:
    """The instructions on which an implementation does INT8 products, by its name; `UNNAMED` where that does not tell,
    as in gemm:jit, which takes VNNI where the processor has it."""
    return next((name for pattern, name, _ in INSTRUCTION_SETS if re.search(pattern, implementation)), UNNAMED)


def vnni(ran_kernels: Iterable[Kernel]) -> Verdict:
    """Did VNNI, or AMX, really run the INT8 products?"""
    ran = [kernel for kernel in ran_kernels if kernel.primitive in PRODUCTS]
    sets: Counter[str] = Counter()
    implementations: Counter[str] = Counter()
    for kernel in ran:
        if kernel.precision == "int8":
            sets[instruction_set(kernel.implementation)] += kernel.calls  # type: ignore[assignment]
            implementations[kernel.implementation] += kernel.calls  # type: ignore[assignment]
    return Verdict(
        sets=tuple(sets.most_common()),
        implementations=tuple(name for name, _ in implementations.most_common()),
        int8_calls=sum(sets.values()),
        products=sum(kernel.calls for kernel in ran),
    )


def share_of_limit(fp32: Profile, int8: Profile) -> Limit | None:
    """How near INT8's products came to what their instructions can do, against FP32's of the same shapes.

    None where the profiles have no product in common: FP32 without oneDNN tells of blocks alone; or where the kernels'
    names do not tell the instructions. Raises ValueError for profiles of different threads, batch or length.
    """
    if (fp32.threads, fp32.batch, fp32.length) != (int8.threads, int8.batch, int8.length):
        raise ValueError("the profiles differ in threads, batch or length")
    named = [(name, calls) for name, calls in vnni(int8.kernels).sets if name != UNNAMED]
    compared = _ratio(fp32, int8, lambda kernel: True)
    if not named or compared is None:
        return None
    limit = next(limit for _, name, limit in INSTRUCTION_SETS if name == named[0][0])
    plain = _ratio(fp32, int8, lambda kernel: not kernel.fused)
    return Limit(named[0][0], limit, compared[0], plain and plain[0], compared[1])


def _ratio(fp32: Profile, int8: Profile, wanted: Callable[[Kernel], bool]) -> tuple[float, float] | None:
    """FP32's time over INT8's of the products of the same size, and how many INT8 calls a pass that compares."""
    slow, quick = _sizes(fp32, "fp32", wanted), _sizes(int8, "int8", wanted)
    common = [size for size in quick if size in slow]
    expected = sum(quick[size][0] * slow[size][1] / slow[size][0] for size in common)
    took = sum(quick[size][1] for size in common)
    return (expected / took, sum(quick[size][0] for size in common)) if took else None


def _sizes(
    profile: Profile, precision: str, wanted: Callable[[Kernel], bool]
) -> dict[tuple[int, ...], tuple[float, float]]:
    """Calls a pass of the products of each size, and the milliseconds that they take at the median."""
    sizes: dict[tuple[int, ...], tuple[float, float]] = {}
    for kernel in profile.kernels:
        size = _dimensions(kernel.primitive, kernel.shape)
        if size and kernel.precision == precision and wanted(kernel):
            calls, ms = sizes.get(size, (0.0, 0.0))
            sizes[size] = (calls + kernel.calls, ms + kernel.calls * kernel.median_ms)
    return sizes


def _call(parts: list[str], fields: Sequence[str]) -> Call | None:
    """The call that a line tells of, split at its commas; None where it is not whole."""
    parts = parts[parts.index("exec") :]
    if len(parts) != len(fields):
        return None
    told = dict(zip(fields, parts, strict=True))
    try:
        ms = float(told["exec_time"])
        types, precision = _types(told["memory_descriptors"])
        # `attr-post-ops:sum` in version 3, quoted before.
        fused = re.search(r"post[-_]ops:['\"]?([^\s'\"]+)", told["attributes"])
        names = told["primitive"], told["implementation"]
        shape = told["problem_desc"]
    except (KeyError, ValueError):
        return None
    if not math.isfinite(ms) or ms < 0 or not told["primitive"]:
        return None
    return Call(*names, types, precision, shape, fused[1] if fused else "", ms)


_DESCRIPTOR = re.compile(r"(?:^|\s)(src|wei|dst|data)\w*?[_:]((?:tf|bf|f|s|u)\d+\w*)")
_PRECISIONS = {"u8": "int8", "s8": "int8", "bf16": "bf16", "f16": "fp16", "f32": "fp32"}


def _types(descriptors: str) -> tuple[str, str]:
    """`u8 × s8 → f32` and int8, of `src:u8:a:blocked:ab::f0 wei:s8:…`, or of version 2's `src_u8:…`."""
    found = _DESCRIPTOR.findall(descriptors)
    reads = [type for what, type in found if what != "dst"]
    makes = [type for what, type in found if what == "dst"]
    precisions = {_PRECISIONS.get(type, type) for type in reads}
    precision = precisions.pop() if len(precisions) == 1 else "mixed" if precisions else ""
    return " → ".join(" × ".join(side) for side in (reads, makes) if side), precision


def _dimensions(primitive: str, shape: str) -> tuple[int, ...]:
    """Batch, m, n and k of a matrix product; nothing where it is none, or its shape is told in an unknown way."""
    if primitive not in PRODUCTS:
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


def _operators(rows: Iterable[tuple[str, str, int, float]], passes: int) -> tuple[OperatorTime, ...]:
    rows = sorted(rows, key=lambda row: -row[3])
    total = sum(ms for *_, ms in rows) or 1.0
    return tuple(OperatorTime(type, kind, calls / passes, ms / passes, ms / total) for type, kind, calls, ms in rows)


def _environment(precision: Mapping[str, str], threads: int, verbose: str) -> dict[str, str]:
    # Version 1 and 2 heed DNNL_VERBOSE too; a time stamp would be one more field.
    clean = {name: value for name, value in os.environ.items() if not re.match("(DNNL|ONEDNN|MKLDNN)_VERBOSE", name)}
    limits = {"OMP_NUM_THREADS": str(threads), "TF_NUM_INTRAOP_THREADS": str(threads)}
    return clean | dict(precision) | limits | {"ONEDNN_VERBOSE": verbose}


def _child(arguments: list[str], environment: Mapping[str, str], limit_s: float) -> str:
    """Standard output of a child that ended well."""
    command = [sys.executable, "-m", "workloads.bert.profiling.profile", *arguments]
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit_s,
        )
    except subprocess.TimeoutExpired as error:
        raise ProfileError(f"the profiled process was stopped: it took longer than {limit_s:g} s") from error
    if ended.returncode:
        said = ended.stderr.strip()[-TAIL:] or "nothing"
        raise ProfileError(f"the profiled process ended with exit status {ended.returncode}; it said: {said}")
    return ended.stdout


def _between(output: str) -> tuple[str, dict[str, Any]]:
    """What was printed up to the last pass, without the kernels of the warm-up, and what the child tells of itself."""
    before, began, after = output.partition(f"{BEGIN}\n")
    told, ended, rest = after.partition(END)
    if not began or not ended:
        raise ProfileError(f"the profiled process printed no whole report; the last of it is: {output[-TAIL:]}")
    header = [line for line in before.splitlines(keepends=True) if ",exec," not in line]
    return "".join(header) + told, json.loads(rest.partition("\n")[0])


def main(arguments: list[str]) -> int:
    graph, inputs, threads, batch, repeats, mode = arguments
    import numpy as np

    from workloads.bert.inference.session import Engine
    from workloads.bert.model.forward import INPUTS

    engine = Engine.load(Path(graph), int(threads))
    with np.load(inputs) as file:
        arrays = [file[name] for name in INPUTS]

    def feed(repeat: int) -> list[np.ndarray]:
        # From the first again where the windows run out: every batch is whole.
        rows = np.arange(repeat * int(batch), (repeat + 1) * int(batch)) % len(arrays[0])
        return [array[rows] for array in arrays]

    for repeat in range(WARM_UP):
        engine.run(*feed(repeat))
    feeds = [feed(repeat) for repeat in range(int(repeats))]
    print(f"\n{BEGIN}", flush=True)
    about: dict[str, Any] = {"walls_ms": [_timed(engine.run, given) for given in feeds]}
    if mode == "trace":
        about["operators"] = _trace(engine.session, feeds)
    print(f"{END}{json.dumps(about)}", flush=True)
    return 0


def _timed(run: Callable[..., Any], given: list[Any]) -> float:
    began = time.perf_counter()
    run(*given)
    return (time.perf_counter() - began) * 1e3


def _trace(session: Any, feeds: list[Any]) -> list[tuple[str, str, int, float]]:
    """(type, kind, calls, milliseconds) of the operators of all these passes, as TensorFlow's FULL_TRACE tells."""
    import tensorflow as tf

    from workloads.bert.model.forward import INPUTS, OUTPUTS
    from workloads.bert.profiling import operators

    options = tf.compat.v1.RunOptions(trace_level=tf.compat.v1.RunOptions.FULL_TRACE)
    calls: Counter[tuple[str, str]] = Counter()
    times: dict[tuple[str, str], float] = defaultdict(float)
    # The session prepares anew for a run of this kind: the first is for that alone.
    for repeat, given in enumerate([feeds[0], *feeds]):
        metadata = tf.compat.v1.RunMetadata()
        named = {f"{name}:0": array for name, array in zip(INPUTS, given, strict=True)}
        session.run([f"{name}:0" for name in OUTPUTS], named, options, metadata)
        for node in (node for device in metadata.step_stats.dev_stats for node in device.node_stats if repeat):
            # `name = Type(inputs)`.
            type = node.timeline_label.partition(" = ")[2].partition("(")[0] or "unknown"
            key = type, operators.kind(type, node.node_name)
            calls[key] += 1
            times[key] += (node.op_end_rel_nanos - node.op_start_rel_nanos) / 1e6
    return [(*key, calls[key], times[key]) for key in calls]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
