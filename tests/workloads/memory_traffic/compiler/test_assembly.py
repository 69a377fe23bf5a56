"""Reading machine code: which loops and functions count, and what is called vectorized."""

import os
import platform
import subprocess
import sys

import numpy as np
import pytest

from bench.paths import ROOT
from workloads.memory_traffic import problems
from workloads.memory_traffic.catalogue import TRANSFORMATIONS
from workloads.memory_traffic.compiler import assembly, numba_compile

IS_X86 = platform.machine() in {"x86_64", "AMD64"}
needs_x86 = pytest.mark.skipif(not IS_X86, reason="the expected machine code is that of x86-64")

LISTING = """\
_ZN3mod3dotB2v1:
\tmovq\t%rdi, %rax
.LBB0_1:
\tvmulpd\t%ymm0, %ymm1, %ymm2
.LBB0_2:
\tvfmadd231pd\t(%rax), %zmm0, %zmm1
\tvaddpd\t%zmm1, %zmm2, %zmm2
\tjne\t.LBB0_2
\tjne\t.LBB0_1
.LBB0_3:
\tvaddsd\t%xmm1, %xmm2, %xmm2
\tjb\t.LBB0_3
\tvaddpd\t%ymm1, %ymm2, %ymm2
\tretq
.Lfunc_end0:
_ZN7cpython3mod3dotB2v1:
.LBB1_1:
\tvaddpd\t%ymm1, %ymm2, %ymm2
\tjne\t.LBB1_1
.Lfunc_end1:
"""

MOVES_LISTING = """\
_ZN3mod4copyB2v1:
.LBB0_1:
\tvmovups\t(%rdi,%rax,4), %ymm0
\tvmovups\t%ymm0, (%rsi,%rax,4)
\tjne\t.LBB0_1
.LBB0_2:
\tvmovss\t(%rdi), %xmm0
\tvmovss\t%xmm0, (%rsi)
\tjne\t.LBB0_2
.LBB0_3:
\tvmovups\t%xmm0, 104(%rsp)
\tjne\t.LBB0_3
.Lfunc_end0:
"""

ONE_COLUMN = "run only for matrices of one column"


def test_only_the_innermost_loops_of_the_kernel_are_counted():
    loops = assembly.read_loops(LISTING, "dot")
    assert dict(loops.vector_arithmetic) == {512: 2}
    assert loops.scalar_arithmetic == 1
    assert loops.loop_count == 2
    assert loops.vector_bits == 512
    assert "vectorized, 512 bits" in loops.describe()[0]
    scalar = assembly.read_loops(LISTING.replace("pd\t", "sd\t").replace("zmm", "xmm"), "dot")
    assert not scalar.vectorized
    assert scalar.describe()[0].startswith("not vectorized")


def test_the_most_frequent_instructions_are_listed_with_their_registers():
    assert assembly.read_loops(LISTING, "dot").describe() == [
        "vectorized, 512 bits; 2 innermost loops",
        "vector arithmetic: 2 of 512 bits (zmm); scalar arithmetic: 1",
        "1 × vfmadd231pd zmm, 1 × vaddpd zmm, 1 × vaddsd xmm",
    ]


def test_a_loop_that_computes_nothing_is_judged_by_its_moves():
    copies = assembly.read_loops(MOVES_LISTING, "copy")
    assert copies.vectorized
    assert copies.describe() == [
        "vectorized moves, 256 bits; 3 innermost loops",
        "no arithmetic; vector moves: 2 of 256 bits (ymm); moves of one element: 2",
    ]
    scalar_load = MOVES_LISTING.replace("vmovups\t(%rdi,%rax,4), %ymm0", "vmovss\t(%rdi,%rax,4), %xmm0")
    scalar = assembly.read_loops(scalar_load, "copy")
    assert not scalar.vectorized, "a loop that also moves single elements does not work with vectors only"
    assert scalar.describe()[0].startswith("not vectorized")
    stack_moves = MOVES_LISTING.replace("(%rdi,%rax,4)", "(%rsp)").replace("(%rsi,%rax,4)", "8(%rsp)")
    stack = assembly.read_loops(stack_moves, "copy")
    assert stack.describe()[1] == "no arithmetic; vector moves: none; moves of one element: 2", (
        "no array is on the stack"
    )


@needs_x86
@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", ["transpose/rows", "transpose/tiles"])
def test_a_transpose_moves_single_elements_and_says_so(name, cores):
    loops = compile_loops(name, cores)
    assert not loops.vectorized and loops.scalar_moves
    assert loops.describe()[1] == f"no arithmetic; vector moves: none; moves of one element: {loops.scalar_moves}"
    assert (ONE_COLUMN in loops.describe()[0]) == (name == "transpose/rows")


def test_the_loop_that_threads_run_is_read():
    assert compile_loops("multithreading/all", cores=2).vectorized


def test_a_loop_that_adds_single_elements_is_only_partly_vectorized():
    listing = LISTING.replace("\tvaddpd\t%zmm1, %zmm2, %zmm2\n", "\tvaddsd\t%xmm1, %xmm2, %xmm2\n")
    loops = assembly.read_loops(listing, "dot")
    assert not loops.vectorized
    assert loops.describe()[0].startswith("partly vectorized")


SCALAR_VERSIONS = ["unit-stride/columns", "tiling/ijk", "stencil/columns"]
VECTOR_VERSIONS = ["unit-stride/rows", "tiling/ikj", "stencil/rows", "stencil/threads"]


def compile_loops(name: str, cores: int) -> assembly.Loops:
    """The loops of a version, called TRANSFORMATION/VERSION."""
    transformation_name, version = name.split("/")
    transformation = TRANSFORMATIONS[transformation_name]
    problem = problems.make_problem(transformation, size_kib=64, side=0, tile=0, fields=1, seed=0)
    kernel = numba_compile.build_kernel(
        transformation, transformation.version(version), problem.arguments_for(version), cores=cores
    )
    assert kernel.loops is not None
    return kernel.loops


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", SCALAR_VERSIONS + VECTOR_VERSIONS)
def test_loops_along_rows_are_vectorized_and_loops_down_columns_are_not(name, cores):
    """LLVM compiles vectors for both, but those of the columns run only for matrices of one column."""
    loops = compile_loops(name, cores)
    assert loops.vectorized == (name in VECTOR_VERSIONS)
    assert loops.describe()[0].startswith("vectorized" if name in VECTOR_VERSIONS else "not vectorized")
    assert (ONE_COLUMN in loops.describe()[0]) == bool(loops.one_column_loops) == (name in SCALAR_VERSIONS)


WIDE_VECTORS_SCRIPT = """
from tests.workloads.memory_traffic.compiler.test_assembly import SCALAR_VERSIONS, VECTOR_VERSIONS, compile_loops
for name in SCALAR_VERSIONS + VECTOR_VERSIONS:
    print(compile_loops(name, 1).describe()[0].split(",")[0].split(";")[0])
"""


@needs_x86
def test_loops_down_columns_are_not_vectorized_with_wider_vectors_either():
    """Compiled for a processor with AVX-512, but not run, in a process of its own."""
    features = "+avx2,+fma,+avx512f,+avx512cd,+avx512bw,+avx512dq,+avx512vl"
    environment = os.environ | {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": features}
    process = subprocess.run(
        [sys.executable, "-c", WIDE_VECTORS_SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=ROOT,
    )
    expected = ["not vectorized"] * len(SCALAR_VERSIONS) + ["vectorized"] * len(VECTOR_VERSIONS)
    assert process.stdout.splitlines() == expected


def test_the_vectors_for_a_matrix_of_one_column_count_if_it_has_one_column():
    a = np.ones((4096, 1), np.float32)
    transformation = TRANSFORMATIONS["unit-stride"]
    kernel = numba_compile.build_kernel(transformation, transformation.version("columns"), (a,), cores=1)
    assert kernel.loops is not None and kernel.loops.vectorized


def test_if_threads_run_parts_of_a_kernel_only_those_parts_are_read():
    listing = LISTING.replace("_ZN7cpython3mod3dotB2v1", "__gufunc__._ZN3mod20__numba_parfor_gufunc")
    loops = assembly.read_loops(listing, "dot")
    assert (loops.loop_count, dict(loops.vector_arithmetic)) == (1, {256: 1})
