"""The 30 kernels: plain Python, plain C and NumPy agree; sizes and data are PolyBench's."""

import inspect

import numpy as np
import pytest

import polyopt_kernels
from polyopt_kernels import COUNT, REAL, SETS, compare, find, load_baseline, roughen

STRICT = ("-O1", "-ffp-contract=off")
NAMES = polyopt_kernels.NAMES
FLOATING = [name for name in NAMES if name not in ("floyd-warshall", "nussinov")]

# From PolyBench/C 4.2.1's headers: MINI, SMALL, MEDIUM, LARGE, EXTRALARGE.
VECTOR = {"N": (40, 120, 400, 2000, 4000)}
BLAS = {"M": (20, 60, 200, 1000, 2000), "N": (30, 80, 240, 1200, 2600)}
STATISTICS = {"M": (28, 80, 240, 1200, 2600), "N": (32, 100, 260, 1400, 3000)}
PRODUCTS = {"M": (38, 116, 390, 1900, 1800), "N": (42, 124, 410, 2100, 2200)}
STEPS = {"TSTEPS": (20, 40, 100, 500, 1000)}
SIZES = {
    "2mm": {
        "NI": (16, 40, 180, 800, 1600),
        "NJ": (18, 50, 190, 900, 1800),
        "NK": (22, 70, 210, 1100, 2200),
        "NL": (24, 80, 220, 1200, 2400),
    },
    "3mm": {
        "NI": (16, 40, 180, 800, 1600),
        "NJ": (18, 50, 190, 900, 1800),
        "NK": (20, 60, 200, 1000, 2000),
        "NL": (22, 70, 210, 1100, 2200),
        "NM": (24, 80, 220, 1200, 2400),
    },
    "adi": STEPS | {"N": (20, 60, 200, 1000, 2000)},
    "atax": PRODUCTS,
    "bicg": PRODUCTS,
    "cholesky": VECTOR,
    "correlation": STATISTICS,
    "covariance": STATISTICS,
    "deriche": {"W": (64, 192, 720, 4096, 7680), "H": (64, 128, 480, 2160, 4320)},
    "doitgen": {
        "NQ": (8, 20, 40, 140, 220),
        "NR": (10, 25, 50, 150, 250),
        "NP": (12, 30, 60, 160, 270),
    },
    "durbin": VECTOR,
    "fdtd-2d": {
        "TMAX": (20, 40, 100, 500, 1000),
        "NX": (20, 60, 200, 1000, 2000),
        "NY": (30, 80, 240, 1200, 2600),
    },
    "floyd-warshall": {"N": (60, 180, 500, 2800, 5600)},
    "gemm": {
        "NI": (20, 60, 200, 1000, 2000),
        "NJ": (25, 70, 220, 1100, 2300),
        "NK": (30, 80, 240, 1200, 2600),
    },
    "gemver": VECTOR,
    "gesummv": {"N": (30, 90, 250, 1300, 2800)},
    "gramschmidt": BLAS,
    "heat-3d": STEPS | {"N": (10, 20, 40, 120, 200)},
    "jacobi-1d": STEPS | {"N": (30, 120, 400, 2000, 4000)},
    "jacobi-2d": STEPS | {"N": (30, 90, 250, 1300, 2800)},
    "lu": VECTOR,
    "ludcmp": VECTOR,
    "mvt": VECTOR,
    "nussinov": {"N": (60, 180, 500, 2500, 5500)},
    "seidel-2d": STEPS | VECTOR,
    "symm": BLAS,
    "syr2k": BLAS,
    "syrk": BLAS,
    "trisolv": VECTOR,
    "trmm": BLAS,
}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("baselines")


def tiny(benchmark):
    """Sizes for plain Python, all different where MINI's are, so that swapped extents are seen."""
    if benchmark.name == "gramschmidt":
        return {"M": 9, "N": 7}  # more columns than rows leave a zero column at sizes this small
    steps = {"TSTEPS": 3, "TMAX": 4}
    return {
        name: steps.get(name, max(5, value // 4 + position))
        for position, (name, value) in enumerate(benchmark.sizes["MINI"].items())
    }


def after(run, arguments):
    """The arguments after a run on copies of them."""
    copies = tuple(x.copy() if isinstance(x, np.ndarray) else x for x in arguments)
    run(*copies)
    return copies


def assert_same_bits(expected, actual):
    for want, have in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(want, have, strict=True)


@pytest.mark.parametrize("name", NAMES)
def test_the_data_sets_are_polybench_s(name):
    sizes = find(name).sizes
    assert tuple(sizes) == SETS
    assert {size: tuple(sizes[s][size] for s in SETS) for size in sizes["MINI"]} == SIZES[name]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_outputs_and_types_are_described(name):
    benchmark = find(name)
    assert benchmark.name == name
    assert list(benchmark.parameters) == list(
        inspect.signature(benchmark.kernel.py_func).parameters
    )
    sizes = tiny(benchmark)
    dtypes = ("float64", "float32") if name in FLOATING else ("int32",)
    assert benchmark.dtype == benchmark.make(sizes)[-1].dtype
    for dtype in dtypes:
        arguments = benchmark.make(sizes, dtype)
        assert benchmark.sizes_of(arguments) == sizes
        for parameter, value in benchmark.named(arguments).items():
            kind = benchmark.parameters[parameter]
            if kind in (REAL, COUNT):
                assert type(value) is (float if kind == REAL else int)
            else:
                assert (value.dtype, value.flags.c_contiguous) == (np.dtype(dtype), True)


@pytest.mark.parametrize("name", NAMES)
def test_plain_python_equals_plain_c_bit_for_bit(name, cache):
    """No tolerance at all, also in single precision: both round at the same places.

    deriche and adi form their coefficients in double precision in either language.
    """
    benchmark = find(name)
    sizes = tiny(benchmark)
    arguments = roughen(benchmark.make(sizes), benchmark)
    expected = after(benchmark.kernel.py_func, arguments)
    by_size = load_baseline(benchmark, flags=STRICT, cache=cache)
    assert_same_bits(expected, after(by_size, arguments))
    constant = load_baseline(benchmark, constants=sizes, flags=STRICT, cache=cache)
    assert_same_bits(expected, after(constant, arguments))


@pytest.mark.parametrize("name", FLOATING)
def test_plain_python_equals_plain_c_in_the_other_precision(name, cache):
    benchmark = find(name)
    other = "float64" if benchmark.dtype == np.float32 else "float32"
    arguments = roughen(benchmark.make(tiny(benchmark), other), benchmark)
    compiled = load_baseline(benchmark, dtype=other, flags=STRICT, cache=cache)
    expected = after(benchmark.kernel.py_func, arguments)
    assert_same_bits(expected, after(compiled, arguments))


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_outputs_change(name):
    benchmark = find(name)
    arguments = roughen(benchmark.make(tiny(benchmark)), benchmark)
    results = after(benchmark.kernel.py_func, arguments)
    changed = [
        parameter
        for parameter, old, new in zip(benchmark.parameters, arguments, results, strict=True)
        if isinstance(old, np.ndarray) and not np.array_equal(old, new)
    ]
    assert tuple(changed) == benchmark.outputs


@pytest.mark.parametrize("name", [name for name in NAMES if name != "seidel-2d"])
def test_numpy_version_agrees(name):
    benchmark = find(name)
    sizes = tiny(benchmark)
    arguments = roughen(benchmark.make(sizes), benchmark)
    expected = after(benchmark.kernel.py_func, arguments)
    assert compare(expected, after(benchmark.numpy, arguments), benchmark, sizes) is None


@pytest.mark.parametrize("name", NAMES)
def test_data_stay_finite_at_mini(name, cache):
    benchmark = find(name)
    results = after(
        load_baseline(benchmark, flags=STRICT, cache=cache), benchmark.make(benchmark.sizes["MINI"])
    )
    assert all(np.isfinite(value).all() for value in results)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_result_is_reported(name, cache):
    """One element of each output wrong by a thousandth of the largest is outside the bound."""
    benchmark = find(name)
    sizes = benchmark.sizes["MINI"]
    dtype = "float64" if name in FLOATING else "int32"
    compiled = load_baseline(benchmark, dtype=dtype, flags=STRICT, cache=cache)
    expected = after(compiled, benchmark.make(sizes, dtype))
    assert compare(expected, expected, benchmark, sizes) is None
    for output in benchmark.outputs:
        wrong = tuple(x.copy() if isinstance(x, np.ndarray) else x for x in expected)
        array = benchmark.named(wrong)[output]
        array.flat[array.size // 2 + 1] += max(1e-3 * np.abs(array).max(), dtype == "int32")
        assert compare(expected, wrong, benchmark, sizes) is not None


@pytest.mark.parametrize("name", [name for name in NAMES if "TSTEPS" in SIZES[name]])
def test_a_skipped_step_is_reported(name, cache):
    benchmark = find(name)
    sizes = benchmark.sizes["MINI"]
    compiled = load_baseline(benchmark, flags=STRICT, cache=cache)
    steps, *arrays = roughen(benchmark.make(sizes), benchmark)
    expected = after(compiled, (steps, *arrays))
    _, *fewer = after(compiled, (steps - 1, *arrays))
    assert compare(expected, (steps, *fewer), benchmark, sizes) is not None
