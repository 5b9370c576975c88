"""Kernels taken away: files of C for programs without polyopt."""

from __future__ import annotations

import inspect
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.emit.header import exported_source, header
from polyopt.emit.lines import named
from polyopt.errors import BadArgumentError
from polyopt.runtime.checks import interface
from polyopt.runtime.compiler import find_compiler, flags_for
from polyopt.runtime.extension import MARK, module_text, setup_text

if TYPE_CHECKING:
    from polyopt.emit.program import Program
    from polyopt.model.scop import Scop


def write_c(program: Program, scop: Scop, folder: Path) -> tuple[Path, Path]:
    """Write `NAME.c` and `NAME.h` into a folder; the two paths.

    Raises BadArgumentError for a program whose host part is Python.
    """
    text = named(exported_source(program), f"{scop.name}.c")
    flags = flags_for(program, find_compiler())
    libraries = " ".join(f for f in flags.link if f.startswith("-l") or f == "-fopenmp")
    line = f"gcc {shlex.join(flags.compile)} {program.symbol}.c … {libraries}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / f"{scop.name}.c", folder / f"{scop.name}.h"
    paths[0].write_text(text, encoding="utf-8")
    paths[1].write_text(header(program, scop, line), encoding="utf-8")
    return paths


def write_extension(
    program: Program, scop: Scop, signature: inspect.Signature, folder: Path
) -> tuple[Path, ...]:
    """Write the files of `write_c`, `NAME_module.c` and `setup.py`: an extension of Python.

    Raises BadArgumentError as `write_c` and `module_text` do, and where there is a `setup.py`
    that is none of these.
    """
    text = module_text(interface(scop), program, signature)
    setup = folder / "setup.py"
    if setup.exists() and not setup.read_text(encoding="utf-8").startswith(MARK):
        raise BadArgumentError(f"{setup} is there, and not from polyopt: choose another folder")
    paths = (*write_c(program, scop, folder), folder / f"{scop.name}_module.c", setup)
    paths[2].write_text(text, encoding="utf-8")
    setup.write_text(setup_text(scop.name, flags_for(program, find_compiler())), encoding="utf-8")
    return paths
