"""The table of thread pools."""

from streamlit.testing.v1 import AppTest

from bench.values.arms import ThreadPool
from bench.values.base import Arm
from tests.support.runs import make_colour_run

OPENBLAS = ThreadPool(
    api="blas",
    library="openblas",
    version="0.3.31",
    threads=2,
    file="/site-packages/numpy.libs/libscipy_openblas64_.so",
    threading_layer="pthreads",
    architecture="SkylakeX",
)
GOMP = ThreadPool(api="openmp", library="libgomp", version=None, threads=2, file="/lib/libgomp.so.1")


def script(run):
    from ui.run_view.thread_pools import draw_thread_pools

    draw_thread_pools(run)


def test_every_pool_of_both_arms_is_a_row():
    run = make_colour_run(3)
    run.thread_pools = {Arm.BASELINE: [OPENBLAS, GOMP], Arm.ACCELERATED: [GOMP]}

    app = AppTest.from_function(script, args=(run,), default_timeout=30).run()
    assert not app.exception
    table = app.dataframe[0].value
    assert list(table["arm"]) == ["baseline", "baseline", "accelerated"]
    assert list(table["library"]) == ["openblas", "libgomp", "libgomp"]
    assert list(table["version"]) == ["0.3.31", "unknown", "unknown"]
    assert table["details"].iloc[0] == "SkylakeX, pthreads"
    assert table["file"].iloc[1] == "libgomp.so.1"


def test_a_run_without_known_pools_has_no_table():
    assert not AppTest.from_function(script, args=(make_colour_run(3),), default_timeout=30).run().dataframe
