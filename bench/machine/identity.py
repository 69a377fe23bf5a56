"""Which machine this is, however its description changes: an id that a kernel update or a new name leaves alone.

The display string of a machine (`Machine.short`) cannot serve: it contains the kernel version, and two equal nodes of a
cluster have the same one.
"""

from __future__ import annotations

import hashlib
import re
import socket

from bench.system.kernel_files import KERNEL_FILES, KernelFiles
from bench.values.base import Value

ID_FILES = (
    "etc/machine-id",
    "sys/class/dmi/id/product_uuid",
    "sys/class/dmi/id/board_serial",
    "proc/device-tree/serial-number",
)
"""Files with an id of the machine, best first. All users may read the first; the two of the board need root."""
PLACEHOLDER_IDS = ("", "none", "uninitialized", "defaultstring", "tobefilledbyoem", "03000200040005000006000700080009")
"""What files contain that were never filled in, without punctuation: a placeholder names no machine."""


class MachineIdentity(Value):
    """A machine, apart from how it is described. Unknown parts are None."""

    machine_id: str | None
    """Sixteen hexadecimal digits that stay the same for the life of the installation or the board."""
    host: str | None
    """The host name, for people: it may change, and two machines may have the same one."""
    boot_id: str | None
    """The kernel's id of this boot; containers have that of their host."""


def read_identity(files: KernelFiles = KERNEL_FILES) -> MachineIdentity:
    """The identity of the machine that `files` describe."""
    ids = (files.read_text(file).strip("\0\n ") for file in ID_FILES)
    found = next((text for text in ids if _is_real_id(text)), None)
    return MachineIdentity(
        # systemd asks programs not to publish the machine id itself.
        machine_id=hashlib.sha256(f"fairlap {found}".encode()).hexdigest()[:16] if found else None,
        host=socket.gethostname() or None,
        boot_id=files.read_text("proc/sys/kernel/random/boot_id") or None,
    )


def _is_real_id(text: str) -> bool:
    plain = re.sub(r"[\W_]", "", text.lower())
    return plain not in PLACEHOLDER_IDS and len(set(plain)) > 1
