"""What other tools are given: library calls that compute the kernel, and a module of its own."""

from __future__ import annotations

import ast
import copy

import pytest

from polyopt.bench import peers
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
    made = peers._with_helpers(
        function, lambda value: compiled.append(value.__name__) or "compiled"
    )
    assert compiled == ["equilibrium"]
    assert made.__globals__["equilibrium"] == "compiled"
    assert made.__code__ is function.__code__
    assert callable(function.__globals__["equilibrium"])
