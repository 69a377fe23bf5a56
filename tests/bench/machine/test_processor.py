"""The processor, from files of different machines and from this one."""

import sys
from pathlib import Path

import pytest

from bench.machine import describe, processor
from bench.machine.model import Machine
from bench.system.kernel_files import KernelFiles
from tests.support.machine_files import write_files

ARM_CPUINFO = """\
processor	: 0
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm sve i8mm bf16 dgh rng
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x1
CPU part	: 0xd40
CPU revision	: 1

processor	: 1
BogoMIPS	: 243.75
Features	: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm sve i8mm bf16 dgh rng
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x1
CPU part	: 0xd40
CPU revision	: 1
"""


OLD_ARM_CPUINFO = """\
processor	: 0
model name	: ARMv7 Processor rev 4 (v7l)
Features	: half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm crc32
CPU implementer	: 0x77
CPU part	: 0x123

Hardware	: BCM2835
"""


XEON_BLOCK = """\
processor	: {processor}
vendor_id	: GenuineIntel
cpu family	: 6
model		: 143
model name	: Intel(R) Xeon(R) Platinum 8480+
cpu MHz		: 2000.000
physical id	: {socket}
siblings	: 4
core id		: {core}
cpu cores	: 2
flags		: fpu vme fma avx2 avx512f avx_vnni avx512_bf16 avx512_vnni amx_bf16 avx512_fp16 amx_tile amx_int8
"""


# Threads are numbered as on a real one: first each core's first thread, then each core's second.
XEON_CPUINFO = "\n".join(
    XEON_BLOCK.format(processor=thread * 4 + socket * 2 + core, socket=socket, core=core)
    for thread in range(2)
    for socket in range(2)
    for core in range(2)
)


def test_arm_cores_are_named_by_their_numbers() -> None:
    cpu = processor.parse_cpuinfo(ARM_CPUINFO)
    assert (cpu.name, cpu.vendor, cpu.threads) == ("Arm Neoverse V1", "Arm", 2)
    assert list(cpu.isa.items()) == [("neon", True), ("sve", True), ("i8mm", True), ("bf16", True)]
    assert cpu.virtual is None


def test_an_unknown_arm_core_keeps_its_part_number() -> None:
    cpu = processor.parse_cpuinfo(OLD_ARM_CPUINFO)
    assert (cpu.name, cpu.vendor, cpu.threads) == ("Arm processor, part 0x123", None, 1)
    assert cpu.isa == {"neon": True, "sve": False, "i8mm": False, "bf16": False}


def test_arm_sockets_and_cores_are_counted_in_sys(tmp_path: Path) -> None:
    write_files(tmp_path, {"proc/cpuinfo": ARM_CPUINFO, "sys/devices/system/cpu/online": "0-1\n"})
    for core in range(2):
        topology = f"sys/devices/system/cpu/cpu{core}/topology"
        write_files(
            tmp_path, {f"{topology}/core_siblings_list": "0-1\n", f"{topology}/thread_siblings_list": f"{core}\n"}
        )
    seen = describe.describe_machine(KernelFiles(tmp_path))
    assert (seen.sockets, seen.physical_cores, seen.logical_threads) == (1, 2, 2)


def test_two_sockets_of_xeon_with_amx(tmp_path: Path) -> None:
    seen = describe.describe_machine(write_files(tmp_path, {"proc/cpuinfo": XEON_CPUINFO}))
    assert (seen.processor, seen.vendor) == ("Intel(R) Xeon(R) Platinum 8480+", "Intel")
    assert (seen.sockets, seen.physical_cores, seen.logical_threads) == (2, 4, 8)
    assert list(seen.isa) == list(processor.X86_FLAGS)
    assert all(seen.isa.values())
    assert seen.hypervisor is None


def test_flags_are_whole_words() -> None:
    isa = processor.parse_cpuinfo(XEON_BLOCK.format(processor=0, socket=0, core=0).replace("avx512_vnni ", "")).isa
    assert isa["avx_vnni"] and not isa["avx512_vnni"]


@pytest.mark.parametrize("text", ["", "\n\n", "no colon here", "processor\t: 0\n", "flags\t: avx2\n"])
def test_a_cpuinfo_without_information(text: str) -> None:
    cpu = processor.parse_cpuinfo(text)
    assert (cpu.name, cpu.vendor, cpu.isa, cpu.sockets, cpu.cores) == (None, None, {}, 0, 0)


def test_an_apple_processor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {
        "machdep.cpu.brand_string": b"Apple M2\0",
        "hw.packages": b"\1\0\0\0",
        "hw.physicalcpu": b"\10\0\0\0",
        "hw.logicalcpu": b"\10\0\0\0",
        "hw.optional.arm.AdvSIMD": b"\1\0\0\0",
        "hw.optional.arm.FEAT_BF16": b"\1\0\0\0",
    }
    monkeypatch.setattr(processor, "_read_sysctl", answers.get)
    cpu = processor.read_processor(KernelFiles(tmp_path))
    assert (cpu.name, cpu.vendor, cpu.sockets, cpu.cores, cpu.threads) == ("Apple M2", "Apple", 1, 8, 8)
    assert cpu.isa == {"neon": True, "sve": False, "i8mm": False, "bf16": True}
    assert cpu.virtual is False


def test_an_intel_mac(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answers = {
        "machdep.cpu.brand_string": b"Intel(R) Core(TM) i7-1068NG7 CPU @ 2.30GHz\0",
        "machdep.cpu.vendor": b"GenuineIntel\0",
        "machdep.cpu.features": b"FPU SSE4.2 FMA AVX1.0\0",
        "machdep.cpu.leaf7_features": b"AVX2 AVX512F AVX512VNNI\0",
    }
    monkeypatch.setattr(processor, "_read_sysctl", answers.get)
    cpu = processor.read_processor(KernelFiles(tmp_path))
    assert cpu.vendor == "Intel"
    assert [flag for flag, present in cpu.isa.items() if present] == ["avx2", "fma", "avx512f", "avx512_vnni"]


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/cpuinfo is Linux's")
def test_this_machine_agrees_with_its_own_flags(here: Machine) -> None:
    words = Path("/proc/cpuinfo").read_text().split()
    for flag in set(here.isa) - {"neon"}:
        assert here.isa[flag] == (flag in words)
