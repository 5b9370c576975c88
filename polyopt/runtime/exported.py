"""Kernels taken away: files of C for programs without polyopt."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.emit.header import exported_source, header
from polyopt.runtime.compiler import find_compiler, flags_for

if TYPE_CHECKING:
    from polyopt.emit.program import Program
    from polyopt.model.scop import Scop


def write_c(program: Program, scop: Scop, folder: Path) -> tuple[Path, Path]:
    """Write `NAME.c` and `NAME.h` into a folder; the two paths.

    Raises BadArgumentError for a program whose host part is Python.
    """
    text = exported_source(program)
    flags = flags_for(program, find_compiler())
    libraries = " ".join(f for f in flags.link if f.startswith("-l") or f == "-fopenmp")
    line = f"gcc {shlex.join(flags.compile)} {program.symbol}.c … {libraries}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{scop.name}.c", folder / f"{scop.name}.h"
    paths[0].write_text(text, encoding="utf-8")
    paths[1].write_text(header(program, scop, line), encoding="utf-8")
    return paths
