"""Every array argument with every fault, interfaces that lie, and sizes that do not fit."""

from pathlib import Path

import numpy as np
import pytest
from malformed import (
    TAKEN,
    axpy,
    copy,
    expect_refusal,
    good,
    ones,
    read_only,
    refusals,
    serve,
    shrink,
    stride_two,
)

import polyopt as po

CASES = []
case = refusals(CASES)

# ---- every array argument, every fault ------------------------------------------------------


def faults(name, array):
    """Faults of an array: the error, its text behind `NAME`, and what is passed."""
    swapped = array.dtype.newbyteorder(">")
    fix = f'pass {name}.astype({name}.dtype.newbyteorder("="))'
    words = f"is an array of {array.dtype} in the other byte order ({swapped.str}): {fix}"
    yield po.DtypeError, words, array.astype(swapped)
    fix = f"pass {name}.astype(np.float64)"
    yield po.DtypeError, f"is an array of object; {TAKEN}: {fix}", array.astype(object)
    fix = f"pass {name}.astype(np.complex128)"
    long = np.dtype("clongdouble")
    yield po.DtypeError, f"is an array of {long}; {TAKEN}: {fix}", array.astype(long)
    whose = "of ndarray's subclasses only np.memmap is taken, since others change what an index"
    for made, kind, fix in (
        (np.ma.array(array), "numpy.ma.MaskedArray", f"{name}.filled(…)"),
        (array.view(np.recarray), "numpy.rec.recarray", f"np.asarray({name})"),
        (array.view(Mine), f"{__name__}.Mine", f"np.asarray({name})"),
    ):
        yield po.DtypeError, f"is a {kind}; {whose} means: pass {fix}", made
    records = np.zeros(array.shape, [("a", array.dtype), ("b", "i1")])
    fix = "pass each field as an array of its own"
    yield po.DtypeError, f"is an array of {records.dtype}; {TAKEN}: {fix}", records
    memory = np.zeros(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    yield po.ShapeError, f"is not aligned to its elements: pass {name}.copy()", memory


class Mine(np.ndarray):
    pass


for kernel in (axpy, copy, shrink):
    for name, array in good(kernel).items():
        if isinstance(array, np.ndarray):
            for error, text, value in faults(name, array):
                where = f"{kernel.__name__}: argument {name} {text}"
                case(kernel, error, where, **{**good(kernel), name: value})

for kernel, name in ((copy, "B"), (shrink, "A"), (shrink, "b")):
    text = (
        f"{kernel.__name__}: argument {name} is read-only, and the kernel writes it: pass a "
        f"writeable array, such as {name}.copy()"
    )
    case(kernel, po.BadArgumentError, text, **{**good(kernel), name: read_only(good(kernel)[name])})
    text = (
        f"{kernel.__name__}: argument {name} has elements that share memory (strides "
        f"{(0,) * good(kernel)[name].ndim}), and the kernel writes it: pass {name}.copy(), and "
        "copy it back"
    )
    same = np.lib.stride_tricks.as_strided(
        good(kernel)[name], strides=(0,) * good(kernel)[name].ndim
    )
    case(kernel, po.AliasError, text, **{**good(kernel), name: same})

# ---- what other libraries offer ------------------------------------------------------------


class Offer:
    """An object with an interface of arrays that says nonsense."""

    def __init__(self, **members):
        self.__dict__.update(members)


class Hidden:
    """Memory on a device."""

    def __dlpack_device__(self):
        return 2, 0

    def __dlpack__(self, **_options):
        raise BufferError("it is on another device")


def words_of(offer):
    """NumPy's own words, which differ between its versions."""
    try:
        np.from_dlpack(offer) if isinstance(offer, Hidden) else np.asarray(offer)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        return str(error)
    pytest.fail(f"NumPy takes {offer.__dict__}")


BROKEN = {"shape": (3,), "typestr": "<f8", "version": 3}
for offer in (
    Offer(__array_interface__=7),
    Offer(__array_interface__={}),
    Offer(__array_interface__=BROKEN | {"shape": 3}),
    Offer(__array_interface__=BROKEN | {"typestr": 8}),
    Offer(__array_interface__=BROKEN | {"data": (0, False), "typestr": "<q9"}),
    Hidden(),
):
    for name in ("n", "x", "y"):
        case(
            axpy,
            po.DtypeError,
            f"axpy: argument {name} is a {__name__}.{type(offer).__name__} whose memory NumPy "
            f"cannot see ({words_of(offer)}): pass an array on the CPU",
            **{**good(axpy), name: offer},
        )  # fmt: skip

# ---- sizes and assumptions -----------------------------------------------------------------


FILE = Path(__file__).with_name("malformed.py")


def line_of(text):
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.strip() == text)


PLACE = f"malformed.py:{line_of('y[2 * i + 1] = x[n - 1 - i]')}"
ASSUMED = f"malformed.py:{line_of('po.assume(n < 100)')}"
READS = "reads x[-i + n - 1], and the index -i + n - 1"
WRITES = "writes y[2*i + 1], and the index 2*i + 1"
for n, x, y, words in (
    (3, 2, 6, READS),
    (3, 0, 6, READS),
    (99, 98, 198, READS),
    (3, 3, 5, WRITES),
    (3, 3, 0, WRITES),
    (1, 1, 1, WRITES),
    (99, 99, 197, WRITES),
):
    owner, extent = ("x", x) if words is READS else ("y", y)
    case(
        stride_two,
        po.BoundsError,
        f"{PLACE}: S1 {words} would leave its extent {owner}_shape0 in dimension 0 (here n = {n}, "
        f"{owner}_shape0 = {extent}). Nothing was written. Pass arrays that cover the loop's "
        "range, or narrow the range.",
        n, np.arange(float(x)), ones(y),
    )  # fmt: skip
for n in (100, 2**31, 2**62, 2**63 - 1):
    case(
        stride_two,
        po.AssumptionError,
        f"stride_two: the assumption n < 100 ({ASSUMED}) does not hold (here n = {n}). Nothing "
        "was written. Pass sizes for which it does, or remove it.",
        n, ones(200), ones(200),
    )  # fmt: skip


@pytest.fixture(scope="module")
def served():
    serve()


@pytest.mark.parametrize("way", ["python", "c"])
@pytest.mark.parametrize(("kernel", "error", "text", "args", "kwargs"), CASES)
def test_refused(kernel, error, text, args, kwargs, way, served):
    expect_refusal(kernel, error, text, args, kwargs, way)


def test_there_are_many():
    assert len(CASES) >= 80
