"""TensorFlow without Keras, which this workload does not use: `from workloads.bert.light_tensorflow import tf`.

`import tensorflow` ends with an import of `keras.src.optimizers`, which brings Keras with SciPy, pandas, PyArrow and
scikit-learn: more than a third of the CPU time of the whole import, and 150 MB. TensorFlow goes on if that import
fails, and loads Keras later if something reads `tf.keras`, as Neural Compressor does.
"""

from __future__ import annotations

import sys
from typing import Any, cast

_EAGER_IMPORT = "keras.src.optimizers"

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
