"""Finding and running the C compiler, and what is said when it fails."""

import ctypes
import dataclasses
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import polyopt as po
from polyopt.emit.binding import with_binding
from polyopt.runtime import compiler
from polyopt.runtime.cache import library_path
from polyopt.runtime.compiler import Compiler, find_compiler, flags_for, run

GCC = Compiler(("gcc",), "/usr/bin/gcc", "gcc", "gcc 12", "gcc 12")
CLANG = Compiler(("clang",), "/usr/bin/clang", "clang", "clang 19", "clang 19")


def message(error):
    return str(error.value)


# ---- finding -------------------------------------------------------------------------------


def test_gcc_is_found_where_nothing_is_said():
    found = find_compiler()
    assert found.family in ("gcc", "clang")
    assert Path(found.path).exists()
    assert found.version


def test_cc_may_be_a_command_with_arguments(monkeypatch, script):
    wrapper = script("wrapper", 'shift\nexec gcc "$@"')
    monkeypatch.setenv("CC", f"{wrapper} --through")
    assert find_compiler().command == (str(wrapper), "--through")


def test_clang_is_known_by_its_own_words(monkeypatch, script):
    monkeypatch.setenv("CC", str(script("mycc", "echo 'Debian clang version 19.1.7'")))
    assert find_compiler().family == "clang"


def test_a_cc_that_is_not_there(monkeypatch):
    monkeypatch.setenv("CC", "no-such-cc -m64")
    with pytest.raises(po.BuildError) as error:
        find_compiler()
    assert message(error) == (
        "CC=no-such-cc -m64, and there is no program no-such-cc on the PATH: "
        "unset CC to use gcc or clang, or correct it"
    )
    assert error.value.command == "no-such-cc -m64"


def test_a_cc_that_is_no_command(monkeypatch):
    monkeypatch.setenv("CC", 'gcc "')
    with pytest.raises(po.BuildError) as error:
        find_compiler()
    assert message(error) == 'CC=gcc " is not a command: No closing quotation'


def test_no_compiler_at_all(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(po.TargetUnavailableError) as error:
        find_compiler()
    assert message(error) == (
        "no C compiler was found: looked for CC, gcc and clang on the PATH. "
        "Install one (Debian, Ubuntu: apt install gcc; Fedora: dnf install gcc; "
        "Alpine: apk add gcc musl-dev), or name one in the environment variable CC"
    )


def test_another_compiler_has_another_identity(monkeypatch, script):
    first = find_compiler().identity
    monkeypatch.setenv("CC", str(script("cc1", 'exec gcc "$@"')))
    assert find_compiler().identity != first


# ---- flags ---------------------------------------------------------------------------------


def test_strict_neither_contracts_nor_relaxes(scale):
    flags = flags_for(scale, GCC)
    assert "-ffp-contract=off" in flags.compile
    assert not {"-ffast-math", "-Ofast", "-fno-trapping-math"} & set(flags.compile)
    assert "-fopenmp-simd" in flags.compile
    assert "-fopenmp" not in flags.compile + flags.link


def test_fast_math_is_for_compiling_and_never_for_linking(scale):
    flags = flags_for(dataclasses.replace(scale, fp="fast"), GCC)
    assert "-ffast-math" in flags.compile
    assert "-ffast-math" not in flags.link


def test_reassociation_is_not_left_to_fast_math(scale):
    flags = flags_for(dataclasses.replace(scale, fp="reassociate"), GCC)
    assert "-ffast-math" not in flags.compile
    assert "-ffp-contract=fast" in flags.compile


def test_openmp_programs_link_openmp(scale):
    flags = flags_for(dataclasses.replace(scale, openmp=True), GCC)
    assert "-fopenmp" in flags.compile
    assert "-fopenmp" in flags.link


def test_clang_is_not_given_gcc_only_flags(scale):
    assert "-fexcess-precision=standard" not in flags_for(scale, CLANG).compile


def test_libraries_are_linked_once(scale):
    flags = flags_for(dataclasses.replace(scale, libraries=("m", "dl", "m")), GCC)
    assert flags.link[-2:] == ("-lm", "-ldl")


def test_overlapping_arrays_are_never_restrict(scale):
    assert "-Drestrict=" in flags_for(scale, GCC, overlapping=True).compile


def test_loading_a_fast_kernel_keeps_denormals():
    """gcc's -ffast-math at link time would set flush-to-zero for the whole process."""
    code = (
        "import numpy as np, polyopt as po\n"
        "from polyopt.emit.program import CArgument, Program\n"
        "from polyopt.runtime.compiled import open_library\n"
        "open_library(Program('long f(void) { return 0; }\\n', 'f', (), (), True, 'fast'))\n"
        "assert np.float64(2.0**-1060) * np.float64(0.5) != 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- failures ------------------------------------------------------------------------------


def test_a_failure_shows_command_source_and_words(broken, cache_folder):
    with pytest.raises(po.BuildError) as error:
        library_path(broken)
    kept = Path(error.value.source_path)
    assert kept.parent == cache_folder / "failed"
    assert kept.read_text() == with_binding(broken)
    lines = message(error).splitlines()
    assert lines[0] == "the C compiler failed with exit status 1."
    assert lines[1] == f"  command: {error.value.command}"
    assert lines[2] == f"  source: {kept}"
    assert any("'nothing' undeclared" in line for line in lines)
    assert str(kept) in error.value.command
    command = shlex.split(error.value.command)
    assert command[command.index("-c") + 1] == str(kept)


def test_a_failure_leaves_no_entry(broken, cache_folder):
    with pytest.raises(po.BuildError):
        library_path(broken)
    assert [p.name for p in cache_folder.iterdir()] == ["failed"]


@pytest.mark.usefixtures("cache_folder")
def test_a_compiler_that_crashes(scale, script, monkeypatch):
    monkeypatch.setenv("CC", str(script("cc1", '[ "$1" = --version ] || kill -SEGV $$')))
    with pytest.raises(po.BuildError) as error:
        library_path(scale)
    lines = message(error).splitlines()
    assert lines[0] == "the C compiler crashed (SIGSEGV)."
    assert lines[3:] == ["  It said nothing."]


@pytest.mark.usefixtures("cache_folder")
def test_a_compiler_that_writes_nothing(scale, script, monkeypatch):
    monkeypatch.setenv("CC", str(script("cc1", "exit 0")))
    with pytest.raises(
        po.BuildError, match=r"^the C compiler reported success and wrote nothing\."
    ):
        library_path(scale)


@pytest.mark.usefixtures("cache_folder")
def test_a_compiler_that_hangs_is_stopped_with_its_children(scale, script, monkeypatch, tmp_path):
    pid = tmp_path / "child"
    hang = f'[ "$1" = --version ] && exit 0\nsleep 600 &\necho $! > {pid}\nwait'
    monkeypatch.setenv("CC", str(script("cc1", hang)))
    monkeypatch.setenv("POLYOPT_BUILD_SECONDS", "0.5")
    with pytest.raises(po.BuildError) as error:
        library_path(scale)
    lines = message(error).splitlines()
    assert lines[0] == "the C compiler was stopped after 0.5 s, the time a compilation may take."
    assert lines[1] == f"  command: {error.value.command}"
    assert lines[2] == f"  source: {error.value.source_path}"
    assert lines[3] == (
        "  Set POLYOPT_BUILD_SECONDS to allow more, or make the kernel or its unrolling smaller."
    )
    assert Path(error.value.source_path).read_text() == with_binding(scale)
    assert is_gone(int(pid.read_text()))


def is_gone(pid):
    """Whether a process has ended; a killed one may take a moment, and stay as a zombie."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state in "ZX":
            return True
        time.sleep(0.02)
    return False


def test_a_compiler_that_hangs_when_asked_who_it_is(script, monkeypatch):
    monkeypatch.setattr(compiler, "_PROBE_SECONDS", 0.2)
    monkeypatch.setenv("CC", str(script("cc1", "sleep 600")))
    with pytest.raises(po.BuildError, match=r"^the C compiler was stopped after 0\.2 s"):
        find_compiler()


def test_a_compiler_that_cannot_be_started(tmp_path, monkeypatch):
    program = tmp_path / "cc1"
    program.write_text("no script and no program")
    program.chmod(0o755)
    monkeypatch.setenv("CC", str(program))
    with pytest.raises(po.BuildError) as error:
        find_compiler()
    lines = message(error).splitlines()
    assert lines[0].startswith("the C compiler could not be started: [Errno 8] Exec format error")
    assert lines[1] == f"  command: {program} --version"
    assert lines[2].startswith("  Install one (Debian, Ubuntu: apt install gcc;")


@pytest.mark.usefixtures("cache_folder")
def test_long_words_are_cut(scale, script, monkeypatch):
    body = '[ "$1" = --version ] && exit 0\nseq 100\nexit 3'
    monkeypatch.setenv("CC", str(script("cc1", body)))
    with pytest.raises(po.BuildError) as error:
        library_path(scale)
    lines = message(error).splitlines()
    assert lines[0] == "the C compiler failed with exit status 3."
    assert lines[3:5] == ["  | 1", "  | 2"]
    assert lines[-1] == "  | … 60 more lines"


@pytest.mark.usefixtures("cache_folder")
def test_missing_openmp_is_named(scale, script, monkeypatch):
    body = '[ "$1" = --version ] && exit 0\necho "ld: cannot find -lgomp"\nexit 1'
    monkeypatch.setenv("CC", str(script("cc1", body)))
    with pytest.raises(po.BuildError) as error:
        library_path(scale)
    assert message(error).splitlines()[-1] == (
        "  OpenMP seems to be missing: install libomp-dev, or use gcc."
    )


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan"])
def test_a_time_limit_that_is_no_number(text, monkeypatch):
    monkeypatch.setenv("POLYOPT_BUILD_SECONDS", text)
    with pytest.raises(po.BadArgumentError) as error:
        compiler.time_limit()
    assert message(error) == f"POLYOPT_BUILD_SECONDS is a number of seconds, not {text!r}"


def test_an_interrupted_compilation_ends_the_compiler(script, tmp_path, monkeypatch):
    pid = tmp_path / "pid"
    slow = script("slow", f"echo $$ > {pid}\nexec sleep 600")

    def interrupt(*_):
        while not (pid.exists() and pid.read_text().strip()):
            os.sched_yield()
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(compiler, "_wait_at_once", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run([str(slow)], 100)
    assert is_gone(int(pid.read_text()))


def test_the_library_runs(scale):
    loaded = ctypes.CDLL(str(library_path(scale)))
    values = (ctypes.c_double * 3)(1.0, 2.0, 3.0)
    function = loaded.scale
    function.argtypes = [ctypes.c_int64, ctypes.c_double, ctypes.c_void_p]
    assert function(3, 2.0, ctypes.addressof(values)) == 0
    assert list(values) == [2.0, 4.0, 6.0]


@pytest.mark.parametrize("name", ["step", "advance", "index", "re_exec", "PyLong_FromLong"])
def test_a_kernel_may_be_named_as_a_function_of_another_library(name):
    """The process has functions of these names, and a library prefers them to its own."""
    text = f"def {name}(x):\n    for i in range(len(x)):\n        x[i] += 1\n"
    kernel, x = po.kernel_from_text(text), np.zeros(5)
    for _ in range(3):
        kernel(x)
    assert x.tolist() == [3.0] * 5
