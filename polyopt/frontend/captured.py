"""Names that the function does not assign: numbers, modules, functions, size symbols.

They are known by identity, not by spelling: `from math import sqrt as root` works, and a global
that happens to be called `sqrt` does not pass for the function.
"""

from __future__ import annotations

import ast
import builtins
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import FunctionType, ModuleType

import numpy as np

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend import markers, messages
from polyopt.frontend.context import Context
from polyopt.frontend.messages import SCALAR_FUNCTIONS
from polyopt.frontend.values import OutOfRangeError, Value, number
from polyopt.model.symbols import Symbol
from polyopt.model.types import DTYPES, DType, from_numpy

MODULES = ("math", "numpy", "polyopt")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the language knows, such as `math.sqrt` or `numpy.zeros`."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Helper:
    """A plain Python function, whose calls are read in place (`inline`)."""

    function: FunctionType


@dataclass(frozen=True, slots=True)
class KernelFunction:
    """Another kernel's function, whose calls are read in place with its arrays (`kernel_calls`)."""

    function: FunctionType


Captured = Value | ModuleType | Function | Helper | KernelFunction | DType | Symbol

_MATH = {
    id(value): Function("math", name)
    for name, value in vars(math).items()
    if callable(value) and not name.startswith("_")
}
_BUILTINS = {
    id(getattr(builtins, name)): Function("builtins", name)
    for name in ("range", "len", "min", "max", "abs", "pow", "float", "int", "bool", "complex")
}
ARRAY_MAKERS = ("zeros", "empty", "ones", "full")
_NUMPY = {
    id(getattr(np, name)): Function("numpy", name) for name in (*ARRAY_MAKERS, *SCALAR_FUNCTIONS)
}
_MARKERS = {
    id(markers.assume): Function("polyopt", "assume"),
    id(markers.label): Function("polyopt", "label"),
    id(markers.injective): Function("polyopt", "injective"),
    id(markers.monotone): Function("polyopt", "monotone"),
    id(markers.within): Function("polyopt", "within"),
}
_FUNCTIONS = {**_MATH, **_BUILTINS, **_NUMPY, **_MARKERS}


def resolve(context: Context, node: ast.expr) -> Captured | None:
    """What a name or dotted name stands for; None where it is the function's own.

    Raises UnsupportedSyntaxError for values that cannot be frozen into a kernel.
    """
    if isinstance(node, ast.Name):
        if _is_own(context, node.id):
            return None
        return _name(context, node)
    if isinstance(node, ast.Attribute):
        owner = resolve(context, node.value) if _is_dotted(node.value) else None
        if isinstance(owner, ModuleType):
            return _member(context, node, owner)
    return None


def _is_dotted(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and _is_dotted(node.value)
    )


def _is_own(context: Context, name: str) -> bool:
    if context.frames:
        return name in context.frames[-1].names
    own = context.stored.keys() | context.arrays.keys() | context.signature.scalars.keys()
    return name in own or name in context.locals


def _name(context: Context, node: ast.Name) -> Captured:
    try:
        value = context.source.captured(node.id)
    except LookupError:
        raise context.unsupported(node, messages.UNKNOWN_NAME(name=node.id)) from None
    found = _freeze(context, node, value)
    if isinstance(found, Value):
        context.captured[_key(context, node.id)] = f"{type(value).__name__} {value!r}"
    elif isinstance(found, Symbol):
        context.captured[_key(context, node.id)] = f"symbol {found.name}"
    elif isinstance(found, Helper | KernelFunction):
        code = found.function.__code__
        place = f"{code.co_filename}:{code.co_firstlineno}"
        context.captured[_key(context, node.id)] = f"function {place} {code.co_code.hex()}"
    return found


def _key(context: Context, name: str) -> str:
    """A captured name; a helper's stand under its own."""
    return ".".join([*(frame.function.__qualname__ for frame in context.frames), name])


def _member(context: Context, node: ast.Attribute, module: ModuleType) -> Captured:
    try:
        value = getattr(module, node.attr)
    except AttributeError:
        text = messages.NO_SUCH_MEMBER(module=module.__name__, name=node.attr)
        raise context.unsupported(node, text) from None
    return _freeze(context, node, value)


def _freeze(context: Context, node: ast.expr, value: object) -> Captured:
    if isinstance(value, ModuleType):
        if any(sys.modules.get(name) is value for name in MODULES):
            return value
        raise context.unsupported(node, messages.CAPTURED_MODULE(name=value.__name__))
    known = _FUNCTIONS.get(id(value))
    if known is not None:
        return known
    if isinstance(value, DType | Symbol):
        return value
    if isinstance(value, FunctionType) and not _is_numpys(value):
        return Helper(value)
    if any(kind.__module__ == "polyopt.kernel" for kind in type(value).__mro__):
        function = getattr(value, "py_func", None)
        if isinstance(function, FunctionType):
            return KernelFunction(function)
    if isinstance(value, type) and issubclass(value, np.generic):
        dtype = from_numpy(np.dtype(value))
        if dtype is not None:
            return dtype
    if has_own_arithmetic(type(value)):
        kind = type(value).__name__
        raise context.unsupported(node, messages.OWN_ARITHMETIC(name=context.text(node), kind=kind))
    try:
        found = number(value)
    except OutOfRangeError as error:
        raise context.unsupported(node, messages.OUT_OF_RANGE(fact=str(error))) from error
    if found is None:
        raise _refusal(context, node, value)
    return found


def has_own_arithmetic(kind: type) -> bool:
    """Whether a class of numbers reckons otherwise than the number that it holds.

    Members of an IntEnum or IntFlag do not, whatever Python's `enum` defines for them.
    """
    base = next((c for c in kind.__mro__ if c in _NUMBERS), None)
    if base is None or base is kind:
        return False
    own = kind.__mro__[: kind.__mro__.index(base)]
    return any(not _REPRESENTING.issuperset(_methods(c)) for c in own)


_NUMBERS: frozenset[type] = frozenset({bool, int, float, complex, *(d.numpy.type for d in DTYPES)})
_REPRESENTING = frozenset(
    {
        *("__new__", "__init__", "__init_subclass__", "__getattribute__", "__getattr__"),
        *("__repr__", "__str__", "__format__", "__hash__", "__reduce__", "__reduce_ex__"),
        *("__getnewargs__", "__getstate__", "__setstate__", "__copy__", "__deepcopy__"),
        *("__class_getitem__", "__set_name__", "__del__", "__dir__", "__sizeof__"),
    }
)


def _methods(kind: type) -> Iterator[str]:
    """The special methods that a class itself defines, but for those of Python's `enum`."""
    return (
        name
        for name, value in vars(kind).items()
        if name.startswith("__") and callable(value)
        if getattr(value, "__module__", None) != "enum"
    )


def _is_numpys(value: FunctionType) -> bool:
    return (value.__module__ or "").split(".")[0] in ("numpy", "polyopt")


def _refusal(context: Context, node: ast.expr, value: object) -> UnsupportedSyntaxError:
    name = context.text(node)
    if isinstance(value, np.ndarray):
        return context.unsupported(node, messages.CAPTURED_ARRAY(name=name))
    if isinstance(value, np.ufunc) or getattr(value, "__module__", "") == "numpy":
        return context.unsupported(node, messages.numpy_function(name))
    if callable(value):
        return context.unsupported(node, messages.unknown_function(name))
    return context.unsupported(node, messages.CAPTURED_VALUE(name=name, kind=type(value).__name__))
