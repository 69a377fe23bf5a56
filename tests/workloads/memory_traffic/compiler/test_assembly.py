"""TODO: tests.workloads.memory_traffic.compiler.test_assembly."""

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


def test_only_the_innermost_loops_of_the_kernel_are_counted():
    loops = assembly.read_loops(LISTING, "dot")
    assert dict(loops.packed) == {512: 2}
    assert loops.scalar == 1
    assert loops.loops == 2
    assert loops.bits == 512
    assert "vectorized, 512 bits" in loops.words()[0]
    scalar = assembly.read_loops(LISTING.replace("pd\t", "sd\t").replace("zmm", "xmm"), "dot")
    assert not scalar.vectorized
    assert scalar.words()[0].startswith("not vectorized")


MOVES = """\
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


def test_a_loop_that_only_moves_is_told_by_its_moves():
    copies = assembly.read_loops(MOVES, "copy")
    assert copies.vectorized
    assert copies.words() == [
        "vectorized moves, 256 bits; in 3 innermost loops",
        "no arithmetic; vector moves: 2 on 256 bits (ymm); moves of one element: 2",
    ]
    singles = assembly.read_loops(
        MOVES.replace("vmovups\t(%rdi,%rax,4), %ymm0", "vmovss\t(%rdi,%rax,4), %xmm0"), "copy"
    )
    assert not singles.vectorized, "vectors do not do the work of a loop that also moves single elements"
    assert singles.words()[0].startswith("not vectorized")
    stack = assembly.read_loops(MOVES.replace("(%rdi,%rax,4)", "(%rsp)").replace("(%rsi,%rax,4)", "8(%rsp)"), "copy")
    assert stack.words()[1] == "no arithmetic; vector moves: none; moves of one element: 2", "the stack is no array"


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", ["transpose/rows", "transpose/tiles"])
def test_a_transpose_moves_its_elements_one_by_one_and_says_so(name, cores):
    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("another machine code")
    loops = compile_loops(name, cores)
    assert not loops.vectorized and loops.single_moves
    assert loops.words()[1] == f"no arithmetic; vector moves: none; moves of one element: {loops.single_moves}"
    assert ("run at unit stride alone" in loops.words()[0]) == (name == "transpose/rows")


def test_the_loop_that_threads_run_is_read_too():
    problem = problems.make_problem(TRANSFORMATIONS["multithreading"], size_kib=64, side=0, tile=0, fields=1, seed=0)
    one = TRANSFORMATIONS["multithreading"]
    assert numba_compile.build_kernel(one, one.version("all"), problem.given("all"), cores=2).loops.vectorized


def test_a_loop_whose_additions_are_one_by_one_is_only_partly_vectorized():
    mixed = LISTING.replace("\tvaddpd\t%zmm1, %zmm2, %zmm2\n", "\tvaddsd\t%xmm1, %xmm2, %xmm2\n")
    loops = assembly.read_loops(mixed, "dot")
    assert not loops.vectorized
    assert loops.words()[0].startswith("partly vectorized")


SCALAR_VERSIONS = ["unit-stride/columns", "tiling/ijk", "stencil/columns"]


VECTOR_VERSIONS = ["unit-stride/rows", "tiling/ikj", "stencil/rows", "stencil/threads"]


def compile_loops(name: str, cores: int) -> assembly.Loops:
    one, version = (TRANSFORMATIONS[part] if not place else part for place, part in enumerate(name.split("/")))
    problem = problems.make_problem(one, size_kib=64, side=0, tile=0, fields=1, seed=0)
    return numba_compile.build_kernel(one, one.version(version), problem.given(version), cores=cores).loops


@pytest.mark.parametrize("cores", [1, 2])
@pytest.mark.parametrize("name", SCALAR_VERSIONS + VECTOR_VERSIONS)
def test_a_walk_down_columns_is_not_called_vectorized_and_one_along_rows_is(name, cores):
    """LLVM writes vectors for both, and runs those of a column on a matrix of one column alone."""
    loops = compile_loops(name, cores)
    assert loops.vectorized == (name in VECTOR_VERSIONS)
    assert loops.words()[0].startswith("vectorized" if name in VECTOR_VERSIONS else "not vectorized")
    assert ("run at unit stride alone" in loops.words()[0]) == bool(loops.narrow) == (name in SCALAR_VERSIONS)


def test_columns_are_not_vectorized_with_wider_vectors_either():
    """Compiled for a processor with AVX-512 and not run, in a process of its own."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        pytest.skip("another machine code")
    code = (
        "from tests import test_memory_traffic as it\n"
        "for name in it.SCALAR + it.VECTORS: print(it.loops_of(name, 1).words()[0].split(',')[0].split(';')[0])"
    )
    features = "+avx2,+fma,+avx512f,+avx512cd,+avx512bw,+avx512dq,+avx512vl"
    environment = os.environ | {"NUMBA_CPU_NAME": "znver4", "NUMBA_CPU_FEATURES": features}
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    assert ran.stdout.split("\n")[:-1] == ["not vectorized"] * len(SCALAR_VERSIONS) + ["vectorized"] * len(
        VECTOR_VERSIONS
    )


def test_a_matrix_of_one_column_keeps_its_vectors(tmp_path):
    a = np.ones((4096, 1), np.float32)
    one = TRANSFORMATIONS["unit-stride"]
    assert numba_compile.build_kernel(one, one.version("columns"), (a,), cores=1).loops.vectorized


def test_what_threads_run_is_read_without_the_function_that_adds_up_their_parts():
    threads = LISTING.replace("_ZN7cpython3mod3dotB2v1", "__gufunc__._ZN3mod20__numba_parfor_gufunc")
    loops = assembly.read_loops(threads, "dot")
    assert (loops.loops, dict(loops.packed)) == (1, {256: 1})
