"""The data of a case: generated, or a real set that comes with scikit-learn. Equal in both arms."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import datasets

from bench.formatting import format_count
from bench.workload.interface import BadInput, Settings
from workloads.estimators.catalogue import ESTIMATORS
from workloads.estimators.estimator import BUNDLED_SETS, Job
from workloads.estimators.own_split import HELD_OUT_SHARE, MIN_ROWS, OwnTable, scale_columns, split_rows

GENERATED = "generated"
SIDE = 10.0
"""Half of the side of the cube that centres of clusters are in."""
DIMENSIONS = 8
"""Dimensions of the space around which the data of components lie."""
OUTLIER_SHARE = 0.05
START_FACTOR = 10
"""Rows of which the starting centres are chosen, as a multiple of their number."""
ROUNDED_NUMBERS = {"float32": np.float32, "float64": np.float64}


@dataclass(frozen=True, slots=True)
class Data:
    """The rows that an estimator learns from, and held-out rows."""

    train: Any
    """Shape (rows, columns): an array, or a sparse matrix (CSR)."""
    target: npt.NDArray[Any]
    """Shape (rows,): classes, values or the groups that the rows were drawn from."""
    test: Any
    """Held-out rows; none if no step works on them."""
    test_target: npt.NDArray[Any]
    weights: npt.NDArray[np.float64] | None
    """Weights of the rows to learn from."""
    label: str
    """What it is, for the page."""
    has_groups: bool = True
    """Whether `target` says which group each row belongs to. A file without a target does not."""

    @property
    def groups(self) -> npt.NDArray[Any] | None:
        """The group of each row to learn from, if it is known."""
        return self.target if self.has_groups else None

    @property
    def test_groups(self) -> npt.NDArray[Any] | None:
        """The group of each held-out row, if it is known."""
        return self.test_target if self.has_groups else None

    @property
    def digest(self) -> str:
        """SHA-256 of all rows after the split."""
        digest = hashlib.sha256()
        for array in (self.train, self.target, self.test, self.test_target, self.weights):
            digest.update(_to_bytes(array))
        return digest.hexdigest()


def make_data(settings: Settings) -> Data:
    """The data of a plan. Raises BadInput."""
    estimator, parameters = ESTIMATORS[settings.case], settings.parameters
    rng = np.random.default_rng(settings.seed)
    source = str(parameters.get("data", GENERATED))
    if source == GENERATED:
        count = settings.batch * (2 if estimator.holds_out else 1)
        rows, target = _generate(estimator.job, count, settings)
        held_out = settings.batch if estimator.holds_out else 0
        label = f"generated, {format_count(rows.shape[1], 'column')}"
    else:
        rows, target = getattr(datasets, f"load_{source}")(return_X_y=True)
        held_out = round(HELD_OUT_SHARE * len(rows)) if estimator.holds_out else 0
        label = f"{BUNDLED_SETS[estimator.job][source]}, {rows.shape[1]} columns"
    # Our own permutation: scikit-learn-intelex replaces train_test_split by one that draws other rows.
    order = rng.permutation(len(rows))
    train, test = order[: min(settings.batch, len(rows) - held_out)], order[len(rows) - held_out :]
    dtype = ROUNDED_NUMBERS[str(parameters["dtype"])]
    rows = np.ascontiguousarray(rows, dtype)
    target = target.astype(dtype if estimator.job is Job.VALUES else np.int64)
    return _make_parts(rows, target, train, test, label, settings, rng)


def take_rows(settings: Settings, table: OwnTable) -> Data:
    """The data of a plan from a user's file. Raises BadInput."""
    job, parameters = ESTIMATORS[settings.case].job, settings.parameters
    rng = np.random.default_rng(settings.seed)
    train, test = split_rows(table, settings, rng)
    rows = scale_columns(table.rows, train) if parameters["scaling"] == "standard" else table.rows
    dtype = ROUNDED_NUMBERS[str(parameters["dtype"])]
    target = np.zeros(len(rows), np.int64)
    if table.target is not None:
        target = table.target.values.astype(dtype if job is Job.VALUES else np.int64)
        if job is Job.OUTLIERS:
            # scikit-learn's numbers for outliers, here the rarer class, and for the other rows.
            target = np.where(target == np.bincount(target).argmin(), -1, 1)
    elif parameters.get("stratify", "no") == "yes":
        raise BadInput("a stratified split needs the classes of a target column", "Set target_column, or stratify=no.")
    label = f"{table.label}, columns scaled" if rows is not table.rows else table.label
    if len(train) + len(test) < len(rows):
        label += ", a random sample of these rows"
    rows = np.ascontiguousarray(rows, dtype)
    has_groups = table.target is not None
    return _make_parts(rows, target, train, test, label, settings, rng, has_groups=has_groups)


def _make_parts(
    rows: npt.NDArray[Any],
    target: npt.NDArray[Any],
    train: npt.NDArray[Any],
    test: npt.NDArray[Any],
    label: str,
    settings: Settings,
    rng: np.random.Generator,
    *,
    has_groups: bool = True,
) -> Data:
    """The rows with the numbers `train` to learn from, and `test` held out."""
    require_learnable(ESTIMATORS[settings.case].job, rows[train], target[train])
    weights = rng.uniform(0.5, 1.5, len(train)) if settings.parameters.get("weights", "none") == "random" else None
    return Data(
        _arrange(rows[train], settings),
        target[train],
        _arrange(rows[test], settings),
        target[test],
        weights,
        label,
        has_groups,
    )


def draw_start(data: Data, clusters: int, seed: int) -> npt.NDArray[Any]:
    """Rows to learn from that are the starting centres of K-Means in both arms: (clusters, columns), all different if
    there are enough different rows among those that are drawn.

    Different ones, because of two equal centres one gets no row, and each library replaces it in its own way.
    """
    drawn = np.random.default_rng(seed).permutation(data.train.shape[0])[: START_FACTOR * clusters]
    rows = data.train[drawn]
    rows = rows.toarray() if hasattr(rows, "toarray") else rows
    _, first = np.unique(rows, axis=0, return_index=True)
    repeated = np.setdiff1d(np.arange(len(rows)), first)
    return np.ascontiguousarray(rows[np.concatenate([np.sort(first), repeated])[:clusters]])


def _to_bytes(array: Any) -> bytes:
    if array is None:
        return b""
    if hasattr(array, "indptr"):
        return b"".join(_to_bytes(part) for part in (array.data, array.indices, array.indptr))
    return np.ascontiguousarray(array).tobytes()


def _arrange(rows: npt.NDArray[Any], settings: Settings) -> Any:
    if settings.parameters.get("layout", "dense") == "dense":
        return np.ascontiguousarray(rows)
    from scipy.sparse import csr_matrix

    return csr_matrix(rows)


def require_learnable(job: Job, rows: npt.NDArray[Any], target: npt.NDArray[Any]) -> None:
    """Raise BadInput for data that no estimator can learn from."""
    if len(rows) < MIN_ROWS:
        raise BadInput(
            f"only {format_count(len(rows), 'row')} to learn from, and {MIN_ROWS} are needed", "Use more rows."
        )
    if not np.isfinite(rows).all():
        columns = np.flatnonzero(~np.isfinite(rows).all(axis=0))
        raise BadInput(
            f"column {columns[0] + 1} of {rows.shape[1]:,} has missing or infinite values",
            "Fill or leave out these rows.",
        )
    if job in (Job.CLASSES, Job.AUC) and len(np.unique(target)) < 2:
        raise BadInput("all rows are of one class", "Use data with two classes or more.")
    if (rows == rows[0]).all():
        raise BadInput("all columns are constant", "Use columns that differ between the rows.")


def _generate(job: Job, count: int, settings: Settings) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """`count` rows, and their targets."""
    parameters, seed = settings.parameters, settings.seed
    columns = int(parameters.get("columns", 1))
    noise, classes = float(parameters.get("noise", 0.0)), int(parameters.get("classes", 2))
    rng = np.random.default_rng(seed + 1)
    rows: Any
    made: Any
    if job in (Job.CLASSES, Job.SPLIT):
        return _generate_classes(count, columns, classes, noise, seed)
    if job is Job.VALUES:
        informative = max(1, columns // 2)
        made = datasets.make_regression(count, columns, n_informative=informative, random_state=seed, shuffle=False)
        rows, values = made
        return rows, values / values.std() + noise * rng.standard_normal(count)
    if job is Job.AUC:
        truth = rng.integers(0, 2, count)
        return (truth + 2 * rng.standard_normal(count))[:, np.newaxis], truth
    if job is Job.COMPONENTS:
        base = rng.standard_normal((count, DIMENSIONS)) * np.arange(DIMENSIONS, 0, -1)
        rows = base @ rng.standard_normal((DIMENSIONS, columns))
        return rows + noise * rng.standard_normal(rows.shape), np.zeros(count)
    if job is Job.DISTANCES:
        return rng.standard_normal((count, columns)), np.zeros(count)
    made = datasets.make_blobs(
        count, columns, centers=classes, cluster_std=max(noise, 1e-6), center_box=(-SIDE, SIDE), random_state=seed
    )
    rows, groups = made
    if job is Job.OUTLIERS:
        outliers = rng.choice(count, round(OUTLIER_SHARE * count), replace=False)
        rows[outliers] = rng.uniform(-2 * SIDE, 2 * SIDE, (len(outliers), columns))
        groups = np.ones(count)
        groups[outliers] = -1
    return rows, groups


def _generate_classes(
    count: int, columns: int, classes: int, noise: float, seed: int
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    informative = max(min(columns, 2), columns // 2)
    if classes > 2**informative:
        raise BadInput(
            f"{columns} columns hold at most {2**informative:,} classes, and the plan asks for {classes}",
            "Choose more columns or fewer classes.",
        )
    made: Any = datasets.make_classification(
        count,
        columns,
        n_informative=informative,
        n_redundant=min(2, columns - informative),
        n_classes=classes,
        n_clusters_per_class=1 if 2 * classes > 2**informative else 2,
        flip_y=noise,
        random_state=seed,
        shuffle=False,
    )
    return made
