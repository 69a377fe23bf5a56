"""Checks the settings of a plan before a race of it is queued."""

from __future__ import annotations

from bench.workload.interface import BadInput, Settings
from workloads.documents.catalogue import HIDDEN_SIZE, MAX_CORPUS_DOCUMENTS, TFIDF
from workloads.documents.corpus.libraries import list_installed
from workloads.documents.memory import require_memory
from workloads.estimators.options import uses_file


def check_inputs(settings: Settings) -> None:
    """Raise BadInput if the documents are not there, do not fit into memory, or are too few for the settings."""
    if uses_file(settings):
        _check_own_documents(settings)
        return
    list_installed()
    documents = min(settings.batch, MAX_CORPUS_DOCUMENTS)
    require_memory(settings, documents)
    require_enough(settings, documents)


def _check_own_documents(settings: Settings) -> None:
    # Imported here, because other plans do not need it.
    from workloads.documents.own.read import read_own_documents

    documents = read_own_documents(settings, _ignore_progress, is_trial=True)
    count = len(documents.texts) if documents.is_whole else settings.batch
    require_memory(settings, count, characters=documents.characters)
    if documents.is_whole:
        # The rest of a file that was read in part may have what is missing.
        require_enough(settings, count)
        if settings.case == TFIDF:
            require_features(documents.words, int(settings.parameters["components"]))


def _ignore_progress(text: str, share: float | None = None) -> None:
    return None


def count_features(settings: Settings) -> int:
    """The most features that a document can have before they are reduced."""
    return int(settings.parameters["features"]) if settings.case == TFIDF else HIDDEN_SIZE


def require_enough(settings: Settings, documents: int) -> None:
    """Raise BadInput if so many documents are too few for the components and topics."""
    components, features = int(settings.parameters["components"]), count_features(settings)
    if components >= features:
        raise BadInput(
            f"{features:,} features cannot be reduced to {components:,} components",
            "Choose fewer components, or more features.",
        )
    if components > documents // 2:
        raise BadInput(
            f"{documents:,} documents are too few for {components:,} components",
            f"Choose at most {documents // 2:,} components, or more documents.",
        )
    topics = int(settings.parameters["topics"])
    if topics > documents // 2:
        raise BadInput(f"{documents:,} documents are too few for {topics} topics", "Choose fewer topics.")


def require_features(features: int, components: int) -> None:
    """Raise BadInput if the documents have too few features, such as different words, for the components."""
    if features <= components:
        raise BadInput(
            f"the documents have {features:,} features, such as different words, too few for {components:,} components",
            f"Choose fewer than {features:,} components, or more documents.",
        )
