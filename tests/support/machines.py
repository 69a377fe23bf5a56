"""Variants of a machine."""

from bench.machine.model import Machine


def change_machine(machine: Machine, **changes) -> Machine:
    """`machine` with other fields; `identity` is a mapping of the identity's fields."""
    identity = machine.identity.model_copy(update=changes.pop("identity", {}))
    return machine.model_copy(update={"identity": identity} | changes)
