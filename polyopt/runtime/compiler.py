"""The C compiler: which one, with which flags, run with a time limit, and its words kept.

Compiling and linking are two commands. Under `fp="fast"` the first has `-ffast-math` and the
second must not: a library that gcc links with that flag sets flush-to-zero in the whole process
that loads it.
"""

from __future__ import annotations

import functools
import os
import platform
import select
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from polyopt.errors import BadArgumentError, BuildError, TargetUnavailableError
from polyopt.runtime.fused import FORBIDDEN, WITHOUT, is_fused, is_x86, may_be_fused

if TYPE_CHECKING:
    from polyopt.emit.program import Program

INSTALL = (
    "Install one (Debian, Ubuntu: apt install gcc; Fedora: dnf install gcc; "
    "Alpine: apk add gcc musl-dev), or name one in the environment variable CC"
)
DEFAULT_TIME_LIMIT = 300.0
"""Seconds that one compilation may take; POLYOPT_BUILD_SECONDS says otherwise."""

_PROBE_SECONDS = 20.0
_KEPT_LINES = 40

Family = Literal["gcc", "clang"]


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C compiler. `command` is how it is called; `identity` changes whenever it does."""

    command: tuple[str, ...]
    path: str
    family: Family
    version: str
    identity: str


@dataclass(frozen=True, slots=True)
class Flags:
    """What the two commands are given besides files."""

    compile: tuple[str, ...]
    link: tuple[str, ...]

    def __str__(self) -> str:
        return f"{shlex.join(self.compile)} | {shlex.join(self.link)}"


def find_compiler() -> Compiler:
    """The compiler named by `CC`, or else gcc, or else clang.

    Raises BuildError where `CC` names none, TargetUnavailableError where there is none at all.
    """
    return _find(os.environ.get("CC", ""), os.environ.get("PATH", os.defpath))


@functools.lru_cache(maxsize=16)
def _find(named: str, search: str) -> Compiler:
    if named.strip():
        command = _split(named)
        path = shutil.which(command[0], path=search)
        if path is None:
            raise BuildError(
                f"CC={named}, and there is no program {command[0]} on the PATH: "
                "unset CC to use gcc or clang, or correct it",
                command=named,
            )
        return _probe(command, path)
    for name in ("gcc", "clang"):
        path = shutil.which(name, path=search)
        if path is not None:
            return _probe((name,), path)
    raise TargetUnavailableError(
        f"no C compiler was found: looked for CC, gcc and clang on the PATH. {INSTALL}"
    )


def _split(named: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(named))
    except ValueError as error:
        raise BuildError(f"CC={named} is not a command: {error}", command=named) from None


def _probe(command: tuple[str, ...], path: str) -> Compiler:
    """Ask a compiler who it is; a wrapper's own file and the words together identify it."""
    real = Path(path).resolve()
    outcome = run([path, *command[1:], "--version"], _PROBE_SECONDS)
    version = outcome.output.strip()
    family: Family = "clang" if "clang" in version.lower() else "gcc"
    stamp = real.stat()
    identity = f"{shlex.join(command)}|{real}|{stamp.st_mtime_ns}|{stamp.st_size}|{version}"
    return Compiler((path, *command[1:]), str(real), family, version.partition("\n")[0], identity)


def flags_for(program: Program, compiler: Compiler, overlapping: bool = False) -> Flags:
    """The flags for a program: optimise for this machine, and keep what `fp` promises.

    `-fno-math-errno` changes no value: nobody reads errno. `-fno-trapping-math` is not for
    strict: with it gcc 12 takes (double)(int64_t)x for trunc(x), which is -0.0 for -0.5. Of two
    neighbours (double)(float)x its vectors of straight code leave both steps out: strict code
    that has such conversions goes without them. Where lanes choose several values by one condition
    gcc would thread these choices to one branch, and store under it in place of a blend (measured
    on nearest centres: 8.3 ms, and 5.2 ms without threading; where values are computed under the
    condition, as for forces within a radius, the branch wins: 39 ms against 69 ms).
    `overlapping`: arrays may share memory, so no pointer is `restrict`.
    """
    common = ["-std=gnu11", "-O3", *_machine_flags(compiler), "-fPIC", "-pipe"]
    common += ["-fno-math-errno", *_fp_flags(program, compiler), *(["-g"] * python_lines())]
    common.append("-fopenmp" if program.openmp else "-fopenmp-simd")
    if program.choosy and compiler.family == "gcc":
        common.append("-fno-thread-jumps")
    if overlapping:
        common += ["-Drestrict=", "-D__restrict__=", "-D__restrict=", "-fno-strict-aliasing"]
    libraries = [f"-l{name}" for name in dict.fromkeys((*program.libraries, "m"))]
    link = ["-shared", "-fPIC", *_own_symbols(), *(["-fopenmp"] if program.openmp else [])]
    link += libraries
    return Flags(tuple(common), tuple(link))


def _own_symbols() -> tuple[str, ...]:
    """Have a library call its own functions: a kernel named `step` is not glibc's of that name."""
    return ("-Wl,-Bsymbolic",) if platform.system() != "Darwin" else ()


def _machine_flags(compiler: Compiler) -> tuple[str, ...]:
    return ("-march=native",) if is_x86() or compiler.family == "gcc" else ("-mcpu=native",)


def _fp_flags(program: Program, compiler: Compiler) -> tuple[str, ...]:
    if program.fp == "fast":
        return ("-ffast-math",)
    if program.fp == "strict":
        if compiler.family != "gcc":
            return (FORBIDDEN,)
        narrows = "(float)" in program.source and "(double)" in program.source
        whole = ("-fno-tree-slp-vectorize",) if narrows else ()
        return (FORBIDDEN, "-fexcess-precision=standard", *whole)
    return ("-ffp-contract=fast", "-fno-trapping-math")


def python_lines() -> bool:
    """Whether debugging information leads to lines of Python.

    Raises BadArgumentError where POLYOPT_LINES is neither 0 nor 1.
    """
    text = os.environ.get("POLYOPT_LINES") or "0"
    if text not in ("0", "1"):
        raise BadArgumentError(f"POLYOPT_LINES is 0 or 1, not {text!r}")
    return text == "1"


def time_limit() -> float:
    """Seconds that a compilation may take.

    Raises BadArgumentError where POLYOPT_BUILD_SECONDS is no positive number.
    """
    text = os.environ.get("POLYOPT_BUILD_SECONDS", "")
    if not text:
        return DEFAULT_TIME_LIMIT
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise BadArgumentError(f"POLYOPT_BUILD_SECONDS is a number of seconds, not {text!r}")
    return seconds


def compile_library(compiler: Compiler, flags: Flags, source: Path, library: Path) -> None:
    """Compile `source` to the shared library `library`; both are in one private folder.

    Raises BuildError where the compiler fails, crashes, is not there, or exceeds `time_limit()`.
    """
    obj = source.with_suffix(".o")
    compiled = [*compiler.command, *flags.compile]
    made = ["-c", str(source), "-o", str(obj)]
    try:
        _run([*compiled, *made], source, obj)
        if FORBIDDEN in flags.compile and may_be_fused(obj.read_bytes()):
            _run([*compiled, "-S", str(source), "-o", str(obj)], source, obj)
            _run([*compiled, *(WITHOUT if is_fused(obj.read_text()) else ()), *made], source, obj)
        _run([*compiler.command, str(obj), *flags.link, "-o", str(library)], source, library)
    finally:
        obj.unlink(missing_ok=True)


def _run(command: list[str], source: Path, made: Path) -> None:
    """Run a compiler's command; raise BuildError where it does not make its file."""
    outcome = run(command, time_limit(), str(source))
    if outcome.status != 0 or not made.exists():
        raise BuildError(_failure(outcome, command, source), shlex.join(command), str(source))


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished command's exit status (negative: the signal that ended it) and its words."""

    status: int
    output: str


def run(command: list[str], limit: float, source: str = "") -> Outcome:
    """Run a command in a process group of its own, all of which ends when the time is over.

    The words go to a file: a pipe would stay open as long as any child of the driver lives.
    Raises BuildError where the command cannot be started or exceeds `limit` seconds.
    """
    line = shlex.join(command)
    with tempfile.TemporaryFile() as words:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C", **_own_temporary(source)},
                process_group=0,
            )
        except OSError as error:
            raise BuildError(
                f"the C compiler could not be started: {error}.\n  command: {line}\n  {INSTALL}",
                line,
                source,
            ) from error
        end = time.monotonic() + limit
        try:
            _wait_at_once(process, limit)
            status = process.wait(max(0.01, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise BuildError(_too_slow(limit, line, source), line, source) from None
        finally:
            if process.returncode is None:
                _end(process)
        words.seek(0)
        return Outcome(status, words.read().decode(errors="replace"))


def _own_temporary(source: str) -> dict[str, str]:
    """The folder for a compiler's temporary files: beside its source, and removed with it."""
    return {"TMPDIR": str(Path(source).parent)} if source else {}


def _wait_at_once(process: subprocess.Popen[bytes], limit: float) -> None:
    """Wait without `Popen.wait`'s naps, which add up to 50 ms to each of a compiler's runs."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not Linux, or an old one
        return
    try:
        select.select([descriptor], [], [], limit)
    except ValueError:  # more descriptors than select takes
        return
    finally:
        os.close(descriptor)


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.wait()


def _too_slow(limit: float, line: str, source: str) -> str:
    kept = f"\n  source: {source}" if source else ""
    return (
        f"the C compiler was stopped after {limit:g} s, the time a compilation may take.\n"
        f"  command: {line}{kept}\n"
        "  Set POLYOPT_BUILD_SECONDS to allow more, or make the kernel or its unrolling smaller."
    )


def _failure(outcome: Outcome, command: list[str], source: Path) -> str:
    """The rule, the fact and the compiler's own words."""
    if outcome.status < 0:
        name = signal.Signals(-outcome.status).name
        fact = f"crashed ({name})"
    elif outcome.status == 0:
        fact = "reported success and wrote nothing"
    else:
        fact = f"failed with exit status {outcome.status}"
    lines = outcome.output.strip().splitlines()
    left_out = len(lines) - _KEPT_LINES
    shown = [f"  | {line}" for line in lines[:_KEPT_LINES]]
    if left_out > 0:
        shown.append(f"  | … {left_out} more lines")
    missing = any(word in outcome.output for word in ("-lgomp", "-lomp", "libgomp", "omp.h"))
    hint = ["  OpenMP seems to be missing: install libomp-dev, or use gcc."] if missing else []
    return "\n".join(
        [
            f"the C compiler {fact}.",
            f"  command: {shlex.join(command)}",
            f"  source: {source}",
            *(shown or ["  It said nothing."]),
            *hint,
        ]
    )
