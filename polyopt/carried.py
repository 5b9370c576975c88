"""Kernels as Python's other functions: they bind as methods, and travel to other processes."""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol, Self, cast

from polyopt.errors import CallError, PolyoptError
from polyopt.frontend.remade import remade, scope_of, without_self

if TYPE_CHECKING:
    from polyopt.frontend.source import FunctionSource
    from polyopt.options import Options

Maker = Callable[["FunctionSource", "Options"], "Carried"]


class _Called(Protocol):
    def __call__(self, *args: object, **kwargs: object) -> object: ...

    def specialize(self, *args: object, **kwargs: object) -> object: ...


class Carried:
    """What a kernel does as an attribute of a class, and when it is pickled or copied."""

    __slots__ = ()

    __name__: str
    __qualname__: str
    options: Options

    @property
    def function_source(self) -> FunctionSource:
        """The text of the function, with its lines and names."""
        raise NotImplementedError

    @property
    def maker(self) -> Maker:
        """What makes a kernel of a function's text and options."""
        raise NotImplementedError

    def __get__(self, instance: object, owner: type | None = None) -> Self | Method:
        """The kernel itself for the class, a method for its instances."""
        return self if instance is None else Method(self, instance)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self

    def __reduce__(self) -> str | tuple[object, ...]:
        """By name where that leads here, as for functions; else by text and what it captures."""
        found: object = sys.modules.get(self.__module__)
        for part in self.__qualname__.split("."):
            found = getattr(found, part, None)
        if found is self:
            return self.__qualname__
        source = self.function_source
        values = {n: _packed(v) for n, v in scope_of(source).items() if v is not self}
        text = (source.name, source.file, source.first_line, source.lines)
        names = (self.__module__, self.__qualname__)
        return _unpickled, (self.maker, text, values, self.options, names)


class Method:
    """A kernel that is called on an object, whose attributes it reads at each call.

    Arrays and numbers among them are arguments as others are: what the kernel writes, the object
    holds.
    """

    __slots__ = ("__self__", "kernel")

    def __init__(self, kernel: Carried, instance: object) -> None:
        self.kernel, self.__self__ = kernel, instance

    @property
    def py_func(self) -> types.MethodType:
        """The plain method."""
        return types.MethodType(self.kernel.function_source.function, self.__self__)

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Run it; raises as the kernel itself does."""
        made, attributes = _flat(self.kernel)
        given = self._given(attributes, kwargs)
        try:
            return made(*args, **kwargs, **given)
        except PolyoptError as error:
            _speak_of_attributes(error, attributes)
            raise

    def specialize(self, *args: object, **kwargs: object) -> object:
        """The kernel for the types of these arguments and of the object's attributes."""
        made, attributes = _flat(self.kernel)
        given = self._given(attributes, kwargs)
        try:
            return made.specialize(*args, **kwargs, **given)
        except PolyoptError as error:
            _speak_of_attributes(error, attributes)
            raise

    def _given(self, attributes: Mapping[str, str], kwargs: object) -> dict[str, object]:
        name = self.kernel.__name__
        for argument, attribute in attributes.items():
            if argument in cast("Mapping[str, object]", kwargs):
                raise CallError(f"{name} reads the attribute {attribute}: do not pass {argument}")
            if not hasattr(self.__self__, attribute):
                kind = type(self.__self__).__qualname__
                raise CallError(
                    f"{name} reads the attribute {attribute}, which this {kind} does not have: "
                    "assign it before the call"
                )
        return {argument: getattr(self.__self__, a) for argument, a in attributes.items()}

    def __reduce__(self) -> tuple[object, ...]:
        return getattr, (self.__self__, self.kernel.__name__)

    def __repr__(self) -> str:
        return f"<kernel {self.kernel.__qualname__} of {self.__self__!r}>"


def _speak_of_attributes(error: PolyoptError, attributes: Mapping[str, str]) -> None:
    """Have an error's text say `self.u` for the argument `self_u`, which the caller does not see.

    An attribute is not passed: what the text says to pass is to be assigned.
    """
    if not error.args or not isinstance(error.args[0], str):
        return
    text = error.args[0]
    for argument, attribute in attributes.items():
        shown = f"{argument.rpartition(f'_{attribute}')[0]}.{attribute}"
        text = re.sub(rf"\b{argument}_shape(\d+)\b", rf"{shown}.shape[\1]", text)
        text = re.sub(rf"\b{argument}\b", shown, text)
        text = text.replace(f"argument {shown}", f"attribute {shown}")
        text = re.sub(rf"\bpass (?=[^:]*\b{re.escape(shown)}\b)", "assign ", text)
    if "assign " in text:
        text = text.replace("as two arguments", "as two attributes")
    error.args = (text, *error.args[1:])
    if isinstance(error, SyntaxError):
        error.msg = text


_FLAT = "_flat"


def _flat(kernel: Carried) -> tuple[_Called, Mapping[str, str]]:
    """The kernel of a method's function without `self`, made once."""
    kept = vars(kernel).get(_FLAT)
    if kept is None:
        source, attributes = without_self(kernel.function_source)
        kept = kernel.maker(source, kernel.options), attributes
        vars(kernel)[_FLAT] = kept
    return cast("tuple[_Called, Mapping[str, str]]", kept)


class _Module:
    """A module on its way to another process."""

    def __init__(self, name: str) -> None:
        self.name = name


def _packed(value: object) -> object:
    return _Module(value.__name__) if isinstance(value, types.ModuleType) else value


def _unpickled(
    maker: Maker,
    text: tuple[str, str, int, tuple[str, ...]],
    values: Mapping[str, object],
    options: Options,
    names: tuple[str, str],
) -> Carried:
    scope = {
        name: importlib.import_module(value.name) if isinstance(value, _Module) else value
        for name, value in values.items()
    }
    source = remade(*text, scope)
    source.function.__module__, source.function.__qualname__ = names
    return maker(source, options)
