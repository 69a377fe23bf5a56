"""TODO: bench.machine.describe.virtualization."""

from __future__ import annotations

from pathlib import Path

from bench.machine.kernel_files import read_kernel_text

CLOCK_HYPERVISORS = {
    "kvm-clock": "KVM",
    "hyperv_clocksource_tsc_page": "Hyper-V",
    "hyperv_clocksource_msr": "Hyper-V",
    "xen": "Xen",
}


DEVICE_TREE_HYPERVISORS = {"kvm": "KVM", "xen": "Xen", "vmware": "VMware"}


BOARD_HYPERVISORS = {
    "KVM": "KVM",
    "OpenStack": "KVM",
    "KubeVirt": "KVM",
    "Amazon EC2": "KVM",
    "Google Compute Engine": "KVM",
    "DigitalOcean": "KVM",
    "Alibaba Cloud": "KVM",
    "VMware": "VMware",
    "VMW": "VMware",
    "innotek GmbH": "VirtualBox",
    "VirtualBox": "VirtualBox",
    "Oracle Corporation VirtualBox": "VirtualBox",
    "Xen": "Xen",
    "Bochs": "Bochs",
    "Parallels": "Parallels",
    "BHYVE": "bhyve",
    "Apple Virtualization": "Apple Virtualization",
    "QEMU": "QEMU",
}
"""What a board's maker or product name begins with, to whose it is."""


def detect_hypervisor(root: Path, virtual: bool | None) -> str | None:
    """Whose virtual machine this is: 'unknown' if nobody tells, None on bare metal.

    `virtual` is the processor's own word, which decides where there is one. The clock that a hypervisor offers is the
    surest sign of whose it is; what the board calls itself comes next, since clouds put their own name there.
    """
    kind = read_kernel_text(root, "sys/hypervisor/type").strip()
    if kind == "xen":
        return "Xen"
    if virtual is False:
        return None
    clocks = read_kernel_text(root, "sys/devices/system/clocksource/clocksource0/available_clocksource").split()
    tree = read_kernel_text(root, "proc/device-tree/hypervisor/compatible")
    named = (
        next((CLOCK_HYPERVISORS[clock] for clock in clocks if clock in CLOCK_HYPERVISORS), None)
        or next((maker for word, maker in DEVICE_TREE_HYPERVISORS.items() if word in tree), None)
        or _detect_board_hypervisor(root)
    )
    return named or ("unknown" if virtual else None)


def _detect_board_hypervisor(root: Path) -> str | None:
    words = {
        name: read_kernel_text(root, f"sys/class/dmi/id/{name}").strip()
        for name in ("product_name", "sys_vendor", "board_vendor", "bios_vendor")
    }
    if words["product_name"].endswith(".metal"):
        return None
    if words["sys_vendor"] == "Microsoft Corporation":
        return "Hyper-V" if words["product_name"] == "Virtual Machine" else None
    for word in words.values():
        for begins, maker in BOARD_HYPERVISORS.items():
            if word.startswith(begins):
                return maker
    return None
