"""The scores of single observations, which an arm hands over in its scratch folder and which are not stored.

The mean of a measure says nothing about its uncertainty; the scores that it is a mean of do. A file, and not a field of
`Measure`, because a race needs only the interval that follows from them: 10,570 questions of SQuAD would add 150 kB of
JSON to every stored run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Scores = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

SCORES_FILE = "scores.npz"


def write_scores(scratch: Path, scores: Mapping[str, Scores]) -> None:
    """Write the scores of measures, by their names, into the folder `scratch`, beside those of other measures.

    Each is an array of shape (observations,), in the same order in both arms: float for scores and errors, bool for
    right and wrong. If neighbouring observations are not independent (pixels), a score is that of a group of them.
    """
    import numpy as np

    merged = {**read_scores(scratch), **scores}
    np.savez(scratch / SCORES_FILE, allow_pickle=False, **merged)


def read_scores(scratch: Path) -> dict[str, Scores]:
    """The scores in the folder `scratch`; empty if the arm wrote none. Raises ValueError for a damaged file."""
    import numpy as np

    file = scratch / SCORES_FILE
    if not file.is_file():
        return {}
    with np.load(file, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
