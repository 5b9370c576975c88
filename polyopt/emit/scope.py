"""What a printer knows while it prints: names, places, and what its text has used so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from polyopt.emit.names import Names
from polyopt.emit.place import Place
from polyopt.emit.program import FpMode


@dataclass
class Used:
    """What some text refers to: filled while it is printed.

    `values` and `arrays` are free in the function being printed, so they become its parameters;
    `helpers` and `functions` (of libm, with the letters of their argument types) belong to the
    whole program.
    """

    values: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    functions: dict[str, Signature] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signature:
    """A libm function as the program declares it."""

    name: str
    ctype: str
    arity: int
    vector: bool


@dataclass(frozen=True)
class Scope:
    """The context of printing. `vector`: inside a vector loop."""

    names: Names
    places: Mapping[str, Place]
    fp: FpMode
    used: Used
    vector: bool = False

    def value(self, name: str) -> str:
        """The C name of a loop variable, parameter or scalar argument, noted as used."""
        self.used.values.add(name)
        return self.names.of("value", name)

    def place(self, array: str, write: bool = False) -> Place:
        """The place of an array, noted as used."""
        self.used.arrays.add(array)
        if write:
            self.used.written.add(array)
        return self.places[array]

    def helper(self, name: str) -> str:
        """The name of a helper function, noted as used."""
        self.used.helpers.add(name)
        return name

    def with_place(self, array: str, place: Place) -> Scope:
        """The same scope with one array elsewhere."""
        return replace(self, places={**self.places, array: place})

    def inside_function(self, places: Mapping[str, Place]) -> Scope:
        """The scope of another function's body: nothing of its own used yet."""
        fresh = Used(helpers=self.used.helpers, functions=self.used.functions)
        return replace(self, places=places, used=fresh)
