"""How much Fairlap keeps on disk. Everything that limits files by their size starts from here."""

from __future__ import annotations

from bench.system.environment import read_number

DISK_VARIABLE = "FAIRLAP_MAX_DISK_GB"
DEFAULT_DISK_GB = 20
"""Size of the data folder with which a served dashboard accepts nothing more."""
CACHE_SHARE = 0.5
"""Part of the data folder's limit that caches may take: they alone never fill it."""


def read_max_cache_bytes() -> int:
    """Size of all caches above which the longest unused are removed. Raises SettingsError."""
    return int(CACHE_SHARE * read_number(DISK_VARIABLE, DEFAULT_DISK_GB) * 1e9)
