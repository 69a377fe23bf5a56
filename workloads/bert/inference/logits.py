"""What a model returns for a batch. Without TensorFlow, so that the process that starts instances need not load it."""

import numpy as np

Logits = tuple[np.ndarray, np.ndarray]
"""Of start and end, each float32 of shape (batch, length)."""
