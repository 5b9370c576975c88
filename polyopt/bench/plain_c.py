"""The plain C of a kernel by gcc, by clang, and by clang with Polly.

Each compiler gets the sizes as constants and as parameters, and, unless polyopt's own mode is
strict, the licence to rearrange sums that polyopt takes; the fastest counts. A variant whose
library has the same bytes as an earlier one is not timed twice.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyopt.bench.catalogue import DTYPES
from polyopt.bench.rows import BASELINE, CLANG, POLLY
from polyopt.bench.setting import PeerError
from polyopt.bench.timing import Candidate
from polyopt_kernels import BaselineError, load_baseline

if TYPE_CHECKING:
    from polyopt.bench.setting import Setting
    from polyopt.bench.timing import Workspace

OPTIMISED = ("-O3", "-march=native")
REASSOCIATE = ("-fassociative-math", "-fno-signed-zeros", "-fno-trapping-math")
FAST = ("-ffinite-math-only", "-freciprocal-math", "-fno-math-errno")
LICENCE = {"strict": (), "reassociate": REASSOCIATE, "fast": (*REASSOCIATE, *FAST)}
"""What polyopt's modes permit, in flags that leave the processor's denormals alone."""
WITH_POLLY = ("-mllvm", "-polly")
ON_THREADS = ("-mllvm", "-polly-parallel", "-lgomp")
COMPILE_LIMIT = 30.0
"""Seconds that compiling a variant may take: Polly needs minutes for some sizes as parameters."""


@dataclass(frozen=True)
class Way:
    """A variant: its name, whether sizes are constants, and flags beside `OPTIMISED`.

    `plain`: what recorded ratios refer to.
    """

    name: str
    constants: bool
    flags: tuple[str, ...] = ()
    plain: bool = False


def ways(fp: str) -> tuple[Way, ...]:
    """The variants of any compiler under polyopt's mode `fp`."""
    plain = (
        Way("sizes as constants", constants=True, plain=True),
        Way("sizes as parameters", constants=False, plain=True),
    )
    if not LICENCE[fp]:
        return plain
    return (*plain, Way(f"sizes as constants, fp={fp}", constants=True, flags=LICENCE[fp]))


def polly_ways(fp: str, threads: int) -> tuple[Way, ...]:
    """The variants of Polly: on threads, with and without its parallel loops."""
    alone = [Way(way.name, way.constants, (*WITH_POLLY, *way.flags)) for way in ways(fp)]
    if threads == 1:
        return tuple(alone)
    parallel = [
        Way(f"{way.name}, parallel", way.constants, (*way.flags, *ON_THREADS)) for way in alone
    ]
    return (*alone, *parallel)


def gcc_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """A person's C by gcc, or by the compiler that CC names."""
    return _compiled(BASELINE, None, ways(setting.fp), setting, workspace)


def clang_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """A person's C by the newest clang."""
    return _compiled(CLANG, newest_clang(), ways(setting.fp), setting, workspace)


def polly_candidates(setting: Setting, workspace: Workspace) -> list[Candidate]:
    """A person's C by Polly in the newest clang."""
    found = polly_ways(setting.fp, setting.threads)
    return _compiled(POLLY, newest_clang(), found, setting, workspace)


def _compiled(
    tool: str, compiler: str | None, asked: tuple[Way, ...], setting: Setting, workspace: Workspace
) -> list[Candidate]:
    """Each way that compiles, as a candidate; one for ways that give the same library."""
    made: dict[bytes, Candidate] = {}
    errors = []
    for way in asked:
        start = time.perf_counter()
        try:
            compiled = load_baseline(
                setting.benchmark,
                constants=setting.sizes if way.constants else None,
                dtype=DTYPES[setting.dtype],
                flags=(*OPTIMISED, *way.flags),
                compiler=compiler,
                limit=COMPILE_LIMIT,
            )
        except BaselineError as error:
            errors.append(str(error))
            continue
        seconds = time.perf_counter() - start
        run = compiled.bind(*workspace.arguments)
        candidate = Candidate(tool, way.name, run, compile_seconds=seconds, reference=way.plain)
        made.setdefault(compiled.file.read_bytes(), candidate)
    if not made:
        raise PeerError(errors[0])
    return list(made.values())


@functools.cache
def newest_clang() -> str | None:
    """The path of the newest of clang, clang-19 and so on that is found; None without one."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    versioned = {
        int(match[1]): str(path)
        for folder in reversed(folders)
        for path in folder.glob("clang-*")
        if (match := re.fullmatch(r"clang-(\d+)", path.name)) and os.access(path, os.X_OK)
    }
    unversioned = shutil.which("clang")
    if unversioned is not None:
        versioned.setdefault(_version(unversioned), unversioned)
    return versioned[max(versioned)] if versioned else None


def _version(clang: str) -> int:
    words = subprocess.run([clang, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.search(r"version (\d+)", words)
    return int(match[1]) if match else 0


def clang_absence() -> str:
    """Why there is no clang, and how to get it; "" where there is."""
    return "" if newest_clang() else "clang is not installed: apt install clang"


@functools.cache
def polly_absence() -> str:
    """Why there is no Polly, and how to get it; "" where the newest clang has it."""
    clang = newest_clang()
    if clang is None:
        return f"{POLLY} is part of clang: apt install clang"
    empty = [clang, *WITH_POLLY, "-x", "c", "-c", "-o", os.devnull, os.devnull]
    if subprocess.run(empty, capture_output=True, check=False).returncode == 0:
        return ""
    return (
        f"{Path(clang).name} was built without Polly: Debian's clang from version 13 has it, "
        "apt install clang"
    )
