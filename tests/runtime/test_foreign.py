"""Arguments that are not NumPy's arrays: rank 0, DLPack, `__array_interface__`, subclasses."""

import array

import numpy as np
import pytest

import polyopt as po


@po.kernel
def axpy(n, a, x, y):
    for i in range(n):
        y[i] += a * x[i]


class ByDLPack:
    """A tensor of another library on the CPU."""

    def __init__(self, memory):
        self.memory = memory

    def __dlpack__(self, **asked):
        return self.memory.__dlpack__(**asked)

    def __dlpack_device__(self):
        return self.memory.__dlpack_device__()


class ByInterface:
    """An image or a table that says where its elements are."""

    def __init__(self, memory):
        self.memory = memory

    @property
    def __array_interface__(self):
        return self.memory.__array_interface__


OTHERS = [ByDLPack, ByInterface]


@pytest.mark.parametrize("other", OTHERS)
def test_their_memory_is_used_in_place(other):
    x, y = np.arange(3.0), np.zeros(3)
    for times in (1, 2):
        axpy(3, 2.0, other(x), other(y))
        assert y.tolist() == [0.0, 4.0 * times / 2, 4.0 * times]


@pytest.mark.parametrize("other", OTHERS)
def test_views_of_theirs_too(other):
    memory = np.arange(12.0)
    axpy(3, 1.0, other(memory[:6:2]), other(memory[11:5:-2]))
    assert memory.tolist() == [0, 1, 2, 3, 4, 5, 6, 11, 8, 11, 10, 11]
    with pytest.raises(po.AliasError):
        axpy(3, 1.0, other(memory), other(memory[1:]))


@pytest.mark.parametrize("other", OTHERS)
def test_the_same_memory_twice_is_one_array(other):
    memory = np.ones(3)
    axpy(3, 1.0, other(memory), memory)
    assert memory.tolist() == [2.0] * 3


@pytest.mark.parametrize("other", OTHERS)
def test_their_scalars(other):
    y = np.zeros(3)
    axpy(other(np.array(3)), other(np.array(2.0)), np.ones(3), y)
    assert y.tolist() == [2.0] * 3


@pytest.mark.parametrize("other", OTHERS)
def test_their_element_types_are_checked(other):
    with pytest.raises(po.UnsupportedSyntaxError, match="a complex number becomes no f64"):
        axpy(3, 1.0, other(np.ones(3, complex)), np.ones(3))


def test_read_only_memory_is_read_and_not_written():
    x, y = np.ones(3), np.zeros(3)
    x.flags.writeable = False
    axpy(3, 1.0, ByInterface(x), y)
    assert y.tolist() == [1.0] * 3
    with pytest.raises(po.BadArgumentError, match="y is read-only"):
        axpy(3, 1.0, y, ByInterface(x))


def test_memory_that_cannot_be_seen():
    class OnDevice(ByDLPack):
        def __dlpack__(self, **asked):
            raise BufferError("it is on device 1")

    with pytest.raises(po.DtypeError) as caught:
        axpy(3, 1.0, OnDevice(np.ones(3)), np.ones(3))
    name = f"{__name__}.test_memory_that_cannot_be_seen.<locals>.OnDevice"
    assert str(caught.value) == (
        f"axpy: argument x is a {name} whose memory NumPy cannot see (it is on device 1): "
        "pass an array on the CPU"
    )


@pytest.mark.parametrize("error", [KeyError, OSError, RuntimeError, ZeroDivisionError])
def test_what_objects_raise_is_told_with_the_argument(error):
    class Broken:
        @property
        def __array_interface__(self):
            raise error("it has none today")

    y = np.ones(3)
    with pytest.raises(po.DtypeError, match=r"argument x is a .*Broken whose memory") as caught:
        axpy(3, 1.0, Broken(), y)
    assert isinstance(caught.value.__cause__, error)
    assert y.tolist() == [1.0] * 3


def test_types_of_theirs_are_no_values():
    with pytest.raises(po.DtypeError, match="argument x is a type"):
        axpy(3, 1.0, ByInterface, np.ones(3))


def test_buffers_are_not_taken_for_arrays():
    with pytest.raises(po.DtypeError, match=r"x is an array\.array; .*: pass np\.asarray\(x\)"):
        axpy(3, 1.0, array.array("d", [1, 2, 3]), np.ones(3))


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64, np.int32])
def test_arrays_of_rank_0_are_their_scalars(kind):
    y, same = np.zeros(3, kind), np.zeros(3, kind)
    axpy(np.array(3, np.int64), np.array(2, kind), np.ones(3, kind), y)
    axpy(np.int64(3), kind(2), np.ones(3, kind), same)
    assert y.tolist() == same.tolist() == [2] * 3


def test_specialisations_take_them():
    x, y = np.ones(3), np.zeros(3)
    made = axpy.specialize(3, np.array(1.0), ByInterface(x), y)
    assert str(made) == "axpy(n: weak i64, a: f64, x: f64[...], y: f64[...])"
    made(3, np.array(1.0), ByInterface(x), ByDLPack(y))
    assert y.tolist() == [1.0] * 3


def test_special_numbers_pass_unchanged():
    bits = np.array([0x7FF8000000000001, 0x7FF0000000000000, 1, 1 << 63, 0x8000000000000001])
    special = bits.view(np.float64)

    @po.kernel(fp="strict")
    def place(v, y):
        for i in range(y.shape[0]):
            y[i] = v

    for value in special:
        for scalar in (value, float(value), np.array(value)):
            y = np.zeros(2)
            for _ in range(2):
                place(scalar, y)
            assert y.tobytes() == np.full(2, value).tobytes()
