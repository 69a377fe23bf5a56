"""Checks the checkpoint and the questions of a plan, before its job is queued."""

from __future__ import annotations

from bench.workload.interface import Settings
from workloads.bert import question_file
from workloads.bert.inference.tokenization import load_tokenizer
from workloads.bert.model.checkpoint import check_checkpoint


def check_inputs(settings: Settings) -> None:
    """Raise BadInput if the model's folder or the file of questions cannot be used. Nothing is downloaded."""
    if folder := check_checkpoint(str(settings.parameters["model"])):
        load_tokenizer(*folder)
    question_file.load_question_set(str(settings.parameters["evaluation"]), settings.uploads)
