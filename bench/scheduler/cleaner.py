"""Removes old files at the start of Fairlap and between jobs."""

from __future__ import annotations

import logging
import time

from bench.storage.cleaning import find_removable, remove_items
from bench.storage.store import Store, StoreError
from bench.storage.uploads import note_upload_use
from bench.system.environment import SettingsError
from bench.workload.file_summary import UPLOAD_PREFIX

LOGGER = logging.getLogger(__name__)
MIN_INTERVAL_S = 600.0
"""Shortest time between two removals: each looks at every file of the caches."""


class Cleaner:
    """Removes what is older or larger than the limits, and what dead processes have left."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._cleaned_at = float("-inf")

    def clean_if_due(self) -> None:
        if time.monotonic() - self._cleaned_at >= MIN_INTERVAL_S:
            self.clean()

    def clean(self) -> None:
        self._cleaned_at = time.monotonic()
        try:
            survey = find_removable(self._store.find_named_uploads)
            remove_items(survey.removable)
        except (OSError, StoreError, SettingsError) as error:
            LOGGER.warning("Old files could not be removed: %s", error)
            return
        for upload in survey.named_uploads:
            # So that the records are not searched for it every time.
            note_upload_use(f"{UPLOAD_PREFIX}{upload.name}")
