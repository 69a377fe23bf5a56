"""Checkpoints of the Hugging Face hub: downloaded once, with progress, into the cache of huggingface_hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.model.architecture import SHIPPED_MODEL
from workloads.bert.model.checkpoint_files import (
    CONFIG_FILE,
    INDEX_FILE,
    OTHER_WEIGHTS,
    WEIGHTS_FILE,
    list_shards,
    read_json,
)

TOKENIZER_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")
"""A model may lack some of these, but has at least one."""


def download_checkpoint(name: str, progress: ProgressReporter) -> Path:
    """Return the folder of the hub's model `name` (`owner/model`). Files that are not cached yet are downloaded.

    Raises BadInput if the hub has no such model, if the model lacks a required file, or if it is not cached and the
    hub cannot be reached.
    """
    from huggingface_hub.errors import HFValidationError

    try:
        # Without a network, each file would be tried for half a minute.
        offline = not _is_reachable(name)
    except HFValidationError as error:
        raise BadInput(f"{name!r} is not a valid name of the Hugging Face hub: {error}", _remedy(name)) from error
    if (config := _download(name, CONFIG_FILE, offline, progress)) is None:
        _refuse_missing(name, CONFIG_FILE, offline)
    if _download(name, WEIGHTS_FILE, offline, progress) is None:
        if (index := _download(name, INDEX_FILE, offline, progress)) is None:
            _refuse_missing(name, WEIGHTS_FILE, offline)
        for shard in list_shards(read_json(index), index):
            if _download(name, shard, offline, progress) is None:
                _refuse_missing(name, shard, offline)
    found = [_download(name, file, offline, progress) for file in TOKENIZER_FILES]
    if offline and not any(found):
        _refuse_missing(name, TOKENIZER_FILES[0], offline)
    return config.parent


def _remedy(name: str) -> str:
    return (
        f"Connect to the internet once so that it can be downloaded (hf download {name}), enter a folder "
        f"that holds the checkpoint, or use {SHIPPED_MODEL}, which comes with Fairlap."
    )


def _download(name: str, file: str, offline: bool, progress: ProgressReporter) -> Path | None:
    """The path of a file of a model; None if the model has no such file, or offline, if it is not cached.

    Raises BadInput if the hub refuses or breaks off.
    """
    import huggingface_hub
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    progress(f"downloading: {name}, {file}")
    bar = _make_progress_bar(progress, f"{name}, {file}")
    try:
        return Path(huggingface_hub.hf_hub_download(name, file, tqdm_class=bar, local_files_only=offline))
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        if offline:
            return None
        raise BadInput(f"{name} is not cached on this machine and the hub cannot be reached", _remedy(name)) from error
    except EntryNotFoundError:
        return None
    except HfHubHTTPError as error:
        raise BadInput(f"the hub did not deliver {file} of {name}: {error}", _remedy(name)) from error
    except OSError as error:
        raise BadInput(f"{file} of {name} could not be downloaded: {error}", _remedy(name)) from error


def _refuse_missing(name: str, file: str, offline: bool) -> NoReturn:
    """Raise BadInput for a model without a required file. Of the hub's files, those of other libraries are named."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError

    if offline:
        raise BadInput(f"{name} is not cached on this machine and the hub cannot be reached", _remedy(name))
    try:
        files = set(huggingface_hub.list_repo_files(name))
    except (HfHubHTTPError, OSError):
        files = set[str]()
    for other, (library, remedy) in OTHER_WEIGHTS.items():
        if file == WEIGHTS_FILE and other in files:
            raise BadInput(f"{name} has weights of {library} only ({other}) on the hub, no {file}", remedy)
    raise BadInput(f"{name} has no {file} on the hub", _remedy(name))


def _is_reachable(name: str) -> bool:
    """Return whether the hub answers at all. Raises HFValidationError if `name` cannot be the name of a model."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        huggingface_hub.get_hf_file_metadata(huggingface_hub.hf_hub_url(name, CONFIG_FILE))
    except HFValidationError:
        raise
    except HfHubHTTPError:
        return True
    # huggingface_hub lets the exceptions of its HTTP library through, and has changed that library.
    except Exception:
        return False
    return True


def _make_progress_bar(progress: ProgressReporter, label: str) -> type:
    """Return a tqdm class that reports every update to `progress` in place of drawing it."""
    from tqdm.auto import tqdm

    class ReportingBar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options["file"] = open(os.devnull, "w")  # noqa: SIM115 - tqdm writes to it until the process exits
            super().__init__(*arguments, **options)

        def update(self, n: float | None = 1) -> bool | None:
            drawn = super().update(n)
            if self.total:
                text = f"downloading: {label}, {self.n / 1e6:.0f} of {self.total / 1e6:.0f} MB"
                progress(text, min(1.0, self.n / self.total))
            return drawn

    return ReportingBar
