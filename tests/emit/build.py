"""Compile a printed program with gcc and call it through ctypes."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from polyopt.emit.program import Program

TYPES = {
    **{
        f"{sign}int{bits}_t": getattr(ctypes, f"c_{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "double": ctypes.c_double,
    "float": ctypes.c_float,
    "bool": ctypes.c_bool,
}
RELAXED = ["-ffp-contract=fast", "-fno-trapping-math"]
FLAGS = {
    # not -fno-trapping-math: with it gcc 12 turns (double)(int64_t)-0.5 into -0.0
    "strict": ["-ffp-contract=off"],
    "reassociate": RELAXED,
    "fast": RELAXED,
}
UNDEFINED = (
    "-fsanitize=undefined,float-cast-overflow", "-fno-sanitize-recover=all", "-static-libubsan",
)  # fmt: skip
"""Flags under which undefined behaviour ends the process."""


def build(program: Program, *flags: str, level: str = "-O2"):
    """The entry function, called with the values of its arguments in C order."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "kernel.c"), Path(folder, "kernel.so")
        source.write_text(program.source, encoding="utf-8")
        openmp = "-fopenmp" if program.openmp else "-fopenmp-simd"
        command = [
            "gcc", level, "-march=native", "-std=gnu11", "-shared", "-fPIC", "-Wall", "-Wextra",
            "-Werror", openmp, "-fno-math-errno", *FLAGS[program.fp],
            *flags, "-o", str(library), str(source), *(f"-l{name}" for name in program.libraries),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{done.stderr}\n{program.source}"
        entry = ctypes.CDLL(str(library))[program.symbol]
    entry.restype = ctypes.c_int64

    def call(*values):
        assert len(values) == len(program.arguments)
        passed = []
        for value, argument in zip(values, program.arguments, strict=True):
            if argument.kind == "array":
                assert isinstance(value, np.ndarray)
                assert value.flags.c_contiguous
                passed.append(ctypes.c_void_p(value.ctypes.data))
            else:
                passed.append(TYPES[argument.ctype](value))
        return entry(*passed)

    return call
