"""Detects whether this is a virtual machine, and its hypervisor."""

from __future__ import annotations

from bench.system.kernel_files import KernelFiles

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
"""Hypervisor by the beginning of the board's product or vendor name."""


def detect_hypervisor(files: KernelFiles, virtual: bool | None) -> str | None:
    """The name of the hypervisor, `unknown` if nothing names it, and None on bare metal.

    `virtual` is whether the processor reports a hypervisor (None if it cannot); False is trusted, except on Xen. The
    clock source that a hypervisor offers identifies it best. The names of the board are less reliable, because clouds
    use their own.
    """
    kind = files.read_text("sys/hypervisor/type")
    if kind == "xen":
        return "Xen"
    if virtual is False:
        return None
    clocks = files.read_text("sys/devices/system/clocksource/clocksource0/available_clocksource").split()
    device_tree = files.read_text("proc/device-tree/hypervisor/compatible")
    name = (
        next((CLOCK_HYPERVISORS[clock] for clock in clocks if clock in CLOCK_HYPERVISORS), None)
        or next((hypervisor for word, hypervisor in DEVICE_TREE_HYPERVISORS.items() if word in device_tree), None)
        or _detect_board_hypervisor(files)
    )
    return name or ("unknown" if virtual else None)


def _detect_board_hypervisor(files: KernelFiles) -> str | None:
    names = {
        name: files.read_text(f"sys/class/dmi/id/{name}")
        for name in ("product_name", "sys_vendor", "board_vendor", "bios_vendor")
    }
    if names["product_name"].endswith(".metal"):
        return None
    if names["sys_vendor"] == "Microsoft Corporation":
        return "Hyper-V" if names["product_name"] == "Virtual Machine" else None
    for name in names.values():
        for prefix, hypervisor in BOARD_HYPERVISORS.items():
            if name.startswith(prefix):
                return hypervisor
    return None
