"""The C that calls kernels without entering Python: built once per machine, and proved first.

caller.c declares by itself what it reads of Python's and NumPy's objects. Here every such place
is compared with what Python says is there, on objects made for that; where one differs (another
interpreter, another NumPy), kernels are called through Python as before, and log says so once.
"""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from polyopt.emit.program import Program
from polyopt.errors import PolyoptError
from polyopt.model.types import DTYPES
from polyopt.runtime.index import Answer, look, question_of_text, remember
from polyopt.runtime.load import is_whole
from polyopt.runtime.table import PYTHON_BOOL, PYTHON_INT, scalar_kind

_SOURCE = Path(__file__).with_name("caller.c")
_SIZES = {object: 16, float: 24}
_PROVED = 18


@functools.cache
def quick_class(base: type, slot: str) -> type | None:
    """A subclass of `base` whose instances are called by caller.c; None where that is not to be.

    An instance's table stands in the slot of that name.
    """
    try:
        return _quick_class(base, slot)
    except (PolyoptError, OSError, AttributeError, TypeError) as error:
        import logging  # noqa: PLC0415 4 ms, and this is rare

        logging.getLogger("polyopt").info(
            "kernels are called through Python, which takes microseconds: %s", error
        )
        return None


def _quick_class(base: type, slot: str) -> type:
    _prove_sizes()
    library = ctypes.PyDLL(str(_library()))
    library.caller_begin(ctypes.c_ssize_t(tuple.__basicsize__))
    _prove_arrays(library)
    _prove_scalars(library)
    offset = _offset_of(base, slot)
    library.caller_type.restype = ctypes.py_object
    library.caller_type.argtypes = [ctypes.py_object, ctypes.c_ssize_t]
    made: type = library.caller_type((base,), offset)
    return made


def _library() -> Path:
    """caller.c compiled: found, or made and remembered."""
    text = _SOURCE.read_text(encoding="utf-8")
    program = Program(text, "", (), (), openmp=False, fp="strict")
    asked = question_of_text(text)
    answer = look(asked)
    if answer is not None and is_whole(answer.path):
        return answer.path
    from polyopt.runtime.compiled import open_library  # noqa: PLC0415 once per machine

    made = Path(open_library(program)._name)
    remember(asked, Answer(made, None, replace(program, source="")))
    return made


def _expect(truth: bool, what: str) -> None:
    if not truth:
        raise TypeError(f"this interpreter or NumPy keeps {what} elsewhere")


def _prove_sizes() -> None:
    """What must hold before any member is read."""
    _expect(sys.implementation.name == "cpython" and sys.byteorder == "little", "its objects")
    _expect(ctypes.sizeof(ctypes.c_void_p) == 8, "addresses")
    for kind, size in _SIZES.items():
        _expect(kind.__basicsize__ == size, f"the members of {kind.__name__}")
    _expect(np.ndarray.__basicsize__ >= 72, "the members of arrays")


def _prove_arrays(library: ctypes.PyDLL) -> None:
    base = np.arange(60, dtype=np.int32).reshape(5, 12)
    pair = (object(), object())
    for array in (base[1:4, ::3], base.T, base.astype(">f8"), np.zeros((2, 3), bool)):
        found = (ctypes.c_int64 * _PROVED)()
        library.caller_prove(ctypes.py_object(array), ctypes.py_object(pair), found)
        kind = array.dtype
        truth = [
            *(id(type(array)), array.ctypes.data, array.ndim, *array.shape, *array.strides),
            *(0 if array.base is None else id(array.base), id(kind), array.flags.num),
            *(id(kind.type), ord(kind.kind), ord(kind.char), ord(kind.byteorder), kind.num),
            *(2, id(pair[0]), id(pair[1])),
        ]
        _expect(list(found) == truth, "the members of arrays")


def _prove_scalars(library: ctypes.PyDLL) -> None:
    for value in (1.5, *(d(1) for d in DTYPES), *(d.numpy.type(0) for d in DTYPES)):
        kind = scalar_kind(type(value))
        if kind is None or kind[0] in (PYTHON_INT, PYTHON_BOOL):
            continue
        as_float, as_int = ctypes.c_double(), ctypes.c_int64()
        real = isinstance(value, float | np.floating)
        into = as_float if real else as_int
        arguments = (ctypes.py_object(value), *map(ctypes.c_int64, kind), ctypes.byref(into))
        library.caller_prove_scalar(*arguments)
        _expect(into.value == value, f"the value of a {type(value).__name__}")


def _offset_of(base: type, slot: str) -> int:
    """Where instances of a class keep a slot, from one that holds something known."""
    probe: object = object.__new__(base)
    mark = object()
    setattr(probe, slot, mark)
    words = base.__basicsize__ // 8
    held = (ctypes.c_int64 * words).from_address(id(probe))
    places = [index for index in range(2, words) if held[index] == id(mark)]
    setattr(probe, slot, None)
    _expect(len(places) == 1, "the slots of an instance")
    return 8 * places[0]
