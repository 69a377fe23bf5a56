"""The tasks that a workload declares: what it does on request, other than a race."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict


class NoArguments(BaseModel):
    """The arguments of a task that takes none."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class NoResult(BaseModel):
    """The result of a task whose reports say everything."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a workload does on request, other than a race: measure a curve, convert a model."""

    name: str
    """A method of the workload's task handler."""
    label: str
    """What it measures, as lists of measurements show it."""
    result: type[BaseModel]
    """What it returns. Its fields are JSON values or models of them."""
    arguments: type[BaseModel] = NoArguments
    """What it is asked, besides the settings of a plan."""
    reports: Mapping[str, type[BaseModel]] = field(default_factory=dict[str, type[BaseModel]])
    """What it reports while it works, by the name of the report."""
    depends_on: tuple[str, ...] = ()
    """Names of the parameters, and of the fields of a plan, that the result depends on, besides cores and seed. Results
    of plans that differ in other settings only can replace each other."""
    cases: tuple[str, ...] = ()
    """The cases that it measures; empty for all."""
    resident: bool = False
    """True for a task that answers a person at once: its process stays alive, with what it has loaded, and nothing is
    stored. Otherwise the task is a measurement."""
    silence_limit_s: float = 600.0
    """A task that sends nothing for longer counts as hung."""
    usual_s: float = 0.0
    """About how long it takes with the default settings and nothing in the cache, on two cores; 0 if not known."""


@dataclass(frozen=True, slots=True)
class TaskSet:
    """The tasks of a workload, and what runs them."""

    entries: tuple[Task, ...] = ()
    handler: str = ""
    """`module:Class` of the task handler. Only task processes import it."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables that must be set before the first import in a task process."""

    def task(self, name: str) -> Task:
        """The task `name`. Raises KeyError."""
        for task in self.entries:
            if task.name == name:
                return task
        raise KeyError(name)
