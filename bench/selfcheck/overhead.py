"""What the core costs, and whether it can be believed: `python -m bench check overhead | same-arm | beside | start`.

Figures of one machine at one moment, to be read and not asserted; ratios are taken within one run.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from statistics import median

import psutil

from bench.claims.verdict import duration
from bench.machine.core_selection import choose
from bench.machine.describe import describe
from bench.paths import ROOT
from bench.plan import plan
from bench.race.race import Race
from bench.run import events
from bench.run.record import Run
from bench.values import Phase, Sample, Side
from bench.workload.declaration import WHOLE

LOOPS = 200_000
"""Turns of the pure-Python step that is held against pyperf: some ten milliseconds."""
BESIDE_ROUNDS = 3
"""How often the baseline meets each rival."""
BESIDE_WARM_UP, BESIDE_TURNS = 2, 10
"""Samples in such a round that do not count, and that do."""


def race(workload: str, **fields) -> Run:
    """A race in this process, neither queued nor stored."""
    checked = plan.make(workload, **fields)
    with tempfile.TemporaryDirectory() as scratch:
        racing = Race(
            _opened(checked),
            tell=lambda event: None,
            stop=lambda: None,
            scratch=Path(scratch),
            cores=choose(checked.cores),
        )
        racing.run()
    if racing.record.failure:
        raise RuntimeError(racing.record.failure.what)
    return racing.record


def _opened(checked: plan.Plan) -> events.Opened:
    return events.Opened(
        run="check",
        plan=checked,
        machine=describe(),
        started=datetime.now(UTC),
        origin="command line",
        pid=os.getpid(),
    )


def overhead(tell: Callable[[str], None] = print) -> None:
    """The core's own cost: of a sample, of the clock, of the arm that waits; and its medians beside pyperf's."""
    run = race("trial", cores=1, budget_s=6, target=0, parameters={"loops": 0})
    samples = [sample for sample in run.samples if sample.phase is Phase.RACE]
    between = [
        later.measurement.began - sample.measurement.began - sample.measurement.wall_s
        for sample, later in pairwise(samples)
    ]
    empty = median(time.seconds for sample in samples for time in sample.measurement.steps if time.step == "nothing")
    tell(
        f"a sample of a workload that does nothing: {duration(median(between))} between two samples, outside the clock"
    )
    tell(f"inside the clock, a call of a function that does nothing: {duration(empty)}")
    tell(f"other than the steps, inside a sample: {duration(median(s.measurement.other_s for s in samples))}")

    run = race("trial", cores=1, budget_s=10, target=0, parameters={"loops": LOOPS})
    for side in Side:
        series = [sample.measurement for sample in run.of_side(side)]
        used, idle = sum(m.idle_processor_s for m in series), sum(m.idle_s for m in series)
        tell(f"the {side} arm while it waits: {used / idle:.3%} of a core, over {idle:.1f} s")
    _beside_pyperf(tell)


def _beside_pyperf(tell: Callable[[str], None]) -> None:
    """Our medians of a fixed pure-Python step beside pyperf's, the clocks taking turns inside pyperf's own workers.

    Raises RuntimeError where pyperf is not installed.
    """
    from bench.stats.comparison import ratio_of_medians

    with tempfile.TemporaryDirectory() as folder:
        file, beside = Path(folder) / "pyperf.json", Path(folder) / "ours"
        options = ["--processes", "8", "--values", "100", "--warmups", "5", "--loops", "1", "--quiet", "-o", str(file)]
        options += ["--affinity", str(choose(1)[0]), "--inherit-environ", "PYTHONPATH,PYTHONHASHSEED,FAIRLAP_BESIDE"]
        result = subprocess.run(
            [sys.executable, "-m", "bench.selfcheck.pyperf_clock", *options],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "FAIRLAP_BESIDE": str(beside)},
            capture_output=True,
            text=True,
        )
        if result.returncode:
            raise RuntimeError(f"pyperf could not run (pip install -r requirements-dev.txt): {result.stderr.strip()}")
        runs = json.loads(file.read_text())["benchmarks"][0]["runs"]
        theirs = [time for run in runs for time in (*(w for _, w in run.get("warmups", ())), *run.get("values", ()))]
        ours = [float(line) for line in beside.read_text().splitlines()]
    if len(ours) != len(theirs):
        raise RuntimeError(f"pyperf told {len(theirs)} times, our clock {len(ours)}: they did not take turns")
    ratio = ratio_of_medians(ours, theirs)
    tell(
        f"a fixed pure-Python step, {len(ours)} times each in turns: median {duration(median(ours))} here, "
        f"{duration(median(theirs))} by pyperf, {ratio.value:.4f} of it ({ratio.low:.4f} to {ratio.high:.4f})"
    )


def same_arm(tell: Callable[[str], None] = print, *, count: int = 20, workload: str = "colour-quantization") -> None:
    """Race an arm against itself: how often the verdict is 'no difference detected'."""
    lever = plan.make(workload, cores=1).declaration.lever
    verdicts: Counter[str] = Counter()
    for number in range(count):
        run = race(workload, cores=len(choose_all()), budget_s=10, seed=number, accelerated=lever.baseline)
        comparison = run.comparison()
        ratio = comparison.ratio
        verdicts[run.verdict.speed.value] += 1
        tell(
            f"{number + 1:2} {run.verdict.speed}: {ratio.value:.4f} ({ratio.low:.4f} to {ratio.high:.4f}), "
            f"{comparison.baseline.count} pairs, used {comparison.baseline.effective_cores:.2f} and "
            f"{comparison.accelerated.effective_cores:.2f} cores"
        )
    tell(f"{verdicts['no difference detected']} of {count} found no difference where there is none")


def beside(tell: Callable[[str], None] = print, *, workload: str = "modin", **fields) -> None:
    """Whether the baseline has its own times beside an accelerated arm that leaves services running (Ray).

    One process of the baseline is timed all the while, its rival in turns another baseline, beside which it has the
    machine alone, and the accelerated arm; its times in both companies are held against each other, step by step.
    """
    from bench.stats.comparison import ratio_of_medians

    given = {"cores": len(choose_all()), "seed": 0} | fields
    with tempfile.TemporaryDirectory() as scratch:
        racing = _Beside(_opened(plan.make(workload, **given)), Path(scratch))
        racing.run()
    if racing.record.failure:
        raise RuntimeError(racing.record.failure.what)
    lever = racing.workload.lever
    alone, company = racing.of_rival[lever.baseline], racing.of_rival[lever.accelerated]
    count = min(len(alone), len(company))
    waits = [sample.measurement for sample in racing.rivals[lever.accelerated]]
    used, idle = sum(wait.idle_processor_s for wait in waits), sum(wait.idle_s for wait in waits)
    tell(f"{lever[lever.accelerated].label} used {used / idle:.2%} of a core while {lever.baseline} was timed")
    for step in (WHOLE, *(step.name for step in racing.plan.steps)):
        one, other = ([sample.seconds(step) for sample in samples[:count]] for samples in (alone, company))
        ratio = ratio_of_medians(other, one)
        tell(
            f"{step}: {duration(median(one))} alone, {duration(median(other))} beside {lever.accelerated}, "
            f"{ratio.value - 1:+.1%} ({ratio.low - 1:+.1%} to {ratio.high - 1:+.1%}), {count} samples each; "
            # Neighbours on the machine only ever make a sample slower.
            f"the fastest {duration(min(one))} and {duration(min(other))}, {min(other) / min(one) - 1:+.1%}"
        )


class _Beside(Race):
    """The baseline beside one rival after the other."""

    def __init__(self, opened: events.Opened, scratch: Path) -> None:
        super().__init__(
            opened, tell=lambda event: None, stop=lambda: None, scratch=scratch, cores=choose(opened.plan.cores)
        )
        self.folder = scratch
        lever = self.workload.lever
        self.of_rival: dict[str, list[Sample]] = {lever.baseline: [], lever.accelerated: []}
        """Samples of the baseline, by its rival."""
        self.rivals: dict[str, list[Sample]] = {lever.baseline: [], lever.accelerated: []}

    def _race(self) -> None:
        [baseline] = self._prepare(self._cores, [Side.BASELINE]).values()
        kept = {Side.BASELINE: baseline}
        for number, rival in enumerate([*self.of_rival] * BESIDE_ROUNDS):
            self.plan = self.plan.model_copy(update={"accelerated": rival})
            self._scratch = self.folder / str(number)
            arms = kept | self._prepare(self._cores, [Side.ACCELERATED])
            for turn in range(-BESIDE_WARM_UP, BESIDE_TURNS):
                samples = {side: self._sample(arm, Phase.RACE, next(self._pairs), 0) for side, arm in arms.items()}
                if turn >= 0:
                    self.of_rival[rival].append(samples[Side.BASELINE])
                    self.rivals[rival].append(samples[Side.ACCELERATED])
            self._end_others(kept)


def choose_all() -> list[int]:
    """All the cores that this process may race on."""
    from bench.machine.describe import core_limit

    return choose(core_limit())


def start(tell: Callable[[str], None] = print) -> None:
    """From `streamlit run` to the first page drawn in a browser, and what the server's process holds then."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began = time.monotonic()
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_healthy(port)
        healthy = time.monotonic() - began
        drawn, again = _draw(f"http://127.0.0.1:{port}", began)
        process = psutil.Process(server.pid)
        resident = process.memory_info().rss
        mapped = {region.path for region in process.memory_maps()}
    finally:
        server.terminate()
        server.wait()
    names = ("sklearn", "sklearnex", "onedal", "tensorflow", "ray", "modin", "scipy")
    loaded = [name for name in names if any(f"/{name}/" in library for library in mapped)]
    tell(
        f"the server answers after {healthy:.2f} s, the first page is drawn after {drawn:.2f} s, again in {again:.2f} s"
    )
    tell(
        f"the server's process holds {resident / 2**20:.0f} MiB; "
        f"workload libraries in it: {', '.join(loaded) or 'none'}"
    )


def _wait_healthy(port: int) -> None:
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _draw(address: str, began: float) -> tuple[float, float]:
    """Seconds from `began` to the first page, and of drawing the page again, in Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        drawn = time.monotonic() - began
        again = time.monotonic()
        page.reload()
        page.get_by_role("heading", name="Fairlap").first.wait_for()
        return drawn, time.monotonic() - again
