"""Kernels that an earlier process compiled: found by what decides them, and by nothing less."""

import os
import pickle
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import polyopt as po
from polyopt.model import types
from polyopt.runtime import index
from polyopt.runtime.folders import directory

PROGRAM = """
import sys
import numpy as np
import polyopt as po

{head}

x, y = np.arange(5.0), np.zeros(5)
for _ in range(2):
    scale(x, y)
assert "islpy" not in sys.modules or {compiles}, "compiled again"
assert "islpy" in sys.modules or not {compiles}, "found, and should not have been"
print(*y)
"""

PLAIN = """
FACTOR = 3

@po.kernel
def scale(x, y):
    for i in range(x.shape[0]):
        y[i] = FACTOR * x[i]
"""


@pytest.fixture
def run(tmp_path, cache_folder):
    """Runs a program in a process of its own; what it prints."""

    def runs(head, *, compiles, **environment):
        file = tmp_path / "program.py"
        file.write_text(PROGRAM.format(head=textwrap.dedent(head), compiles=compiles))
        done = subprocess.run(
            [sys.executable, str(file)],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
            env={**os.environ, **environment},
        )
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    return runs


def times(factor):
    return [factor * value for value in range(5)]


def test_a_later_process_does_without_isl(run):
    assert run(PLAIN, compiles=True) == times(3)
    assert run(PLAIN, compiles=False) == times(3)


@pytest.mark.parametrize(
    ("old", "new", "factor"),
    [
        ("FACTOR = 3", "FACTOR = 4", 4),
        ("FACTOR = 3", "FACTOR = 3.0", 3),
        ("FACTOR * x[i]", "FACTOR * x[i] + 0.0", 3),
        ("@po.kernel", '@po.kernel(fp="strict")', 3),
        ("@po.kernel", '@po.kernel(schedule="source")', 3),
        ("@po.kernel", '@po.kernel(target="c")', 3),
        ("@po.kernel", "@po.kernel(cache=False)", 3),
        ("@po.kernel", '@po.kernel(alias="safe")', 3),
        ("@po.kernel", "@po.kernel(schedule=lambda s: s)", 3),
        ("(x, y)", "(x: po.f64[...], y: po.f64[...])", 3),
        ("\n@po", "\n\n@po", 3),
    ],
)
def test_what_differs_is_compiled(run, old, new, factor):
    run(PLAIN, compiles=True)
    changed = PLAIN.replace(old, new)
    assert changed != PLAIN
    assert run(changed, compiles=True) == times(factor)


def test_another_environment_is_another_question(run, tmp_path, script):
    run(PLAIN, compiles=True)
    compiler = script("mycc", 'exec gcc "$@"')
    assert run(PLAIN, compiles=True, CC=str(compiler)) == times(3)
    assert run(PLAIN, compiles=False, CC=str(compiler)) == times(3)
    compiler.write_text(compiler.read_text() + "# changed\n")
    assert run(PLAIN, compiles=True, CC=str(compiler)) == times(3)
    assert run(PLAIN, compiles=True, POLYOPT_BUILD_SECONDS="200") == times(3)


def test_the_number_of_threads_is_no_part_of_it(run):
    run(PLAIN, compiles=True)
    assert run(PLAIN.replace("@po.kernel", "@po.kernel(threads=1)"), compiles=False) == times(3)


def test_captured_values_of_modules_and_closures_count(run):
    head = """
    import math
    import settings

    def make(factor):
        @po.kernel
        def scale(x, y):
            for i in range(x.shape[0]):
                y[i] = factor * x[i] * math.floor(1.5)
        return scale

    scale = make(settings.FACTOR)
    """
    shift = "import types; sys.modules['settings'] = types.SimpleNamespace(FACTOR={})"
    first, second = (shift.format(n) + textwrap.dedent(head) for n in (2, 5))
    assert run(first, compiles=True) == times(2)
    assert run(first, compiles=False) == times(2)
    assert run(second, compiles=True) == times(5)


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "library", "not a file"])
def test_a_damaged_answer_is_no_answer(run, cache_folder, damage):
    run(PLAIN, compiles=True)
    for path in cache_folder.glob("*.call"):
        content = path.read_bytes()
        if damage == "library":
            for library in cache_folder.glob("*.so"):
                library.unlink()
        elif damage == "not a file":
            path.unlink()
            path.mkdir()
        else:
            broken = {"cut": content[:-5], "changed": content[:-1] + b"x", "empty": b""}
            path.write_bytes(broken[damage])
    assert run(PLAIN, compiles=True) == times(3)


def test_a_broken_library_is_compiled_again(run, cache_folder):
    run(PLAIN, compiles=True)
    for library in cache_folder.glob("*.so"):
        library.write_bytes(b"nonsense")
    assert run(PLAIN, compiles=True) == times(3)
    assert run(PLAIN, compiles=False) == times(3)


def test_a_library_with_one_wrong_bit_is_compiled_again(run, cache_folder):
    run(PLAIN, compiles=True)
    for library in cache_folder.glob("*.so"):
        content = bytearray(library.read_bytes())
        content[len(content) // 2] ^= 4
        library.write_bytes(content)
    assert run(PLAIN, compiles=True) == times(3)
    assert run(PLAIN, compiles=False) == times(3)


def test_errors_are_the_same_from_a_library_that_was_found(run, cache_folder):
    head = """
    @po.kernel
    def scale(x, y):
        for i in range(x.shape[0]):
            y[i] = x[i]

    try:
        scale(np.ones(3), np.ones(2))
    except po.BoundsError as error:
        print(error, file=open("%s", "a"))
    """
    words = cache_folder.parent / "words"
    run(head % words, compiles=True)
    run(head % words, compiles=False)
    one, other = words.read_text().splitlines()
    assert one == other
    assert "would leave its extent" in one


def test_globals_that_locals_hide_do_not_count(run):
    hidden = PLAIN.replace("FACTOR = 3", "FACTOR, i, n = 3, {number}, [{number}]").replace(
        "x.shape[0])", "n)"
    )
    hidden = hidden.replace("    for i", "    n = x.shape[0]\n    for i")
    assert run(hidden.format(number=1), compiles=True) == times(3)
    assert run(hidden.format(number=2), compiles=False) == times(3)


def test_what_no_text_tells_is_not_asked(cache_folder):
    thing = [1]

    @po.kernel
    def good(x):
        for i in range(x.shape[0]):
            x[i] = 1

    def bad(x):
        for i in range(x.shape[0]):
            x[i] = thing

    call = good._call
    types = {"x": po.f64[...]}
    assert index.question(call.source, types, {}, (), "") is not None
    assert index.question(po.kernel(bad)._call.source, types, {}, (), "") is None


def test_the_answers_go_with_the_libraries(cache_folder):
    @po.kernel
    def good(x):
        for i in range(x.shape[0]):
            x[i] = 1

    good(np.zeros(3))
    assert directory() == cache_folder
    assert list(cache_folder.glob("*.call"))
    po.cache_clear()
    assert list(cache_folder.iterdir()) == []


def middle(v):
    return v[len(v) // 2], len(v)


@pytest.mark.parametrize("dtype", types.DTYPES, ids=str)
def test_a_library_found_returns_numbers_of_every_type(dtype, cache_folder):
    values = np.array([1, 0, 1], dtype.numpy)
    for _ in range(2):  # made, and found
        kernel = po.kernel(fp="strict")(middle)
        for _ in range(3):
            assert kernel(values) == (values[1], 3)
            assert kernel(values[:1]) == (values[0], 1)
            assert type(kernel(values)[0]) is dtype.numpy.type


@pytest.mark.parametrize("dtype", types.DTYPES, ids=str)
def test_a_type_comes_back_as_itself(dtype):
    assert pickle.loads(pickle.dumps(dtype)) is dtype
