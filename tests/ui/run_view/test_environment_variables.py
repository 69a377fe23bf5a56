"""The table of the arms' environment variables."""

from streamlit.testing.v1 import AppTest

from bench.values.arms import EnvironmentVariable, PreparedArm, VariableOrigin
from bench.values.base import Arm
from tests.support.runs import make_colour_run

THREADS = EnvironmentVariable(name="OMP_NUM_THREADS", value="2", origin=VariableOrigin.RACE)
WAITING = EnvironmentVariable(name="OMP_WAIT_POLICY", value="ACTIVE", origin=VariableOrigin.INHERITED)
ONEDNN = EnvironmentVariable(name="TF_ENABLE_ONEDNN_OPTS", value="1", origin=VariableOrigin.LEVER)


def script(run):
    from ui.run_view.environment_variables import draw_environment_variables

    draw_environment_variables(run)


def make_run(environments: dict[Arm, list[EnvironmentVariable]]):
    run = make_colour_run(3)
    run.prepared = [
        PreparedArm(arm=arm, cores=run.plan.cores, pid=1, seconds=1, work=100, data="d", environment=environment)
        for arm, environment in environments.items()
    ]
    return run


def test_every_variable_is_a_row_with_its_value_in_each_arm_and_its_origin():
    run = make_run({Arm.BASELINE: [THREADS, WAITING], Arm.ACCELERATED: [THREADS, WAITING, ONEDNN]})
    app = AppTest.from_function(script, args=(run,), default_timeout=30).run()
    assert not app.exception
    assert "Environment variables of the arms" in app.markdown[0].value
    assert app.dataframe[0].value.to_dict("records") == [
        {"variable": "OMP_NUM_THREADS", "baseline": "2", "accelerated": "2", "origin": "set by Fairlap"},
        {"variable": "OMP_WAIT_POLICY", "baseline": "ACTIVE", "accelerated": "ACTIVE", "origin": "inherited"},
        {
            "variable": "TF_ENABLE_ONEDNN_OPTS",
            "baseline": "not set",
            "accelerated": "1",
            "origin": "set by the arm's setting",
        },
    ]


def test_a_run_that_did_not_record_its_environment_shows_nothing():
    run = make_run({arm: [] for arm in Arm})
    app = AppTest.from_function(script, args=(run,), default_timeout=30).run()
    assert not app.exception and not app.expander and not app.dataframe
