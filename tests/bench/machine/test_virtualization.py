"""Detection of hypervisors."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.machine import virtualization
from tests.support.machine_files import write_files

CLOCKSOURCE_FILE = "sys/devices/system/clocksource/clocksource0/available_clocksource"


@pytest.mark.parametrize(
    ("files", "virtual", "expected"),
    [
        ({CLOCKSOURCE_FILE: "tsc kvm-clock \n"}, True, "KVM"),
        ({CLOCKSOURCE_FILE: "tsc hyperv_clocksource_tsc_page acpi_pm\n"}, True, "Hyper-V"),
        ({CLOCKSOURCE_FILE: "tsc hpet acpi_pm\n"}, True, "unknown"),
        ({CLOCKSOURCE_FILE: "tsc kvm-clock \n"}, False, None),
        ({"sys/class/dmi/id/sys_vendor": "QEMU\n"}, True, "QEMU"),
        ({"sys/class/dmi/id/sys_vendor": "VMware, Inc.\n"}, True, "VMware"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m7g.large\n"}, None, "KVM"),
        ({"sys/class/dmi/id/sys_vendor": "Amazon EC2\n", "sys/class/dmi/id/product_name": "m7g.metal\n"}, None, None),
        (
            {
                "sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n",
                "sys/class/dmi/id/product_name": "Virtual Machine\n",
            },
            None,
            "Hyper-V",
        ),
        (
            {"sys/class/dmi/id/sys_vendor": "Microsoft Corporation\n", "sys/class/dmi/id/product_name": "Surface\n"},
            None,
            None,
        ),
        ({"proc/device-tree/hypervisor/compatible": "linux,kvm\0"}, None, "KVM"),
        ({"sys/hypervisor/type": "xen\n"}, False, "Xen"),
        ({}, None, None),
    ],
)
def test_hypervisors(tmp_path: Path, files: Mapping[str, str], virtual: bool | None, expected: str | None) -> None:
    assert virtualization.detect_hypervisor(write_files(tmp_path, files), virtual) == expected
