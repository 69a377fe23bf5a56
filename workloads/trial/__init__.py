"""A workload that exists to try the core: it does a known amount of pure-Python work, or misbehaves as it is told."""

from bench.workload.declaration import Code, Lever, LeverValue, Parameter, Step, Task, Workload

WORKLOAD = Workload(
    name="trial",
    title="Trial",
    icon=":material/experiment:",
    sentence="Tries the measuring core itself.",
    story=("A known amount of work, so that what the core adds can be seen.",),
    code=Code(before="work(2 * loops)\n", after="work(loops)\n"),
    lever=Lever(
        name="work",
        label="amount of work",
        values=(LeverValue("full", "full work"), LeverValue("half", "half the work")),
        baseline="full",
        accelerated="half",
        changes_arithmetic=False,
    ),
    steps=(Step("spin", "spin", "a pure-Python loop"), Step("nothing", "nothing", "a function that does nothing")),
    parameters=(
        Parameter("loops", "Loops", "integer", 20_000, "Turns of the pure-Python loop.", minimum=0, maximum=10**9),
        Parameter(
            "fault",
            "Fault",
            "choice",
            "none",
            "What goes wrong, in the accelerated arm.",
            choices={
                name: name
                for name in (
                    "none",
                    "raise",
                    "raise-preparing",
                    "hang",
                    "die",
                    "print",
                    "garbage",
                    "memory",
                    "orphan",
                    "busy-child",
                    "slow-prepare",
                    "lazy",
                    "not-engaged",
                )
            },
        ),
    ),
    batch=Parameter("batch", "Batch", "integer", 1, "Multiplies the loops.", minimum=1, maximum=1000),
    unit="loops",
    arm="workloads.trial.arm:Trial",
    tasks=(Task("count", "count", silence_limit_s=3.0), Task("stay", "stay", resident=True, silence_limit_s=3.0)),
    desk="workloads.trial.desk:Desk",
    source="",
    machines=("x86_64", "AMD64", "aarch64", "arm64"),
    synthetic="a loop that does nothing useful",
    prepare_limit_s=30.0,
    sample_limit_s=5.0,
    hidden=True,
)
