"""Devices of small limits: what is asked of them is mapped otherwise, or refused with the figures
before anything is touched."""

from dataclasses import replace

import numpy as np
import pyopencl as cl
import pytest
import shapes

import polyopt as po
from polyopt.emit.launches import launches
from polyopt.runtime import opencl_device

RANDOM = np.random.default_rng(5)
TINY = {
    "one item": {"group_items": 1, "item_sizes": (1, 1, 1)},
    "seven items": {"group_items": 7, "item_sizes": (7, 7, 7)},
    "sixteen items": {"group_items": 16, "item_sizes": (16, 16, 16)},
    "one dimension of items": {"item_sizes": (64, 1, 1)},
    "odd dimensions of items": {"item_sizes": (4, 9, 2)},
    "little local memory": {"local_memory": 1024},
    "no local memory": {"local_memory": 0},
    "three units": {"compute_units": 3},
}


@pytest.fixture
def device(monkeypatch):
    """Makes a target of the first device here with other facts than its own."""
    real, handle = opencl_device.model_of, opencl_device.handles()[0]

    def make(**facts):
        monkeypatch.setattr(opencl_device, "model_of", lambda h: replace(real(h), **facts))
        return po.OpenCL(queue=cl.CommandQueue(cl.Context([handle])))

    return make


@po.kernel
def rows(A, x, y):
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            y[i] += A[i, j] * x[j]


def same_as_python(kernel, *arguments):
    expected = [np.copy(a) for a in arguments]
    kernel.py_func(*expected)
    kernel(*arguments)
    for got, wanted in zip(arguments, expected, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-13)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("facts", TINY.values(), ids=TINY)
def test_what_does_not_fit_is_mapped_otherwise(device, facts):
    target = device(kind="gpu", **facts)
    given = shapes.gemm.with_options(target=target), rows.with_options(target=target)
    same_as_python(given[0], *(RANDOM.random(s) for s in ((19, 35), (19, 18), (18, 35))))
    same_as_python(given[1], *(RANDOM.random(s) for s in ((9, 150), 150, 9)))
    model = opencl_device.find(target).model
    for kernel, rank in zip(given, ((2, 2, 2), (2, 1, 1)), strict=True):
        spec = kernel.specialize(*(po.f64[(...,) * r] for r in rank))
        for launch in launches(spec.entry.program.host):
            assert np.prod(launch.items) <= model.group_items
            assert all(n <= m for n, m in zip(launch.items, model.item_sizes, strict=False))
            assert sum(size for _, size in launch.local) <= model.local_memory


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"item_sizes": (256,)}, r"gemm_i_tile has 2 dimensions of groups and items, and .* has 1"),
        ({"doubles": False}, "gemm computes in f64, and .* has no doubles"),
        ({"argument_bytes": 24}, "gemm_i_tile has arguments of .* bytes, and .* takes 24"),
        ({"buffer_bytes": 100}, "the array C has 128 bytes, and .* takes arrays of up to 100"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_touched(device, facts, text):
    kernel = shapes.gemm.with_options(target=device(kind="gpu", **facts))
    arrays = [np.ones((4, 4)) for _ in range(3)]
    with pytest.raises(po.TargetUnavailableError, match=text):
        kernel(*arrays)
    assert all((a == 1).all() for a in arrays)


def test_mappings_by_hand_are_refused_with_the_figures(device):
    def by_hand(s):
        s = s.tile({"i": 4, "j": 8, "k": 4})
        s = s.map_to_grid(groups=("i_tile", "j_tile"), items=("i", "j"))
        return s.promote("A", at="i", to="local")

    target = device(kind="gpu", local_memory=100)
    kernel = shapes.gemm.with_options(target=target, schedule=by_hand)
    with pytest.raises(po.TargetUnavailableError, match=r"has 128 bytes of local memory .* 100:"):
        kernel(*[np.ones((4, 4)) for _ in range(3)])


def test_code_for_any_gpu_is_refused_by_one_of_few_items(device):
    target = replace(device(kind="gpu", item_sizes=(8, 8, 8)), model="gpu")
    kernel = shapes.gemm.with_options(target=target)
    with pytest.raises(po.TargetUnavailableError, match=r"has 16 items along dimension 0, .* 8:"):
        kernel(*[np.ones((4, 4)) for _ in range(3)])


def test_floats_do_without_doubles(device):
    kernel = shapes.gemm.with_options(target=device(kind="gpu", doubles=False))
    same_as_python(kernel, *(RANDOM.integers(0, 9, (9, 9)).astype(np.float32) for _ in range(3)))
