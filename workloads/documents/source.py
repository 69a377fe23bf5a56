"""Where the documents of a plan come from: the shipped corpus, or files of the user."""

from __future__ import annotations

from bench.workload.interface import ProgressReporter, Settings
from workloads.documents.corpus.build import CorpusFile, load_docstrings
from workloads.documents.own.read import read_own_documents, write_own_documents
from workloads.estimators.options import uses_file


def load_corpus(settings: Settings, progress: ProgressReporter) -> CorpusFile:
    """The documents of the plan. Raises BadInput."""
    if uses_file(settings):
        return write_own_documents(read_own_documents(settings, progress), settings.scratch)
    return load_docstrings(settings.cache, progress)
