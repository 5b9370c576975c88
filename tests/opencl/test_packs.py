"""Packed buffers on CPU devices: filled by launches of their own, or where a group reads them."""

import importlib
from dataclasses import replace

import numpy as np
import pytest
import shapes

import polyopt as po
from polyopt.machine import detect
from polyopt.transform.auto.tiles import shape_for

MAKE = np.random.default_rng(2)
TARGET = po.OpenCL(model="cpu")
MATRIX = po.f64[..., ...]


@po.kernel
def scaled(alpha, C, A, B):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += alpha * A[i, k] * B[j, k]


@po.kernel
def two(C, D, A, B):
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            for k in range(A.shape[1]):
                C[i, j] += A[i, k] * B[k, j]
    for i in range(D.shape[0]):
        for j in range(D.shape[1]):
            for k in range(C.shape[1]):
                D[i, j] += C[i, k] * B[k, j]


def matrices(n, m, k):
    return MAKE.random((n, m)), MAKE.random((n, k)), MAKE.random((k, m))


def on_device(kernel, fp, arguments):
    found = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    kernel.with_options(target=TARGET, fp=fp)(*found)
    return found


def in_c(kernel, fp, arguments):
    found = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]
    kernel.with_options(target="c", fp=fp, schedule="source")(*found)
    return found


def same(kernel, arguments):
    for fp in ("strict", "reassociate"):
        pairs = zip(on_device(kernel, fp, arguments), in_c(kernel, fp, arguments), strict=True)
        for have, want in pairs:
            if fp == "strict":
                np.testing.assert_array_equal(have, want)
            else:
                np.testing.assert_allclose(have, want, rtol=1e-11)


SIZES = [
    (0, 3, 2),
    (1, 1, 1),
    (7, 9, 5),
    (97, 65, 63),
    (130, 24, 600),
    (300, 530, 2),
    (260, 257, 255),
]


@pytest.mark.parametrize("sizes", SIZES)
def test_products_are_those_of_c(sizes):
    C, A, B = matrices(*sizes)
    same(shapes.gemm, (C, A, B))
    same(scaled, (1.5, C, A, np.ascontiguousarray(B.T)))


def test_several_products_each_have_their_buffers():
    n = 150
    C, A, B = matrices(n, n, n)
    same(two, (C, np.zeros((n, n)), A, B))
    text = two.with_options(target=TARGET).specialize(C, C.copy(), A, B).source
    assert text.count("_fill over pieces of") == 2


def test_buffers_that_all_read_have_launches_of_their_own():
    spec = shapes.gemm.with_options(target=TARGET).specialize(MATRIX, MATRIX, MATRIX)
    told = spec.source.partition("*/")[0]
    assert told.index("launch gemm_B_pack_fill over pieces of") < told.index("launch gemm_i_block")
    assert "A_pack += get_group_id(0) * " in spec.source
    assert "B_pack += " not in spec.source


def test_the_step_in_a_script():
    C, A, B = matrices(37, 29, 41)
    spec = shapes.gemm.with_options(target=TARGET, fp="strict").specialize(C, A, B)
    s = spec.original.tile({"j": 4, "k": 8}).permute("j_tile", "k_tile", "i", "j", "k")
    for pad in (False, True):
        packed = s.pack("B", at="k_tile", order=("j", "k"), panel={"j": 3}, pad=pad)
        for made in (packed, packed.parallel("i"), packed.parallel("j_tile")):
            found, want = C.copy(), C.copy()
            spec.with_schedule(made)(found, A, B)
            shapes.gemm.py_func(want, A, B)
            np.testing.assert_array_equal(found, want)


def test_floats_of_32_bits_and_repeated_calls():
    C, A, B = (m.astype("f4") for m in matrices(200, 210, 190))
    kernel = shapes.gemm.with_options(target=TARGET)
    found, want = C.copy(), C.copy()
    for size in (200, 120, 200):  # the buffers of the call before serve again
        kernel(found[:size].copy(), A[:size], B)
    kernel(found, A, B)
    want += A @ B
    np.testing.assert_allclose(found, want, rtol=2e-4)


@pytest.mark.parametrize("name", ["lu", "cholesky", "ludcmp"])
@pytest.mark.parametrize("n", [1, 71, 73, 150])
def test_factorisations_run_in_blocks_along_fronts(name, n):
    benchmark = importlib.import_module(f"polyopt_kernels.{name}").BENCHMARK
    arguments = benchmark.make({"N": n})
    found, want = on_device(benchmark.kernel, "strict", arguments), arguments
    benchmark.kernel.with_options(target="c", fp="strict", schedule="source")(*want)
    for have, right in zip(found, want, strict=True):
        np.testing.assert_array_equal(have, right)
    spec = benchmark.kernel.with_options(target=TARGET).specialize(*arguments)
    script = str(spec.schedule.script)
    assert 'wavefront("i_tile", "j_tile")' in script or 'parallel("i_tile")' in script


@pytest.mark.parametrize("bits", [32, 64])
def test_tiles_of_sums_leave_registers_free(bits):
    narrow, wide = (replace(detect(), vector_bits=b) for b in (256, 512))
    full, spared = shape_for(narrow, bits), shape_for(narrow, bits, spare=True)
    assert spared.rows < full.rows
    assert spared.columns == full.columns
    assert spared.row_block % spared.rows == 0
    assert shape_for(wide, bits, spare=True) == shape_for(wide, bits)
