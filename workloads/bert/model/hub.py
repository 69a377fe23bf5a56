"""TODO: workloads.bert.model.forward.hub."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bench.workload.interface import BadInput, ProgressReporter
from workloads.bert.model.architecture import SHIPPED_MODEL

CHECKPOINT_FILES = ("config.json", "model.safetensors", "vocab.txt", "tokenizer.json", "tokenizer_config.json")
"""Of the last three a model may lack some."""


def download_checkpoint(name: str, progress: ProgressReporter) -> Path:
    """The folder of the hub's model `name`, fetched unless it is cached, file by file with progress."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    remedy = (
        f"Connect to the internet once so that it can be fetched (huggingface-cli download {name}), name a folder that "
        f"holds the checkpoint, or take {SHIPPED_MODEL}, which comes with the project."
    )
    found = ""
    try:
        # Without a network it would try each file for half a minute.
        absent = not _is_reachable(name)
    except HFValidationError as error:
        raise BadInput(f"{name!r} is no name of the Hugging Face hub: {error}", remedy) from error
    for file in CHECKPOINT_FILES:
        progress(f"fetching {name}: {file}")
        try:
            bar = _make_progress_bar(progress, f"{name}: {file}")
            found = huggingface_hub.hf_hub_download(name, file, tqdm_class=bar, local_files_only=absent)
        except (LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
            # A tokenizer has one of two files; which, only the hub knows.
            if file in CHECKPOINT_FILES[2:] and not isinstance(error, (LocalEntryNotFoundError, OfflineModeIsEnabled)):
                continue
            if (
                file in CHECKPOINT_FILES[2:]
                and found
                and any((Path(found).parent / other).is_file() for other in CHECKPOINT_FILES[2:])
            ):
                continue
            if isinstance(error, HfHubHTTPError):
                raise BadInput(f"the hub gives no {file} for {name}: {error}", remedy) from error
            raise BadInput(f"{name} is not cached on this machine and the hub cannot be reached", remedy) from error
    return Path(found).parent


def _is_reachable(name: str) -> bool:
    """Does the hub answer at all? Raises HFValidationError for what can be no name."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    try:
        huggingface_hub.get_hf_file_metadata(huggingface_hub.hf_hub_url(name, CHECKPOINT_FILES[0]))
    except HFValidationError:
        raise
    except HfHubHTTPError:
        return True
    # Errors of its HTTP library, another one with every few versions.
    except Exception:
        return False
    return True


def _make_progress_bar(progress: ProgressReporter, what: str) -> type:
    """A tqdm whose every update becomes a line of our own progress."""
    from tqdm.auto import tqdm

    class Bar(tqdm):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            options["file"] = open(os.devnull, "w")  # noqa: SIM115 - the bar closes with the process
            super().__init__(*arguments, **options)

        def update(self, n: float | None = 1) -> bool | None:
            drawn = super().update(n)
            if self.total:
                text = f"fetching {what}: {self.n / 1e6:.0f} of {self.total / 1e6:.0f} MB"
                progress(text, min(1.0, self.n / self.total))
            return drawn

    return Bar
