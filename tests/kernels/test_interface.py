"""Finding, comparing and compiling, apart from any one kernel's numbers."""

import dataclasses

import numpy as np
import pytest

from polyopt_kernels import (
    NAMES,
    BaselineError,
    all_benchmarks,
    compare,
    find,
    load_baseline,
    roughen,
)

STRICT = ("-O1", "-ffp-contract=off")
SIZES = {"NI": 3, "NJ": 4, "NK": 5}


@pytest.fixture
def gemm():
    return find("gemm")


def changed(arguments, **values):
    """The arguments of gemm with some elements of C, or of A, replaced."""
    alpha, beta, C, A, B = arguments
    C, A = C.copy(), A.copy()
    for name, (index, value) in values.items():
        {"C": C, "A": A}[name][index] = value
    return alpha, beta, C, A, B


def test_there_are_thirty():
    assert len(NAMES) == len(set(NAMES)) == 30
    assert [benchmark.name for benchmark in all_benchmarks()] == list(NAMES)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("2mm", "2mm"),
        ("k2mm", "2mm"),
        ("jacobi-2d", "jacobi-2d"),
        ("jacobi_2d", "jacobi-2d"),
        ("Floyd-Warshall", "floyd-warshall"),
    ],
)
def test_find_accepts_both_spellings(spelling, name):
    assert find(spelling).name == name


def test_an_unknown_name_lists_close_ones():
    with pytest.raises(LookupError) as caught:
        find("jacobi")
    assert str(caught.value) == (
        'there is no benchmark "jacobi"; close names: jacobi-2d, jacobi-1d'
    )


def test_a_name_like_no_other_lists_all():
    with pytest.raises(LookupError, match=r'there is no benchmark "xyzzy"; the names: 2mm, 3mm, '):
        find("xyzzy")


def test_benchmarks_are_frozen(gemm):
    with pytest.raises(dataclasses.FrozenInstanceError):
        gemm.name = "other"


def test_compare_allows_rounding_and_names_the_first_difference(gemm):
    expected = gemm.make(SIZES)
    C = expected[2]
    bound = 8 * np.finfo(np.float64).eps * 6
    assert compare(expected, changed(expected, C=((1, 2), C[1, 2] + bound)), gemm, SIZES) is None
    difference = compare(expected, changed(expected, C=((1, 2), 7.0)), gemm, SIZES)
    assert (difference.array, difference.index, difference.actual) == ("C", (1, 2), 7.0)
    assert str(difference) == (
        f"C[1, 2] is 7.0, expected {float(C[1, 2])!r} (error 7, allowed 1.07e-14)"
    )


def test_compare_sees_nan_and_infinity(gemm):
    expected = gemm.make(SIZES)
    for value in (np.nan, np.inf):
        wrong = changed(expected, C=((2, 3), value))
        assert compare(expected, wrong, gemm, SIZES).index == (2, 3)
        assert compare(wrong, expected, gemm, SIZES).index == (2, 3)
        assert compare(wrong, wrong, gemm, SIZES) is None


def test_compare_sees_a_changed_input(gemm):
    expected = gemm.make(SIZES)
    wrong = changed(expected, A=((0, 1), np.nextafter(expected[3][0, 1], 2)))
    assert compare(expected, wrong, gemm, SIZES).array == "A"


def test_compare_takes_empty_arrays(gemm):
    sizes = {"NI": 0, "NJ": 4, "NK": 5}
    empty = tuple(np.zeros(shape) for shape in ((0, 4), (0, 5), (5, 4)))
    assert compare((1.5, 1.2, *empty), (1.5, 1.2, *empty), gemm, sizes) is None


def test_smooth_data_are_roughened_repeatably(gemm):
    heat = find("heat-3d")
    arguments = heat.make({"TSTEPS": 2, "N": 8}, "float32")
    rough = roughen(arguments, heat, seed=3)
    for old, new in zip(arguments[1:], rough[1:], strict=True):
        assert old.dtype == new.dtype
        factors = new / old
        assert 0.5 <= factors.min() < 0.6
        assert 1.4 < factors.max() <= 1.5
    for one, other in zip(rough[1:], roughen(arguments, heat, seed=3)[1:], strict=True):
        np.testing.assert_array_equal(one, other)
    for old, new in zip(gemm.make(SIZES), roughen(gemm.make(SIZES), gemm), strict=True):
        np.testing.assert_array_equal(old, new)


def test_sizes_that_disagree_are_refused(gemm):
    alpha, beta, C, A, B = gemm.make(SIZES)
    with pytest.raises(ValueError, match=r"gemm: B has NK = 4, .* NK = 5; B must be \[NK, NJ\]"):
        gemm.sizes_of((alpha, beta, C, A, B[1:]))
    with pytest.raises(ValueError, match=r"C has 1 dimensions; it must be \[NI, NJ\]"):
        gemm.sizes_of((alpha, beta, C[0], A, B))


def test_a_baseline_checks_its_arguments(gemm, tmp_path):
    alpha, beta, C, A, B = gemm.make(SIZES)
    compiled = load_baseline(gemm, constants=SIZES, flags=STRICT, cache=tmp_path)
    with pytest.raises(TypeError, match=r"A has elements of float32, this baseline of float64"):
        compiled(alpha, beta, C, A.astype(np.float32), B)
    with pytest.raises(TypeError, match=r"B must be C-contiguous: np\.ascontiguousarray\(B\)"):
        compiled(alpha, beta, C, A, np.asfortranarray(B))
    with pytest.raises(ValueError, match=r"this gemm was compiled for .*'NI': 3.*, not .*'NI': 2"):
        compiled(alpha, beta, C[1:], A[1:], B)


def test_a_bound_baseline_runs_each_time_it_is_called(gemm, tmp_path):
    arguments = gemm.make(SIZES)
    C = arguments[2].copy()
    product = arguments[3] @ arguments[4]
    run = load_baseline(gemm, flags=STRICT, cache=tmp_path).bind(*arguments)
    run()
    run()
    np.testing.assert_allclose(arguments[2], 1.2 * (1.2 * C + 1.5 * product) + 1.5 * product)


def test_a_baseline_is_compiled_once(gemm, tmp_path):
    load_baseline(gemm, flags=STRICT, cache=tmp_path)
    (library,) = tmp_path.iterdir()
    stamp = library.stat().st_mtime_ns
    load_baseline(gemm, flags=STRICT, cache=tmp_path)
    assert [path.stat().st_mtime_ns for path in tmp_path.iterdir()] == [stamp]


def test_compiler_errors_come_with_the_command(gemm, tmp_path, monkeypatch):
    with pytest.raises(BaselineError, match=r"(?s)gcc -fno-such-option .*-fno-such-option"):
        load_baseline(gemm, flags=("-fno-such-option",), cache=tmp_path)
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(
        BaselineError, match=r"no C compiler: no-such-compiler was not found; set CC"
    ):
        load_baseline(gemm, flags=STRICT, cache=tmp_path)
