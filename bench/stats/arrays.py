"""Types of the arrays that statistics are computed of. This module imports NumPy and no part of scipy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
