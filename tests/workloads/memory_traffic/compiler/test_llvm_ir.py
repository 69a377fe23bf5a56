"""Comparisons of array extents with one in LLVM code."""

from workloads.memory_traffic.compiler import llvm_ir

CODE = """\
define i32 @f(i64 %arg.a.5.1, i64 %arg.tile, ptr %dims, ptr %data) {
  %1 = icmp eq i64 %arg.a.5.1, 1
  %2 = icmp ne i64 %arg.tile, 1
  %.10 = getelementptr i8, ptr %dims, i64 24
  %.11 = load i64, ptr %.10, align 8
  %3 = icmp ne i64 %.11, 1
  %x = phi i64 [ %arg.a.5.1, %B1 ], [ %.11, %B2 ]
  %y = phi i64 [ %arg.a.5.1, %B1 ], [ 1, %B2 ]
  %4 = icmp eq i64 %x, 1
  %5 = icmp eq i64 %y, 1
  %6 = icmp eq i64 %arg.a.5.1, 16
}
"""


def test_only_comparisons_of_an_extent_with_one_are_answered():
    answered = llvm_ir.remove_one_column_checks(CODE)
    changed = [
        before.split(" = ")[0].strip()
        for before, after in zip(CODE.splitlines(), answered.splitlines(), strict=True)
        if before != after
    ]
    assert changed == ["%1", "%3", "%4"]
    assert "%3 = icmp ne i64 0, 1" in answered
