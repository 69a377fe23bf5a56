"""The tables of the tab Operators."""

from streamlit.testing.v1 import AppTest

from bench.values.base import Arm
from ui.views.bert import operators
from workloads.bert.measurements import GraphProfile, Int8Count, Precision, ThreadTimes


def make_profile(precision: Precision, thread_times: list[ThreadTimes]) -> GraphProfile:
    return GraphProfile(
        precision=precision,
        projections=Int8Count(int8=0, total=1),
        attention=Int8Count(int8=0, total=1),
        counts=[],
        bytes_on_disk=1,
        constants=[],
        wall_ms=10.0,
        onednn_share=None,
        thread_times=thread_times,
        batch=1,
        length=128,
        passes=10,
        kernels=[],
        operators=[],
        instructions="",
        onednn="3",
        skipped=0,
        note="",
        verdict="",
    )


def test_scaling_shows_the_time_in_and_outside_kernels():
    fp32 = make_profile("fp32", [ThreadTimes(threads=1, wall_ms=10.0, kernels_ms=9.0, used_cores=0.994)])
    int8 = make_profile("int8", [ThreadTimes(threads=2, wall_ms=4.0, kernels_ms=None)])
    arms = {Arm.BASELINE: fp32, Arm.ACCELERATED: int8}
    table = operators.build_scaling_table(arms, {Arm.BASELINE: "FP32", Arm.ACCELERATED: "INT8"})
    assert table.to_numpy().tolist() == [
        ["FP32", "1", "0.99", "10.0", "9.0", "1.0"],
        ["INT8", "2", "unknown", "4.0", "not known", "not known"],
    ]


def test_one_graph_is_not_compared_with_itself():
    def draw() -> None:
        from bench.plan.validation import make_plan
        from ui.views.bert.operators import draw_operators_tab

        draw_operators_tab(make_plan("bert", baseline="fp32", accelerated="openvino-fp32"))

    app = AppTest.from_function(draw, default_timeout=30).run()
    assert not app.exception and not app.button
    assert "the same graph on TensorFlow" in app.info[0].value
