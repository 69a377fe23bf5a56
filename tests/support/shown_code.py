"""Runs the code that BERT's page shows in a process of its own, as a user would.

Neural Compressor reads the ranges of activations from what TensorFlow writes to the process's standard error. It finds
that stream when it is first imported, and pytest's capture may stand in its place then.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bench.paths import ROOT


def run_in_process(value: str, checkpoint_folder: Path, windows: Any, folder: Path) -> list[np.ndarray]:
    """Return start and end logits of `value` of the lever, each of shape (windows, length), computed in `folder`."""
    given, results = folder / "windows.pickle", folder / "logits.npz"
    given.write_bytes(pickle.dumps(windows))
    call = [sys.executable, "-m", __name__, value, str(checkpoint_folder), str(given), str(results)]
    finished = subprocess.run(call, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    with np.load(results) as logits:
        return [logits["start"], logits["end"]]


def _run(value: str, checkpoint_folder: str, given: Path, results: Path) -> None:
    import contextlib
    import os

    from workloads.bert import WORKLOAD
    from workloads.bert.light_tensorflow import tf
    from workloads.bert.model import forward
    from workloads.bert.model.checkpoint import load_checkpoint
    from workloads.bert.quantization import convert, openvino_cache

    windows = pickle.loads(given.read_bytes())
    feeds = [_name_ports(windows[number : number + 1]) for number in range(len(windows))]
    names: dict[str, Any] = {
        "os": os,
        "Path": Path,
        "tf": tf,
        "build_frozen_graph": forward.build_frozen_graph,
        "give_reductions_axis_lists": openvino_cache.give_reductions_axis_lists,
        "checkpoint": load_checkpoint(checkpoint_folder),
        "calibration": convert.CalibrationLoader(windows) if value == "int8" else feeds,
        "windows": _name_ports(windows),
    }
    with contextlib.chdir(results.parent):
        exec(WORKLOAD.lever[value].code, names)
    start, end = (np.asarray(names[name], np.float32) for name in ("start", "end"))
    np.savez(results, start=start, end=end)


def _name_ports(windows: Any) -> dict[str, np.ndarray]:
    return {f"{name}:0": array for name, array in windows.feed().items()}


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
