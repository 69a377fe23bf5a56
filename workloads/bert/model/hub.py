"""Checkpoints of the Hugging Face hub: downloaded once, with progress, into the cache of huggingface_hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.model.architecture import SHIPPED_MODEL

REQUIRED_FILES = ("config.json", "model.safetensors")
TOKENIZER_FILES = ("vocab.txt", "tokenizer.json", "tokenizer_config.json")
"""A model may lack some of these, but has at least one."""


def download_checkpoint(name: str, progress: ProgressReporter) -> Path:
    """Return the folder of the hub's model `name` (`owner/model`). Files that are not cached yet are downloaded.

    Raises BadInput if the hub has no such model, if the model lacks a required file, or if it is not cached and the
    hub cannot be reached.
    """
    import huggingface_hub
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
    )

    remedy = (
        f"Connect to the internet once so that it can be downloaded (hf download {name}), enter a folder "
        f"that holds the checkpoint, or use {SHIPPED_MODEL}, which comes with Fairlap."
    )
    try:
        # Without a network, each file would be tried for half a minute.
        offline = not _is_reachable(name)
    except HFValidationError as error:
        raise BadInput(f"{name!r} is not a valid name of the Hugging Face hub: {error}", remedy) from error
    path = ""
    for file in (*REQUIRED_FILES, *TOKENIZER_FILES):
        progress(f"downloading: {name}, {file}")
        bar = _make_progress_bar(progress, f"{name}, {file}")
        try:
            path = huggingface_hub.hf_hub_download(name, file, tqdm_class=bar, local_files_only=offline)
        except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
            # Only the hub knows which of the tokenizer's files the model has; one that is cached is enough.
            if file in TOKENIZER_FILES and any((Path(path).parent / other).is_file() for other in TOKENIZER_FILES):
                continue
            raise BadInput(f"{name} is not cached on this machine and the hub cannot be reached", remedy) from error
        except (EntryNotFoundError, HfHubHTTPError) as error:
            if file in TOKENIZER_FILES and isinstance(error, EntryNotFoundError):
                continue
            raise BadInput(f"the hub did not deliver {file} of {name}: {error}", remedy) from error
        except OSError as error:
            raise BadInput(f"{file} of {name} could not be downloaded: {error}", remedy) from error
    return Path(path).parent


def _is_reachable(name: str) -> bool:
    """Return whether the hub answers at all. Raises HFValidationError if `name` cannot be the name of a model."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        huggingface_hub.get_hf_file_metadata(huggingface_hub.hf_hub_url(name, REQUIRED_FILES[0]))
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
