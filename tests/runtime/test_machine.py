"""What the machine says of itself, read from folders like those of Linux."""

import dataclasses

import pytest

from polyopt.machine import FALLBACK, Machine, available_cores, detect, read

ZEN = """processor\t: 0
model name\t: AMD EPYC
flags\t\t: fpu sse2 avx avx2 fma avx512f

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
GRAVITON = """processor\t: 0
Features\t: fp asimd sve
"""


@pytest.fixture
def system(tmp_path):
    """Makes a system's `proc` and `sys` folders."""

    def make(cpuinfo, caches=()):
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cpuinfo").write_text(cpuinfo)
        for number, facts in enumerate(caches):
            folder = tmp_path / f"sys/devices/system/cpu/cpu0/cache/index{number}"
            folder.mkdir(parents=True)
            for name, value in facts.items():
                (folder / name).write_text(f"{value}\n")
        return tmp_path

    return make


def level(number, size, kind="Unified", line=64):
    return {"level": number, "type": kind, "size": size, "coherency_line_size": line}


def test_a_machine_that_says_everything(system):
    caches = [
        level(1, "32K", "Data"),
        level(1, "64K", "Instruction"),
        level(2, "1024K"),
        level(3, "32M"),
    ]
    found = read(system(ZEN, caches), "x86_64", 2)
    assert found == Machine("AMD EPYC", 2, 32768, 2**20, 2**25, 64, 512, fma=True)
    assert str(found) == (
        "AMD EPYC: 2 cores, L1 32 KiB, L2 1 MiB, L3 32 MiB, 512-bit vectors, fused multiply-add"
    )


def test_a_machine_that_says_nothing(tmp_path):
    for architecture in ("x86_64", "aarch64"):
        assert read(tmp_path, architecture, 1) == FALLBACK[architecture]
    assert read(tmp_path, "AMD64", 1) == FALLBACK["x86_64"]
    unknown = read(tmp_path, "riscv64", 4)
    assert unknown == dataclasses.replace(FALLBACK["x86_64"], name="riscv64", cores=4)


def test_an_arm_machine(system):
    found = read(system(GRAVITON, [level(1, "64K", "Data"), level(2, "1M", line=128)]), "arm64", 8)
    assert (found.name, found.vector_bits, found.fma) == ("AArch64", 128, True)
    assert (found.l2, found.l3, found.line) == (2**20, 2**20, 128)


def test_odd_entries_are_passed_over(system):
    caches = [level(1, "odd", "Data"), level("?", "32K"), level(2, "", line="x"), {}]
    found = read(system("", caches), "x86_64", 1)
    assert found == FALLBACK["x86_64"]


def test_this_machine():
    found = detect()
    assert detect() is found
    assert found.cores == available_cores() >= 1
    assert found.l1 <= found.l2 <= found.l3
    assert found.vector_bits in (128, 256, 512)
