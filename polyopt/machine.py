"""What the machine is: cores, caches and vectors, as the schedulers and tile sizes need them.

Detected once from Linux's `/sys` and `/proc`; what they do not say comes from a table of common
values per architecture. Nothing is measured, so that a schedule never depends on load.
"""

from __future__ import annotations

import functools
import os
import platform
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

_KIB = 1024
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Machine:
    """The facts of one machine. Sizes in bytes: `l1` (data) and `l2` of one core, `l3` shared.

    `cores` are those this process may run on; `vector_bits` is the widest vector register.
    """

    name: str
    cores: int
    l1: int
    l2: int
    l3: int
    line: int
    vector_bits: int
    fma: bool

    def __str__(self) -> str:
        caches = f"L1 {_size(self.l1)}, L2 {_size(self.l2)}, L3 {_size(self.l3)}"
        fused = ", fused multiply-add" if self.fma else ""
        cores = f"{self.cores} core{'s' if self.cores > 1 else ''}"
        return f"{self.name}: {cores}, {caches}, {self.vector_bits}-bit vectors{fused}"


FALLBACK = {
    "x86_64": Machine("x86-64", 1, 32 * _KIB, 512 * _KIB, 8 * _MIB, 64, 128, fma=False),
    "aarch64": Machine("AArch64", 1, 64 * _KIB, 512 * _KIB, 8 * _MIB, 64, 128, fma=True),
}
"""Common values per architecture, where the system does not tell."""

# Widest first: the first flag found decides.
_VECTOR_FLAGS = (("avx512f", 512), ("avx", 256), ("sse2", 128), ("asimd", 128))


@functools.cache
def detect() -> Machine:
    """The machine this process runs on; the same value at every call."""
    return read(Path("/"), platform.machine(), available_cores())


def available_cores() -> int:
    """The number of processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read(root: Path, architecture: str, cores: int) -> Machine:
    """The machine described by the `proc` and `sys` folders below `root`."""
    base = FALLBACK.get(_canonical(architecture))
    if base is None:
        base = replace(FALLBACK["x86_64"], name=architecture or "unknown")
    model, flags = processor(root)
    vector = next((bits for flag, bits in _VECTOR_FLAGS if flag in flags), base.vector_bits)
    caches = _caches(root / "sys/devices/system/cpu/cpu0/cache")
    return Machine(
        name=model or base.name,
        cores=max(1, cores),
        l1=caches.get("l1", base.l1),
        l2=caches.get("l2", base.l2),
        l3=caches.get("l3", caches.get("l2", base.l3)),
        line=caches.get("line", base.line),
        vector_bits=vector,
        fma=base.fma or "fma" in flags,
    )


def processor(root: Path = Path("/")) -> tuple[str, frozenset[str]]:
    """The first processor's model name and feature flags; empty where the system says nothing."""
    facts: dict[str, str] = {}
    for line in _text(root / "proc/cpuinfo").split("\n\n", 1)[0].splitlines():
        name, _, value = line.partition(":")
        facts[name.strip().lower()] = value.strip()
    flags = facts.get("flags", facts.get("features", ""))
    return facts.get("model name", ""), frozenset(flags.split())


def _canonical(architecture: str) -> str:
    lowered = architecture.lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(lowered, lowered)


def _caches(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in sorted(folder.glob("index*")):
        kind, level = _text(entry / "type").strip(), _text(entry / "level").strip()
        size = _bytes(_text(entry / "size").strip())
        if kind == "Instruction" or not level.isdigit() or not size:
            continue
        found[f"l{level}"] = size
        line = _text(entry / "coherency_line_size").strip()
        if line.isdigit() and int(line):
            found["line"] = int(line)
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _bytes(text: str) -> int:
    """`32K`, `1024K` or `32M` in bytes; 0 for anything else."""
    unit = {"K": _KIB, "M": _MIB}.get(text[-1:].upper(), 1)
    digits = text.rstrip("KkMm")
    return int(digits) * unit if digits.isdigit() else 0


def _size(count: int) -> str:
    if count >= _MIB:
        return f"{count / _MIB:g} MiB"
    return f"{count / _KIB:g} KiB"


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """The facts of one OpenCL device. Sizes in bytes.

    `vector_f64` and `vector_f32` are the lanes of its registers, 0 where it has no such type;
    `group_items` and `item_sizes` limit the work items of a group, in all and per dimension.
    """

    name: str
    platform: str
    version: str
    kind: Literal["cpu", "gpu"]
    compute_units: int
    doubles: bool
    vector_f64: int
    vector_f32: int
    local_memory: int
    group_items: int
    item_sizes: tuple[int, ...]
    buffer_bytes: int
    argument_bytes: int

    def __str__(self) -> str:
        doubles = "" if self.doubles else ", no doubles"
        units = f"{self.compute_units} compute unit{'s' if self.compute_units > 1 else ''}"
        return (
            f"{self.name} ({self.platform}): {self.kind.upper()}, {units}, local memory "
            f"{_size(self.local_memory)}, groups of up to {self.group_items} items{doubles}"
        )
