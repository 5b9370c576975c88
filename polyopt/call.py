"""How a kernel's function is called: names, defaults, and the arguments' values and types."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from polyopt.errors import CallError, DtypeError
from polyopt.runtime.arguments import twins, types_of
from polyopt.runtime.foreign import in_place

if TYPE_CHECKING:
    from polyopt.frontend.source import FunctionSource
    from polyopt.model.types import ArgumentType

Types = Mapping[str, "ArgumentType"]
Same = Mapping[str, str]


class Call:
    """How the function is called: arguments by position or keyword, defaults filled in."""

    def __init__(self, source: FunctionSource) -> None:
        self.name = source.name
        self.source = source
        self.signature = inspect.signature(source.function)
        self.names = tuple(self.signature.parameters)
        kinds = {p.kind for p in self.signature.parameters.values()}
        positional = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
        self.positional = len(self.names) if kinds <= positional else -1

    def values(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Sequence[object]:
        """The arguments' values in the order of the definition.

        Raises CallError for missing, unknown and surplus arguments.
        """
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise CallError(f"{self}: {error}") from None
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def arrays(self, args: Sequence[object], kwargs: Mapping[str, object]) -> Sequence[object]:
        """The arguments' values, with arrays of other libraries seen as NumPy's.

        Raises CallError as `values` does, DtypeError for what no kernel takes, and as `declared`
        does where that is why.
        """
        plain = not kwargs and len(args) == self.positional
        values = args if plain else self.values(args, kwargs)
        try:
            return in_place(self.name, self.names, values)
        except DtypeError:
            _ = self.declared
            raise

    def out(self, kwargs: dict[str, object]) -> object:
        """Take `out` from the keyword arguments, where the function has none of that name."""
        return None if "out" in self.names else kwargs.pop("out", None)

    @functools.cached_property
    def declared(self) -> Types | None:
        """The types that annotations state; None where there are none.

        Raises UnsupportedSyntaxError for arguments and annotations that a kernel cannot have.
        """
        from polyopt.frontend.signature import (  # noqa: PLC0415 half the time of the import
            annotated_types,
            argument_nodes,
        )

        argument_nodes(self.source)
        return annotated_types(self.source)

    def types(self, values: Sequence[object], *, may_be_types: bool = False) -> Types:
        """The types of a call's arguments.

        Raises DtypeError and ShapeError for values that the kernel does not take.
        """
        declared = self.declared
        return types_of(self.name, self.names, values, declared, may_be_types=may_be_types)

    def same(self, values: Sequence[object], addresses: Sequence[int]) -> Same:
        """The arguments that are the same array as an earlier one."""
        first = twins(values, addresses)
        return {self.names[i]: self.names[f] for i, f in enumerate(first) if f != i}

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.names)})"
