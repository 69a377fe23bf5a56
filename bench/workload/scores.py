"""The scores of single observations, which an arm hands over in its scratch folder and which are not stored.

The mean of a measure says nothing about its uncertainty; the scores that it is a mean of do. A file, and not a field of
`Measure`, because a race needs only the interval that follows from them: 10,570 questions of SQuAD would add 150 kB of
JSON to every stored run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Scores = npt.NDArray[np.float64] | npt.NDArray[np.bool_]

SCORES_FILE = "scores.npz"
GROUPS_SUFFIX = "/groups"
"""In the file, after the name of a measure: the groups of its observations."""


@dataclass(frozen=True, slots=True)
class MeasureScores:
    """The scores of the observations of one measure, and which of them are not independent of each other."""

    values: Scores
    """Shape (observations,)."""
    groups: npt.NDArray[np.int64] | None
    """The group of each observation, shape (observations,); None if each is its own."""


def write_scores(scratch: Path, scores: Mapping[str, Scores], groups: npt.NDArray[np.int64] | None = None) -> None:
    """Write the scores of measures, by their names, into the folder `scratch`, beside those of other measures.

    Each is an array of shape (observations,), in the same order in both arms: float for scores and errors, bool for
    right and wrong. If neighbouring observations are not independent, `groups` has the number of the group of each,
    such as that of a question's passage. Or a score is that of a group, if there are too many observations (pixels).
    """
    import numpy as np

    merged: dict[str, npt.NDArray[np.generic]] = {}
    for name, measure in read_scores(scratch).items():
        merged[name] = measure.values
        if measure.groups is not None:
            merged[name + GROUPS_SUFFIX] = measure.groups
    for name, values in scores.items():
        merged.pop(name + GROUPS_SUFFIX, None)
        merged[name] = values
        if groups is not None:
            merged[name + GROUPS_SUFFIX] = groups
    np.savez(scratch / SCORES_FILE, allow_pickle=False, **merged)


def read_scores(scratch: Path) -> dict[str, MeasureScores]:
    """The scores in the folder `scratch`; empty if the arm wrote none. Raises ValueError for a damaged file."""
    import numpy as np

    file = scratch / SCORES_FILE
    if not file.is_file():
        return {}
    with np.load(file, allow_pickle=False) as arrays:
        names = [name for name in arrays.files if not name.endswith(GROUPS_SUFFIX)]
        groups = {name: name + GROUPS_SUFFIX for name in names if name + GROUPS_SUFFIX in arrays.files}
        return {name: MeasureScores(arrays[name], arrays[groups[name]] if name in groups else None) for name in names}
