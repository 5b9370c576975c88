"""Where a compiler has no OpenMP, as on macOS without libomp: the same programs on one thread."""

from __future__ import annotations

import functools
import tempfile
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.errors import BuildError
from polyopt.runtime.compiler import Compiler, run, time_limit

if TYPE_CHECKING:
    from polyopt.emit.program import Program

_INCLUDE = "#include <omp.h>\n"
_ONE_THREAD = """\
static inline int omp_get_max_threads(void) { return 1; }
static inline int omp_get_num_threads(void) { return 1; }
static inline int omp_get_thread_num(void) { return 0; }
"""
_PROBE = f"{_INCLUDE}int width(void) {{ return omp_get_max_threads(); }}\n"
_SECONDS = 20.0


@functools.lru_cache(maxsize=16)
def has_openmp(compiler: Compiler) -> bool:
    """Whether a library that uses OpenMP can be made; asked where one could not. Says so once."""
    with tempfile.TemporaryDirectory(prefix="polyopt-") as folder:
        source = Path(folder) / "probe.c"
        source.write_text(_PROBE, encoding="utf-8")
        flags = ["-shared", "-fPIC", "-fopenmp", str(source), "-o", f"{source}.so"]
        try:
            found = run([*compiler.command, *flags], min(_SECONDS, time_limit()), str(source))
        except BuildError:  # it does not end: what became of the kernel's own source says more
            return True
    if found.status != 0:
        warnings.warn(
            f"{compiler.version} makes no OpenMP libraries, so kernels run on one thread. Install "
            "its OpenMP (Debian, Ubuntu: libomp-dev; macOS: brew install libomp, or gcc and "
            "CC=gcc-14), and then: polyopt cache clear",
            RuntimeWarning,
            stacklevel=2,
        )
    return found.status == 0


def on_one_thread(program: Program) -> Program:
    """The program without OpenMP: its pragmas say nothing, and its functions count one thread."""
    source = program.source.replace(_INCLUDE, _ONE_THREAD)
    return replace(program, source=source, openmp=False)
