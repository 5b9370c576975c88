"""What other tools are given: library calls that compute the kernel, and a module of its own."""

from __future__ import annotations

import ast
import copy

import pytest

from polyopt.bench import peers
from polyopt.bench.numba_form import parallel_loops, rewritten
from polyopt.bench.pythran import module_text
from polyopt_kernels import compare, find, roughen
from polyopt_kernels.blas_calls import CALLS


@pytest.mark.parametrize("name", CALLS)
def test_library_calls_compute_the_kernel(name):
    benchmark = find(name)
    sizes = benchmark.sizes["MINI"]
    expected = roughen(benchmark.make(sizes), benchmark)
    actual = copy.deepcopy(expected)
    benchmark.kernel.py_func(*expected)
    CALLS[name](*actual)
    difference = compare(expected, actual, benchmark, sizes)
    assert difference is None, str(difference)


def test_a_module_for_pythran_holds_what_the_kernel_names():
    benchmark = find("lbm-d2q9")
    text = module_text(benchmark.kernel.py_func, benchmark.make(benchmark.sizes["MINI"]))
    first, *_ = text.splitlines()
    assert first == "#pythran export lbm_d2q9(int, float, float64[:,:,:], float64[:,:,:])"
    tree = ast.parse(text)
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert functions == ["equilibrium", "lbm_d2q9"]
    assert "NEAR = " in text
    assert "assert" not in text


def test_only_packages_can_be_absent(monkeypatch):
    monkeypatch.setattr(peers.importlib.util, "find_spec", lambda _: None)
    assert peers.absence("gcc") == peers.absence("numpy") == peers.absence("script") == ""
    assert peers.absence("pythran") == ('pythran is not installed: pip install "polyopt[bench]"')


def test_helpers_are_compiled_for_numba():
    function = find("lbm-d2q9").kernel.py_func
    compiled = []
    made = peers._helpers(function, lambda value: compiled.append(value.__name__) or "compiled")
    assert compiled == ["equilibrium"]
    assert made == {"equilibrium": "compiled"}


def numba_form(benchmark):
    """The kernel's text for Numba on threads."""
    arguments = benchmark.make(benchmark.sizes["MINI"])
    loops = parallel_loops(benchmark.kernel.specialize(*arguments).original)
    asked = []

    def prange(*ends):
        asked.append(ends)
        return range(*ends)

    return rewritten(benchmark.kernel.py_func, loops, {"prange": prange}), asked


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("n-body", 1),
        ("mandelbrot", 1),
        ("bilateral", 1),
        ("spmv", 1),
        ("coo", 0),  # two entries may share a row
        ("lu", 40),  # inside of the sequential loop, where rows only share a pivot's
        ("jacobi-2d", 40),  # two loops a step
    ],
)
def test_numba_gets_the_outermost_parallel_loops(name, times):
    benchmark = find(name)
    sizes = benchmark.sizes["MINI"]
    form, asked = numba_form(benchmark)
    expected = roughen(benchmark.make(sizes), benchmark)
    actual = copy.deepcopy(expected)
    benchmark.kernel.py_func(*expected)
    form(*actual)
    assert compare(expected, actual, benchmark, sizes) is None
    assert len(asked) == times


def test_what_polyopt_alone_understands_is_left_out_for_numba():
    form, asked = numba_form(find("sddmm"))
    assert "po" not in form.__code__.co_names
    assert not asked
