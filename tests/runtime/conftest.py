"""A cache of the tests' own, and programs written by hand."""

import dataclasses
import stat
import textwrap

import pytest

from polyopt.emit.program import CArgument, Program


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture(autouse=True)
def _own_cache(session_cache, monkeypatch):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(session_cache))
    monkeypatch.delenv("CC", raising=False)


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """An empty cache for one test."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(folder))
    return folder


SCALE = Program(
    source=textwrap.dedent("""\
        #include <stdint.h>
        int64_t scale(int64_t n, double factor, double *restrict a)
        {
            for (int64_t i = 0; i < n; i++)
                a[i] *= factor;
            return 0;
        }
        """),
    symbol="scale",
    arguments=(
        CArgument("parameter", "n", "int64_t"),
        CArgument("scalar", "factor", "double"),
        CArgument("array", "a", "double *"),
    ),
    checks=(),
    openmp=False,
    fp="strict",
)


@pytest.fixture
def scale():
    return SCALE


@pytest.fixture
def broken():
    return dataclasses.replace(SCALE, source="int64_t scale(void) { return nothing; }\n")


@pytest.fixture
def script(tmp_path):
    """Makes an executable shell script: a compiler that misbehaves."""

    def make(name, body):
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make
