"""TensorFlow without Keras, which this workload does not use: `from workloads.bert.light_tensorflow import tf`.

`import tensorflow` ends with an import of `keras.src.optimizers`, which brings Keras with SciPy, pandas, PyArrow and
scikit-learn: more than a third of the CPU time of the whole import, and 150 MB. TensorFlow goes on if that import
fails, and loads Keras later if something reads `tf.keras`, as Neural Compressor does.

Each session has a pool of threads of its own here. By default the first session of a process decides on the size of the
pool for all: an arm that has quantized its model would run with other threads than one that found it in the cache.
"""

from __future__ import annotations

import os
import sys
from typing import Any, cast

_EAGER_IMPORT = "keras.src.optimizers"

# Read by TensorFlow when it makes the first session.
os.environ["TF_OVERRIDE_GLOBAL_THREADPOOL"] = "1"

_modules = cast("dict[str, Any]", sys.modules)
_is_first_import = _EAGER_IMPORT not in _modules and "tensorflow" not in _modules
if _is_first_import:
    # Python raises ModuleNotFoundError for a module whose entry is None, before it imports the parent package.
    _modules[_EAGER_IMPORT] = None
try:
    import tensorflow as tf
finally:
    if _is_first_import:
        del _modules[_EAGER_IMPORT]

__all__ = ["tf"]
