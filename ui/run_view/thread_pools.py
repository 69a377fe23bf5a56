"""The thread pools that were loaded in the arms' processes."""

from __future__ import annotations

from pathlib import PurePath

import pandas as pd
import streamlit as st

from bench.run.record import Run
from bench.values.arms import ThreadPool


def draw_thread_pools(run: Run) -> None:
    """A table of the BLAS and OpenMP libraries of both arms; nothing if none is known."""
    rows = [_describe_pool(arm.value, pool) for arm, pools in run.thread_pools.items() for pool in pools]
    if rows:
        st.markdown("**BLAS and OpenMP libraries loaded**")
        st.dataframe(pd.DataFrame(rows), hide_index=True, width="content")


def _describe_pool(arm: str, pool: ThreadPool) -> dict[str, str | int]:
    details = ", ".join(filter(None, [pool.architecture, pool.threading_layer]))
    return {
        "arm": arm,
        "library": pool.library,
        "version": pool.version or "unknown",
        "threads": pool.threads,
        "details": details,
        "file": PurePath(pool.file).name,
    }
