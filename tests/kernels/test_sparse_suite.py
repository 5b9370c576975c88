"""The suite of kernels that index by data: Python, plain C and library calls agree."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

from polyopt_kernels import COUNT, REAL, SPARSE, compare, find, load_baseline
from polyopt_kernels.sparse_calls import CALLS

DTYPES = (np.float64, np.float32)


def after(run, benchmark, dtype):
    """The arguments after a run on those of MINI."""
    arguments = copy.deepcopy(benchmark.make(benchmark.sizes["MINI"], dtype))
    run(*arguments)
    return arguments


def agree(run, name, dtype):
    benchmark = find(name)
    expected = after(benchmark.kernel.py_func, benchmark, dtype)
    actual = after(run, benchmark, dtype)
    difference = compare(expected, actual, benchmark, benchmark.sizes["MINI"])
    assert difference is None, str(difference)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPARSE)
def test_parameters_and_types_are_described(name, dtype):
    benchmark = find(name)
    assert list(benchmark.parameters) == list(
        inspect.signature(benchmark.kernel.py_func).parameters
    )
    before = benchmark.make(benchmark.sizes["MINI"], dtype)
    assert benchmark.sizes_of(before) == benchmark.sizes["MINI"]
    for parameter, value in benchmark.named(before).items():
        if benchmark.parameters[parameter] not in (REAL, COUNT):
            wanted = np.int32 if parameter in benchmark.indices else dtype
            assert (value.dtype, value.flags.c_contiguous) == (wanted, True), parameter


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPARSE)
def test_plain_c_and_compiled_code_agree_with_python(name, dtype, tmp_path_factory):
    benchmark = find(name)
    cache = tmp_path_factory.getbasetemp() / "baselines"
    agree(load_baseline(benchmark, dtype=dtype, flags=("-O1",), cache=cache), name, dtype)
    agree(benchmark.kernel, name, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", SPARSE)
def test_other_forms_agree_with_python(name, dtype):
    benchmark = find(name)
    for form in (benchmark.numpy, benchmark.numba, CALLS.get(name)):
        if form is not None:
            agree(form, name, dtype)


def test_a_baseline_asks_for_its_types_of_indices(tmp_path):
    benchmark = find("coo")
    row, *rest = benchmark.make(benchmark.sizes["MINI"])
    with pytest.raises(TypeError, match=r"^row has elements of int64, this baseline of int32$"):
        load_baseline(benchmark, flags=("-O1",), cache=tmp_path)(row.astype(np.int64), *rest)
