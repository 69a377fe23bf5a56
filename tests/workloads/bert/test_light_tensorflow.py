"""TensorFlow without Keras: what is imported, and that `tf.keras` still loads it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench.paths import ROOT

pytest.importorskip("tensorflow", reason="TensorFlow is not installed")

SCRIPT = """\
import sys
import workloads.bert.arm
print(sorted({"keras", "sklearn", "pandas", "pyarrow"} & sys.modules.keys()))
from workloads.bert.light_tensorflow import tf
print(tf.keras.Model.__name__, "keras" in sys.modules)
import keras.src.optimizers
"""


def test_an_arm_imports_no_keras_until_tf_keras_is_read():
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "Model True"]
