"""The control groups (cgroups) that this process belongs to, of version 1 or 2.

See the kernel's documentation, admin-guide/cgroup-v1 and admin-guide/cgroup-v2.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from bench.system.kernel_files import KernelFiles

GroupVersion = Literal[1, 2]

VERSION_2 = ""
"""Stands for the controller in the tables of version 2, whose single hierarchy has all controllers."""


class ControlGroups:
    """Finds the folders of this process's groups."""

    def __init__(self, files: KernelFiles) -> None:
        self._files = files

    def find_folders(self, controller: str) -> tuple[GroupVersion | None, list[str]]:
        """The version that manages a controller, such as `cpu`, and the folders of this process's group and of the
        groups above it, innermost first.

        A container that does not see the group of its processes sees the group that is mounted instead. Returns None
        and no folder if nothing manages the controller.
        """
        versions: tuple[tuple[GroupVersion, str], ...] = ((1, controller), (2, VERSION_2))
        for version, key in versions:
            if key in self._groups and key in self._mounts:
                mounted_group, mount_point = self._mounts[key]
                names = _relative_names(self._groups[key], mounted_group)
                folders = ["/".join([mount_point, *names[:depth]]) for depth in range(len(names), -1, -1)]
                return version, folders
        return None, []

    @cached_property
    def _groups(self) -> dict[str, str]:
        """This process's group by controller."""
        groups: dict[str, str] = {}
        for line in self._files.read_text("proc/self/cgroup").splitlines():
            _id, _, rest = line.partition(":")
            controllers, _, group = rest.partition(":")
            groups.update(dict.fromkeys(controllers.split(","), group))
        return groups

    @cached_property
    def _mounts(self) -> dict[str, tuple[str, str]]:
        """By controller: the group that is mounted, and the folder where it is mounted."""
        mounts: dict[str, tuple[str, str]] = {}
        for line in self._files.read_text("proc/self/mountinfo").splitlines():
            mount, _, file_system = line.partition(" - ")
            mount_fields, file_system_fields = mount.split(), file_system.split()
            if len(mount_fields) < 5 or len(file_system_fields) < 3:
                continue
            mounted = mount_fields[3], mount_fields[4].replace("\\040", " ").strip("/")
            if file_system_fields[0] == "cgroup2":
                mounts[VERSION_2] = mounted
            elif file_system_fields[0] == "cgroup":
                mounts.update(dict.fromkeys(file_system_fields[2].split(","), mounted))
        return mounts


def _relative_names(group: str, mounted_group: str) -> list[str]:
    """The path of `group` below the mounted group, as a list; empty if it lies outside of it."""
    prefix = mounted_group.rstrip("/") + "/"
    return [name for name in group[len(prefix) :].split("/") if name] if group.startswith(prefix) else []
