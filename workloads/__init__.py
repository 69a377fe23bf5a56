"""What Fairlap measures: one package a workload, each with its declaration in `__init__` and its work in `arm`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The folder of the project."""
