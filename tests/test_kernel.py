"""Kernels as their users meet them: calls, options, specialisations, checks."""

import copy as copying
import ctypes
import os
import pickle
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

import polyopt as po
from polyopt.machine import available_cores

N, M = po.symbols("N M")
FACTOR = 2.0


@pytest.fixture(scope="session")
def session_cache(tmp_path_factory):
    return tmp_path_factory.mktemp("libraries")


@pytest.fixture(autouse=True)
def _own_cache(session_cache, monkeypatch):
    monkeypatch.setenv("POLYOPT_CACHE_DIR", str(session_cache))
    monkeypatch.delenv("CC", raising=False)


@po.kernel
def axpy(n, a, x, y):
    """y += a x."""
    for i in range(n):
        y[i] += a * x[i]


@po.kernel(target="openmp", fp="strict")
def copy(A: po.f64[N, M], B: po.f64[N, M]):
    for i in range(N):
        for j in range(M):
            B[i, j] = A[i, j]


@po.kernel
def shift(x, y):
    for i in range(1, len(x)):
        y[i] = x[i - 1] + y[i - 1]


@po.kernel
def total(A, out):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            out[0] += A[i, j]


def ones(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


def error_of(kind, call, *args, **kwargs):
    with pytest.raises(kind) as caught:
        call(*args, **kwargs)
    return str(caught.value)


# ---- calls that work -----------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4"])
def test_a_call_computes_what_python_computes(dtype):
    rng = np.random.default_rng(1)
    x, y = (rng.integers(-9, 9, 20).astype(dtype) for _ in range(2))
    expected = y.copy()
    axpy.py_func(17, 3, x, expected)
    axpy(17, 3, x, y)
    assert np.array_equal(y, expected)
    assert axpy(0, 3, x, y) is None


@pytest.mark.parametrize(
    "a", [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2), np.int32(2), np.bool(1)]
)
def test_every_scalar_is_taken(a):
    y = ones(4)
    expected = y.copy()
    axpy.py_func(4, a, ones(4), expected)
    axpy(4, a, ones(4), y)
    assert np.array_equal(y, expected)


@pytest.mark.parametrize("n", [3, np.int64(3), np.int32(3)])
def test_every_integer_is_a_size(n):
    y = ones(4)
    axpy(n, 1.0, ones(4), y)
    assert y.tolist() == [2.0, 2.0, 2.0, 1.0]


def test_arguments_by_keyword():
    y = ones(2)
    axpy(2, y=y, x=ones(2), a=3.0)
    assert y.tolist() == [4.0, 4.0]


def test_defaults():
    @po.kernel
    def fill(A, value=7.0, *, count=2):
        for i in range(count):
            A[i] = value

    A = ones(3)
    fill(A)
    assert A.tolist() == [7.0, 7.0, 1.0]
    fill(A, 5.0, count=1)
    assert A.tolist() == [5.0, 7.0, 1.0]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1)])
def test_empty_arrays(shape):
    A, B = ones(*shape), np.zeros(shape)
    copy(A, B)
    assert np.array_equal(A, B)
    out = np.zeros(1)
    total(A, out)
    assert out[0] == A.size


def test_a_negative_size_runs_no_iteration():
    y = ones(2)
    axpy(-5, 1.0, ones(2), y)
    assert y.tolist() == [1.0, 1.0]


def test_a_memory_mapped_file(tmp_path):
    y = np.memmap(tmp_path / "y", np.float64, "w+", shape=3)
    axpy(3, 2.0, ones(3), y)
    assert y.tolist() == [2.0, 2.0, 2.0]


def test_a_read_only_array_may_be_read():
    x, y = ones(3), ones(3)
    x.flags.writeable = False
    axpy(3, 1.0, x, y)
    assert y.tolist() == [2.0, 2.0, 2.0]


def test_annotated_scalars_take_what_loses_no_bit():
    @po.kernel
    def scale(a: po.f64, k: float, n: int, A: po.f64[N]):
        for i in range(N):
            A[i] = a * A[i] + k * n

    for a in (2, 2.0, np.float64(2), np.float32(2), np.int32(2)):
        A = ones(2)
        scale(a, 1, np.int64(3), A)
        assert A.tolist() == [5.0, 5.0]


def test_later_calls_do_not_specialise_again(monkeypatch):
    axpy(3, 1.0, ones(3), ones(3))
    monkeypatch.setattr(po.Kernel, "_specialization", None)
    axpy(4, 2.0, ones(9), ones(9))


# ---- the same array twice, and overlap -------------------------------------------------------


def test_one_array_under_two_names():
    x = np.arange(5.0)
    expected = x.copy()
    shift.py_func(expected, expected)
    shift(x, x)
    assert np.array_equal(x, expected)
    assert str(shift.specialize(x, x)).endswith(", y is x")


def test_two_views_of_the_same_elements_are_one_array():
    x = np.arange(5.0)
    expected = x.copy()
    shift.py_func(expected, expected)
    shift(x[:], x[:])
    assert np.array_equal(x, expected)


def test_one_annotated_array_twice():
    A = ones(2, 3)
    copy(A, A)
    assert np.array_equal(A, ones(2, 3))

    @po.kernel
    def square(A: po.f64[N, M], B: po.f64[M, N]):
        for i in range(N):
            for j in range(M):
                B[j, i] = A[i, j] + 1

    A = ones(3, 3)
    square(A, A)
    assert po.check(square, ones(3, 3), ones(3, 3))
    with pytest.raises(po.ShapeError):
        square(ones(2, 3), ones(2, 3))
    twice = ones(2, 3)
    with pytest.raises(po.ShapeError):
        square(twice, twice)


def test_arrays_that_are_only_read_may_overlap():
    memory, y = np.arange(6.0), np.zeros(4)

    @po.kernel
    def add(a, b, y):
        for i in range(len(y)):
            y[i] = a[i] + b[i]

    add(memory[:4], memory[2:], y)
    assert y.tolist() == [2.0, 4.0, 6.0, 8.0]
    add(memory[:4], memory[:4], y)
    assert y.tolist() == [0.0, 2.0, 4.0, 6.0]


def test_neighbours_do_not_overlap():
    memory = ones(8)
    axpy(4, 1.0, memory[:4], memory[4:])
    assert memory.tolist() == [1.0] * 4 + [2.0] * 4
    axpy(0, 1.0, memory[:4], memory[2:2])


@pytest.mark.parametrize("schedule", ["auto", "source"])
@pytest.mark.parametrize("distance", range(-7, 8))
def test_overlap_runs_in_source_order_where_it_is_safe(distance, schedule):
    safe = shift.with_options(alias="safe", schedule=schedule)
    length, start = 40, 10
    memory = np.random.default_rng(3).random(length + 2 * start)
    expected = memory.copy()
    low = start + distance
    safe(memory[start : start + length], memory[low : low + length])
    shift.py_func(expected[start : start + length], expected[low : low + length])
    assert np.array_equal(memory, expected)


def test_safe_kernels_take_overlap_of_different_types():
    @po.kernel(alias="safe")
    def mix(a, b):
        for i in range(len(b)):
            b[i] = b[i] + 1
            a[i] = a[i] + 1

    memory = np.arange(4.0)
    expected = memory.copy()
    mix(memory, memory.view(np.int64))
    mix.py_func(expected, expected.view(np.int64))
    assert memory.tobytes() == expected.tobytes()


def test_kernels_without_statements():
    @po.kernel
    def nothing(A):
        pass

    nothing(ones(2))

    @po.kernel
    def never(A):
        for i in range(5, 2):
            A[i] = 1.0

    never(ones(2))


# ---- conditions on sizes -------------------------------------------------------------------


def test_bounds_are_checked_before_anything_is_written():
    y = ones(3)
    line = axpy.py_func.__code__.co_firstlineno + 4
    assert error_of(po.BoundsError, axpy, 4, 1.0, ones(9), y) == (
        f"test_kernel.py:{line}: S1 reads y[i], and the index i would leave its extent y_shape0 in "
        "dimension 0 (here n = 4, y_shape0 = 3). Nothing was written. "
        "Pass arrays that cover the loop's range, or narrow the range."
    )
    assert y.tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("n", [2**40, 2**62, 2**63 - 1])
def test_checks_are_exact_for_enormous_sizes(n):
    @po.kernel
    def late(n, A):
        for i in range(n + 1, n + 4):
            A[i] = 1.0

    assert f"n = {n}" in error_of(po.BoundsError, late, n, ones(3))
    assert f"n = {n}" in error_of(po.BoundsError, axpy, n, 1.0, ones(3), ones(3))


def test_assumptions_are_checked():
    @po.kernel
    def even(n, A):
        po.assume(n % 2 == 0)
        assert n >= 4
        for i in range(n):
            A[i] = 1.0

    even(4, ones(4))
    line = even.py_func.__code__.co_firstlineno
    assert error_of(po.AssumptionError, even, 5, ones(5)) == (
        f"even: the assumption n % 2 == 0 (test_kernel.py:{line + 2}) does not hold "
        "(here n = 5). Nothing was written. Pass sizes for which it does, or remove it."
    )
    assert error_of(po.AssumptionError, even, 2, ones(5)) == (
        f"even: the assumption n >= 4 (test_kernel.py:{line + 3}) does not hold "
        "(here n = 2). Nothing was written. Pass sizes for which it does, or remove it."
    )


def test_a_local_array_of_negative_size():
    @po.kernel
    def local(n, A):
        t = np.zeros(n - 3)
        for i in range(n - 3):
            t[i] = A[i]
        for i in range(n - 3):
            A[i] = t[i] + 1.0

    A = ones(5)
    local(5, A)
    assert A.tolist() == [2.0, 2.0, 1.0, 1.0, 1.0]
    line = local.py_func.__code__.co_firstlineno
    assert error_of(po.BoundsError, local, 2, A) == (
        f"local: the local array t (test_kernel.py:{line + 2}) would have a negative extent n - 3 "
        "in dimension 0 (here n = 2). Nothing was written. Pass larger sizes."
    )


def test_a_local_array_beyond_all_memory():
    @po.kernel
    def huge(n, A):
        t = np.zeros((n, n))
        for i in range(len(A)):
            t[i, 0] = A[i]
        for i in range(len(A)):
            A[i] = t[i, 0] + 1.0

    A = ones(2)
    assert error_of(MemoryError, huge, 2**31, A) == (
        "huge: no memory for its local arrays; no argument was touched"
    )
    assert A.tolist() == [1.0, 1.0]


# ---- options -------------------------------------------------------------------------------

TARGETS = (
    'target is one of "c", "opencl", "openmp", or an object such as po.OpenMP(threads=2) or po.C()'
)
SCHEDULES = 'schedule is "auto", "source", a Schedule, or a function from Schedule to Schedule, not'
THREADS = "give a positive int, or None to follow OMP_NUM_THREADS"
OPTIONS = "target, fp, schedule, threads, cache, alias"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"fps": "strict"}, f"no option 'fps': the options are {OPTIONS}"),
        ({"fp": "exact"}, 'fp is one of "strict", "reassociate", "fast", not \'exact\''),
        ({"fp": None}, 'fp is one of "strict", "reassociate", "fast", not None'),
        (
            {"target": "cuda"},
            f"no target 'cuda': {TARGETS}",
        ),
        (
            {"target": po.Target()},
            f"no target Target(): {TARGETS}",
        ),
        (
            {"schedule": "best"},
            f"{SCHEDULES} 'best'",
        ),
        (
            {"schedule": 3},
            f"{SCHEDULES} 3",
        ),
        (
            {"threads": 0},
            f"threads is a number of threads, 1 or more, not 0: {THREADS}",
        ),
        (
            {"threads": True},
            f"threads is a number of threads, 1 or more, not True: {THREADS}",
        ),
        (
            {"threads": 2, "target": "c"},
            'threads=2 and target="c", which runs on one thread: use target="openmp"',
        ),
        (
            {"threads": 2, "target": po.OpenMP(threads=3)},
            "threads=2 and target=OpenMP(threads=3) contradict each other: give one of them",
        ),
        ({"cache": "no"}, "cache is True or False, not 'no'"),
        ({"alias": "copy"}, 'alias is one of "refuse", "safe", not \'copy\''),
    ],
)
def test_wrong_options(options, text):
    assert error_of(po.BadArgumentError, po.kernel, **options) == text
    assert error_of(po.BadArgumentError, axpy.with_options, **options) == text


def test_wrong_targets():
    assert error_of(po.BadArgumentError, po.OpenMP, threads=-1) == (
        "OpenMP's threads is a number of threads, 1 or more, not -1: "
        "give a positive int, or None to follow OMP_NUM_THREADS"
    )
    assert error_of(po.BadArgumentError, po.OpenCL, model="fpga") == (
        'OpenCL\'s model is "cpu", "gpu" or None, not \'fpga\''
    )


def test_with_options_leaves_the_kernel_as_it_is():
    strict = axpy.with_options(fp="strict", target=po.C())
    assert (axpy.options.fp, strict.options.fp) == ("reassociate", "strict")
    assert strict.py_func is axpy.py_func
    assert str(strict.options.target) == "c"
    assert "omp parallel" not in strict.specialize(1, 1.0, ones(1), ones(1)).source


@pytest.mark.parametrize("fp", ["strict", "reassociate", "fast"])
@pytest.mark.parametrize("target", ["c", "openmp", po.OpenMP(threads=1)])
def test_every_mode_computes(fp, target):
    assert po.check(total.with_options(fp=fp, target=target), np.random.rand(30, 40), np.zeros(1))  # noqa: NPY002


def openmp_threads():
    """How many threads OpenMP would use for a call from this thread."""
    return ctypes.CDLL("libgomp.so.1").omp_get_max_threads()


def test_the_threads_option_lasts_for_the_call():
    y = ones(5)
    before = openmp_threads()
    for threads in (1, 2, 7):
        axpy.with_options(threads=threads)(5, 1.0, ones(5), y)
        assert openmp_threads() == before
    assert y.tolist() == [4.0] * 5


def test_results_do_not_depend_on_the_number_of_threads():
    A = np.random.default_rng(5).random((300, 400))
    found = []
    for threads in (1, 2, 3, 8):
        out = np.zeros(1)
        total.with_options(threads=threads)(A, out)
        found.append(out[0])
    assert len(set(found)) == 1


# ---- schedules -----------------------------------------------------------------------------


def test_a_function_as_schedule():
    reversed_ = axpy.with_options(schedule=lambda s: s.reverse("i"))
    spec = reversed_.specialize(1, 1.0, ones(1), ones(1))
    assert 'reverse("i")' in spec.schedule.script
    assert po.check(reversed_, 9, 2.0, ones(9), ones(9))


def test_a_schedule_as_schedule():
    spec = axpy.specialize(1, 1.0, ones(1), ones(1))
    chosen = spec.original.strip_mine("i", 4)
    y = ones(9)
    spec.with_schedule(chosen)(9, 1.0, ones(9), y)
    assert y.tolist() == [2.0] * 9
    assert spec.with_schedule(chosen).schedule is chosen
    assert (
        axpy.with_options(schedule=chosen).specialize(1, 1.0, ones(1), ones(1)).schedule is chosen
    )
    assert po.check(axpy, 9, 1.0, ones(9), ones(9), schedule=chosen)


def test_a_schedule_that_does_not_fit():
    spec = axpy.specialize(1, 1.0, ones(1), ones(1))
    other = shift.specialize(ones(1), ones(1))
    assert error_of(po.BadArgumentError, spec.with_schedule, other.original) == (
        "the schedule given belongs to shift(x: f64[...], y: f64[...]), and this is "
        "axpy(n: weak i64, a: weak f64, x: f64[...], y: f64[...]): "
        "begin from spec.original of this specialisation"
    )
    strict = axpy.with_options(fp="strict").specialize(1, 1.0, ones(1), ones(1))
    assert error_of(po.BadArgumentError, spec.with_schedule, strict.original) == (
        'the schedule given was judged under fp="strict", and the kernel has fp="reassociate": '
        "begin from spec.original, or give the kernel that fp"
    )

    def forgetful(s):
        s.reverse("i")

    assert error_of(po.BadArgumentError, spec.with_schedule, forgetful) == (
        "the schedule function forgetful returned None, and it must return a Schedule: "
        "end it with `return s`"
    )


def test_an_illegal_schedule_shows_when_it_is_asked_for():
    with pytest.raises(po.IllegalScheduleError):
        shift.specialize(ones(1), ones(1)).with_schedule(lambda s: s.reverse("i"))


def test_auto_as_a_function():
    spec = total.specialize(ones(1, 1), ones(1))
    assert po.auto(spec.original).script == spec.schedule.script
    strict = po.auto(spec.original, target="c", fp="strict")
    assert strict.fp == "strict"
    step = spec.original.strip_mine("i", 4)
    assert error_of(po.BadArgumentError, po.auto, step, fp="strict") == (
        'fp="strict", and the steps so far were judged under fp="reassociate": '
        "begin from a schedule in source order"
    )


# ---- specialisations -----------------------------------------------------------------------


def test_types_stand_for_arguments():
    by_value = axpy.specialize(1, 1.0, ones(1), ones(1))
    assert axpy.specialize(int, float, po.f64[...], po.f64[...]) is by_value
    assert axpy.specialize(2, np.float32, x=ones(1), y=ones(1)) is not by_value
    assert copy.specialize() is copy.specialize(ones(1, 1), ones(1, 1))
    with pytest.raises(po.CallError):
        axpy.specialize()


def test_a_specialisation_has_every_part():
    spec = total.specialize(ones(1, 1), ones(1))
    for part in (spec.scop, spec.dependences, spec.original, spec.schedule, spec.loops):
        assert str(part)
    ((_, schedule),) = spec.versions
    assert schedule is spec.schedule
    assert "int64_t total(" in spec.source
    assert spec.prepare() is spec
    assert set(spec.timings) == {
        "parse", "model", "dependences", "schedule", "emit", "compile", "bind"
    }  # fmt: skip
    assert all(seconds >= 0 for seconds in spec.timings.values())
    assert str(spec) == "total(A: f64[..., ...], out: f64[...])"
    assert repr(spec) == f"<specialisation {spec}>"
    text = spec.explain()
    assert text.startswith("total(A, out) for openmp on ")
    assert "reduction into out" in text


def test_explaining_strict_says_what_would_free_a_reduction():
    spec = total.with_options(fp="strict").specialize(ones(1, 1), ones(1))
    assert 'carries the reduction into out; fp="reassociate" would free it' in spec.explain()


def test_a_specialisation_refuses_other_types():
    spec = axpy.specialize(1, 1.0, ones(1), ones(1))
    spec(1, 1.0, ones(1), ones(1))
    single = np.ones(1, np.float32)
    assert error_of(po.DtypeError, spec, 1, 1.0, single, ones(1)) == (
        "this specialisation is axpy(n: weak i64, a: weak f64, x: f64[...], y: f64[...]), and the "
        "call is axpy(n: weak i64, a: weak f64, x: f32[...], y: f64[...]): "
        "call the kernel itself, or specialise for such arguments"
    )
    y = ones(1)
    assert ", y is x: call the kernel" in error_of(po.DtypeError, spec, 1, 1.0, y, y)


def test_captured_values_are_frozen(monkeypatch):
    @po.kernel
    def scale(A):
        for i in range(len(A)):
            A[i] *= FACTOR

    A = ones(1)
    scale(A)
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    scale(A)
    assert A[0] == 4.0
    scale.with_options()(A)
    assert A[0] == 20.0


# ---- the decorator -------------------------------------------------------------------------


def test_a_kernel_looks_like_its_function():
    assert axpy.__name__ == "axpy"
    assert axpy.__doc__ == "y += a x."
    assert axpy.__module__ == __name__
    assert repr(axpy) == "<kernel axpy(n, a, x, y)>"
    assert axpy.__wrapped__ is axpy.py_func


def test_a_kernel_is_pickled_by_name():
    assert pickle.loads(pickle.dumps(axpy)) is axpy
    assert copying.deepcopy(axpy) is axpy


@pytest.mark.parametrize("thing", [3, len, axpy, "def f(): pass"])
def test_only_functions_are_decorated(thing):
    with pytest.raises(po.PolyoptError, match="a kernel is a Python function written with def"):
        po.kernel(thing)


def test_star_arguments_are_refused_at_the_call():
    @po.kernel
    def many(*arrays):
        for i in range(3):
            arrays[0][i] = 0.0

    with pytest.raises(po.UnsupportedSyntaxError):
        many(ones(3))


def test_plain_python_is_still_there():
    y = [1.0, 2.0]
    axpy.py_func(2, 1.0, [1.0, 1.0], y)
    assert y == [2.0, 3.0]
    with po.label("update"):
        po.assume(True)


# ---- many at once --------------------------------------------------------------------------


def test_first_calls_from_many_threads():
    @po.kernel
    def add(x, y):
        for i in range(len(x)):
            y[i] += x[i]

    results = [ones(50) for _ in range(8)]
    threads = [threading.Thread(target=add, args=(ones(50), y)) for y in results]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(y.tolist() == [2.0] * 50 for y in results)


def test_compile_all():
    work = [copy, (axpy, (1, 1.0, ones(1), ones(1))), (total, [po.f32[..., ...], po.f32[...]])]
    specs = po.compile_all(work, workers=2, progress=False)
    assert [spec.name for spec in specs] == ["copy", "axpy", "total"]
    assert specs[0] is copy.specialize()
    assert all("compile" in spec.timings for spec in specs)
    assert po.compile_all([]) == ()


def test_compile_all_shows_progress_and_removes_it(capsys):
    po.compile_all([copy], progress=True)
    assert capsys.readouterr().out == ""


def test_compile_all_raises_the_first_error():
    @po.kernel
    def bad(A: po.f64[N]):
        for x in A:
            A[0] = x

    with pytest.raises(po.UnsupportedSyntaxError):
        po.compile_all([copy, bad], progress=False)
    assert error_of(po.BadArgumentError, po.compile_all, [3]) == (
        "po.compile_all takes kernels, or pairs (kernel, arguments), not 3"
    )


# ---- po.check ------------------------------------------------------------------------------


def wrong(kernel, factor):
    """A kernel whose plain function computes something else: what a bug would look like."""
    made = kernel.with_options()

    def py_func(n, a, x, y):
        kernel.py_func(n, a * factor, x, y)

    made.py_func = py_func
    py_func.__name__ = "axpy"
    return made


def test_check_compares_and_leaves_arguments_alone():
    x, y = np.random.default_rng(0).random((2, 30))
    before = y.copy()
    report = po.check(axpy, 30, 2.0, x, y)
    assert report
    assert str(report) == "axpy: equal to plain Python (within 8 L (eps max|a| + d), L = 90)"
    assert np.array_equal(y, before)


def test_check_shows_the_first_difference():
    report = po.check(wrong(axpy, 1.5), 2, 2.0, ones(3), ones(3))
    assert not report
    assert str(report) == (
        "axpy: differs from plain Python (within 8 L (eps max|a| + d), L = 8)\n"
        "  y[0]: expected np.float64(4.0), got np.float64(3.0), and 1 more element of y"
    )


@pytest.mark.parametrize(("fp", "equal"), [("strict", False), ("reassociate", True)])
def test_check_is_as_exact_as_fp(fp, equal):
    off = wrong(axpy.with_options(fp=fp), 1 + 2**-52)
    assert bool(po.check(off, 20, 1.0, ones(20), np.zeros(20))) is equal


@pytest.mark.parametrize("fp", ["strict", "reassociate"])
def test_check_takes_nan_for_equal_and_not_for_a_number(fp):
    kernel = axpy.with_options(fp=fp)
    x = np.array([np.nan, np.inf, -np.inf, -0.0])
    assert po.check(kernel, 4, 1.0, x, np.zeros(4))
    assert not po.check(wrong(kernel, np.nan), 1, 1.0, ones(1), np.zeros(1))
    assert not po.check(wrong(kernel, np.inf), 1, 1.0, ones(1), np.zeros(1))


def test_check_tells_zeros_apart_under_strict():
    kernel = wrong(axpy.with_options(fp="strict"), -1.0)
    assert not po.check(kernel, 1, 1.0, np.zeros(1), np.array([-0.0]))


def test_check_keeps_sharing():
    memory = np.random.default_rng(0).random(30)
    assert po.check(shift, memory, memory)
    with pytest.raises(po.AliasError):
        po.check(shift, memory[:20], memory[5:25])
    assert po.check(shift.with_options(alias="safe"), memory[:20], memory[5:25])


def test_check_takes_a_kernel():
    assert error_of(po.BadArgumentError, po.check, len, 3) == (
        "po.check takes a kernel, not <built-in function len>: decorate the function"
    )


# ---- the package ---------------------------------------------------------------------------


def test_the_public_names_are_there():
    names = list(po.__all__)
    assert len(set(names)) == len(names)
    assert all(getattr(po, name) is not None for name in names)
    assert set(names) <= set(dir(po))
    assert po.bool is po.bool_
    with pytest.raises(AttributeError, match="module 'polyopt' has no attribute 'kernels'"):
        _ = po.kernels


def run_python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True, capture_output=True, text=True, env={**os.environ, **environment},
    )  # fmt: skip
    return done.stdout.strip()


def test_import_is_light():
    code = "import sys, polyopt; print([m for m in ('sympy', 'rich', 'islpy') if m in sys.modules])"
    assert run_python(code) == "[]"


def test_a_second_process_needs_no_compiler(tmp_path):
    module = tmp_path / "kernels_here.py"
    module.write_text(
        "import numpy as np, polyopt as po\n\n\n"
        "@po.kernel\ndef double(A):\n    for i in range(len(A)):\n        A[i] *= 2\n\n\n"
        "A = np.ones(3)\ndouble(A)\nprint(A.sum())\n"
    )
    cc = tmp_path / "cc1"
    cc.write_text('#!/bin/sh\n[ -e "$0.gone" ] && [ "$1" != --version ] && exit 1\nexec gcc "$@"\n')
    cc.chmod(0o700)
    environment = {**os.environ, "CC": str(cc)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, str(module)],
            check=True, capture_output=True, text=True, env=environment,
        )  # fmt: skip
        assert done.stdout == "6.0\n"
        (tmp_path / "cc1.gone").touch()


def test_openmp_follows_the_environment():
    code = """
        import ctypes
        import numpy as np, polyopt as po
        from polyopt.emit.program import Program
        from polyopt.runtime.compiled import open_library
        library = open_library(Program(
            '#include <omp.h>\\nint width(void) { int n = 0;\\n#pragma omp parallel\\n'
            '{\\n#pragma omp single\\nn = omp_get_num_threads();\\n}\\nreturn n; }\\n',
            'width', (), (), True, 'strict'))
        print(library.width())
    """
    assert run_python(code, OMP_NUM_THREADS="3", OMP_DYNAMIC="false") == "3"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OMP_")}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert int(done.stdout) == available_cores()


@pytest.mark.parametrize("threads", ["None", "2"])
def test_forked_children_run(tmp_path, threads):
    module = tmp_path / "forking.py"
    module.write_text(
        "import os, warnings, numpy as np, polyopt as po\n"
        "warnings.simplefilter('ignore')\n\n\n"
        f"@po.kernel(threads={threads}, cache=False)\ndef double(A):\n"
        "    for i in range(len(A)):\n        A[i] *= 2\n\n\n"
        "A = np.ones(1000000)\ndouble(A)\n"
        "child = os.fork()\n"
        "if not child:\n    double(A)\n    raise SystemExit(int(A.sum()) != 4000000)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "double.with_options(fp='strict')(A)\nprint(A.sum())\n"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    done = subprocess.run(
        [sys.executable, str(module)],
        check=True, capture_output=True, text=True, env=environment, timeout=60,
    )  # fmt: skip
    assert done.stdout == "4000000.0\n"
