"""The cache on disk: what it is keyed on, who may share it, and what it does without a disk."""

import ctypes
import dataclasses
import errno
import hashlib
import os
import resource
import stat
import subprocess
import sys
import textwrap
import threading
import warnings
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

import polyopt as po
from polyopt.emit.binding import with_binding
from polyopt.runtime import cache, compiler, load
from polyopt.runtime.cache import (
    cache_clear,
    cache_info,
    directory,
    key,
    library_path,
    temporary_folder,
)
from polyopt.runtime.compiled import open_library
from polyopt.runtime.compiler import Flags, find_compiler, flags_for
from polyopt.runtime.folders import has_room


@pytest.fixture
def builds(monkeypatch):
    """Counts the compilations of this process."""
    seen = []

    def counted(*arguments):
        seen.append(arguments)
        return compiler.compile_library(*arguments)

    monkeypatch.setattr(cache, "compile_library", counted)
    return seen


# ---- entries -------------------------------------------------------------------------------


def test_a_program_is_compiled_once(scale, cache_folder, builds):
    first = library_path(scale)
    assert library_path(scale) == first
    assert len(builds) == 1
    assert first.parent == cache_folder
    assert sorted(p.suffix for p in cache_folder.iterdir()) == [".c", ".so"]
    assert first.with_suffix(".c").read_text() == with_binding(scale)


def test_a_compiler_that_finds_the_disk_full(scale, cache_folder, monkeypatch):
    """What the compiler says is an error where the disk has room, and else it builds elsewhere."""
    folder = cache_folder.parent

    def failing(made_by, flags, source, library):
        if folder in source.parents:
            raise po.BuildError("final link failed: No space left on device")
        compiler.compile_library(made_by, flags, source, library)

    monkeypatch.setattr(cache, "compile_library", failing)
    with pytest.raises(po.BuildError, match="No space left"):
        library_path(scale)
    monkeypatch.setattr(cache, "has_room", lambda _: False)
    assert library_path(scale).parent == temporary_folder()


def test_a_folder_has_room_where_it_takes_a_file(tmp_path):
    assert has_room(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, before[1]))
    try:
        assert not has_room(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


def test_the_log_tells_what_was_compiled(scale, cache_folder, caplog):
    with caplog.at_level("INFO", "polyopt"):
        path = library_path(scale)
        library_path(scale)
    (record,) = caplog.records
    words = record.getMessage()
    assert words.startswith("compiled scale in ")
    assert words.endswith(f" s: {path}")


def test_without_a_cache_nothing_is_kept(scale, cache_folder, builds):
    first = library_path(scale, cache=False)
    assert first.parent == temporary_folder()
    library_path(scale, cache=False)
    assert len(builds) == 2
    assert not cache_folder.exists()


def test_the_key_has_everything_that_matters(scale, monkeypatch):
    found = find_compiler()
    flags = flags_for(scale, found)
    base = key(scale, found, flags)
    others = [
        key(dataclasses.replace(scale, source=scale.source + "\n"), found, flags),
        key(scale, dataclasses.replace(found, identity="another"), flags),
        key(scale, found, Flags((*flags.compile, "-g"), flags.link)),
        key(scale, found, Flags(flags.compile, (*flags.link, "-g"))),
    ]
    monkeypatch.setattr(cache, "__version__", "0.0.0")
    others.append(key(scale, found, flags))
    monkeypatch.undo()
    monkeypatch.setattr(cache, "_way", lambda: "another way to build")
    others.append(key(scale, found, flags))
    monkeypatch.undo()
    monkeypatch.setattr(cache, "processor", lambda: ("another model", frozenset()))
    others.append(key(scale, found, flags))
    monkeypatch.setattr(cache, "processor", lambda: ("", frozenset({"avx9"})))
    others.append(key(scale, found, flags))
    assert len({base, *others}) == 1 + len(others)


def test_the_key_is_the_same_in_every_process(scale):
    found = find_compiler()
    flags = flags_for(scale, found)
    assert key(scale, found, flags) == key(dataclasses.replace(scale), found, flags)


def test_a_changed_compiler_compiles_again(scale, cache_folder, builds, script, monkeypatch):
    library_path(scale)
    wrapper = script("cc1", 'exec gcc "$@"')
    monkeypatch.setenv("CC", str(wrapper))
    library_path(scale)
    assert len(builds) == 2
    assert cache_info().entries == 2
    assert cache_info().directory == cache_folder


def test_info_and_clear(scale, cache_folder):
    assert cache_info() == cache.CacheInfo(cache_folder, 0, 0)
    path = library_path(scale)
    (cache_folder / "notes.txt").write_text("mine")
    info = po.cache_info()
    assert (info.entries, info.size) == (1, path.stat().st_size)
    assert str(info) == f"{cache_folder}: 1 libraries, {info.size / 2**20:.1f} MiB"
    assert po.cache_clear() == 1
    assert [p.name for p in cache_folder.iterdir()] == ["notes.txt"]
    assert cache_clear() == 0


@pytest.mark.usefixtures("cache_folder")
def test_a_loaded_library_survives_the_clearing(scale):
    loaded = open_library(scale)
    cache_clear()
    assert loaded.scale(ctypes.c_int64(0), ctypes.c_double(1), None) == 0


@pytest.mark.usefixtures("cache_folder")
@pytest.mark.parametrize("left", [0, 10, 100, 1000, 5000, -1])
def test_a_damaged_entry_is_compiled_again(left, scale, builds):
    path = library_path(scale)
    path.write_bytes(path.read_bytes()[:left])
    assert open_library(scale).scale(ctypes.c_int64(0), ctypes.c_double(1), None) == 0
    assert len(builds) == 2


@pytest.mark.usefixtures("cache_folder")
@pytest.mark.parametrize("part", [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])
@pytest.mark.parametrize("damage", ["flip", "zeros", "longer"])
def test_damage_that_keeps_the_length_is_noticed(part, damage, scale, builds):
    path = library_path(scale)
    sound = path.read_bytes()
    content, at = bytearray(sound), int(part * (len(sound) - 1))
    if damage == "flip":
        content[at] ^= 1
    elif damage == "zeros":
        content[at:] = bytes(len(content) - at)
    else:
        content[at:at] = bytes(16)
    path.write_bytes(content)
    assert open_library(scale).scale(ctypes.c_int64(0), ctypes.c_double(1), None) == 0
    assert len(builds) == 2
    assert path.read_bytes()[-32:] == hashlib.sha256(path.read_bytes()[:-32]).digest()


def test_the_disk_has_taken_a_library_before_it_has_its_name(scale, cache_folder, monkeypatch):
    taken = []

    def note(descriptor, sync=os.fsync):
        taken.append((os.fstat(descriptor).st_ino, len(list(cache_folder.glob("*.so")))))
        sync(descriptor)

    monkeypatch.setattr(load.os, "fsync", note)
    path = library_path(scale)
    assert taken == [(path.stat().st_ino, 0)]


@pytest.mark.usefixtures("cache_folder")
def test_a_file_system_that_cannot_sync_serves(scale, monkeypatch):
    def refuse(_descriptor):
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(load.os, "fsync", refuse)
    assert load.is_whole(library_path(scale))


@pytest.mark.usefixtures("cache_folder")
def test_a_library_that_never_loads(scale, monkeypatch):
    def refuse(path):
        raise OSError(f"{path}: failed to map segment from shared object")

    monkeypatch.setattr(load.ctypes, "CDLL", refuse)
    with pytest.raises(po.BuildError) as error:
        open_library(scale)
    path = error.value.source_path
    assert str(error.value) == (
        "the system does not load the library that was just compiled: "
        f"{path[:-2]}.so: failed to map segment from shared object. Where folders for temporary "
        "or cached files are mounted noexec, set POLYOPT_CACHE_DIR to another"
    )


# ---- folders -------------------------------------------------------------------------------


def test_the_folder_is_private(cache_folder):
    assert directory() == cache_folder
    assert stat.S_IMODE(cache_folder.stat().st_mode) == 0o700


def test_the_folder_is_the_users_own_by_default(monkeypatch, tmp_path):
    monkeypatch.delenv("POLYOPT_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    assert directory() == tmp_path / "home" / "polyopt" / "libraries"


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707])
def test_a_folder_that_others_may_write_is_not_used(mode, scale, cache_folder):
    cache_folder.mkdir()
    cache_folder.chmod(mode)
    with pytest.warns(RuntimeWarning) as caught:
        path = library_path(scale)
    assert path.parent == temporary_folder()
    assert list(cache_folder.iterdir()) == []
    assert str(caught[0].message) == (
        f"the cache folder {cache_folder} may be written by others: libraries are loaded from "
        "private folders only, so this process uses a temporary one. Make it yours alone "
        "(chmod 700), or set POLYOPT_CACHE_DIR"
    )


def test_a_folder_of_another_user_is_not_used(cache_folder, monkeypatch):
    cache_folder.mkdir(mode=0o700)
    monkeypatch.setattr(cache.os, "geteuid", lambda: os.getuid() + 1)
    with pytest.warns(RuntimeWarning, match="belongs to another user"):
        assert directory() == temporary_folder()


def test_a_folder_that_others_may_only_read_is_used(cache_folder):
    cache_folder.mkdir(mode=0o755)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert directory() == cache_folder


def test_an_entry_of_another_kind_is_not_loaded(scale, cache_folder, builds):
    path = library_path(scale)
    elsewhere = cache_folder / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert library_path(scale) == path
    assert not path.is_symlink()
    assert len(builds) == 2


def test_a_home_that_cannot_be_made(scale, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(tmp_path / "file" / "cache"))
    path = library_path(scale)
    assert path.parent == temporary_folder()
    assert stat.S_IMODE(temporary_folder().stat().st_mode) == 0o700


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_disk_that_takes_nothing(code, scale, cache_folder, monkeypatch):
    real = cache.tempfile.mkdtemp

    def refuse(*args, **kwargs):
        if kwargs.get("dir") == cache_folder:
            raise OSError(code, os.strerror(code), str(cache_folder))
        return real(*args, **kwargs)

    monkeypatch.setattr(cache.tempfile, "mkdtemp", refuse)
    assert library_path(scale).parent == temporary_folder()


def test_a_read_only_folder_still_serves_what_it_has(scale, cache_folder, monkeypatch):
    path = library_path(scale)

    def refuse(*_args, **_kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert library_path(scale) == path
    other = dataclasses.replace(scale, source=scale.source + "\n")
    assert library_path(other).parent == temporary_folder()
    assert sorted(p.suffix for p in cache_folder.iterdir()) == [".c", ".so"]


def test_no_folder_at_all(scale, cache_folder, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    cache_folder.mkdir(mode=0o700)
    temporary = temporary_folder()
    monkeypatch.setattr(cache, "directory", lambda: temporary)
    monkeypatch.setattr(cache, "_build", refuse)
    scale = dataclasses.replace(scale, source=scale.source + "/* never compiled */\n")
    with pytest.raises(po.BuildError) as error:
        library_path(scale)
    assert str(error.value) == (
        f"the temporary folder {temporary} cannot be written: [Errno 28] No space left on device"
    )


def test_a_failed_source_outlives_a_temporary_folder(broken):
    with pytest.raises(po.BuildError) as error:
        library_path(broken, cache=False)
    kept = Path(error.value.source_path)
    assert temporary_folder() not in kept.parents
    assert kept.read_text() == with_binding(broken)
    kept.unlink()
    kept.parent.rmdir()


def test_the_last_failures_are_kept(broken, cache_folder, monkeypatch):
    monkeypatch.setattr(cache, "_KEPT_FAILURES", 2)
    for number in range(4):
        source = f"{broken.source}/* {number} */\n"
        with pytest.raises(po.BuildError):
            library_path(dataclasses.replace(broken, source=source))
    kept = list((cache_folder / "failed").iterdir())
    assert len(kept) == 3  # two old ones and the last
    cache_clear()
    assert list(cache_folder.iterdir()) == []


# ---- sharing -------------------------------------------------------------------------------

RACE = textwrap.dedent("""
    import dataclasses, sys
    from pathlib import Path
    from polyopt.emit.program import Program
    from polyopt.runtime import cache, compiler
    from polyopt.runtime.cache import library_path

    def counted(*arguments):
        with open(sys.argv[1], "a") as log:
            log.write("built\\n")
        return compiler.compile_library(*arguments)

    cache.compile_library = counted
    program = Program("int race(void) { return 7; }\\n", "race", (), (), False, "strict")
    sys.stdin.readline()
    print(library_path(program))
""")


def test_two_processes_at_once_compile_once(cache_folder, tmp_path):
    log = tmp_path / "log"
    slow = tmp_path / "cc1"
    slow.write_text('#!/bin/sh\n[ "$1" = --version ] || sleep 0.3\nexec gcc "$@"\n')
    slow.chmod(0o700)
    environment = {**os.environ, "CC": str(slow)}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(log)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(3)
    ]
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    paths = {process.communicate()[0].strip() for process in started}
    assert all(process.returncode == 0 for process in started)
    assert log.read_text() == "built\n"
    (path,) = paths
    assert ctypes.CDLL(path).race() == 7
    assert sorted(p.suffix for p in cache_folder.iterdir()) == [".c", ".so"]


@pytest.mark.usefixtures("cache_folder")
def test_threads_at_once_compile_once(scale, builds):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(library_path(scale))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(paths)) == 1
    assert len(paths) == 4
    assert len(builds) == 1


@pytest.mark.usefixtures("cache_folder")
@pytest.mark.parametrize(
    "error", [Timeout("lock"), NotImplementedError(), OSError(errno.ENOLCK, "No locks available")]
)
def test_a_lock_that_cannot_be_had_is_done_without(error, scale, builds, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert library_path(scale).exists()
    assert len(builds) == 1
