"""What a printer knows while it prints: names, places, and what its text has used so far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from polyopt.emit.loops import Promote
from polyopt.emit.names import Names
from polyopt.emit.place import Place
from polyopt.emit.target import DEFAULT, CTarget
from polyopt.model.affine import Affine
from polyopt.model.expr import Expr
from polyopt.model.scan import Verify
from polyopt.model.types import DType, FpMode

Target = tuple[str, str, tuple[Affine, ...]]
"""An access as a statement writes it: statement, array, subscripts in its own iterators."""


@dataclass
class Used:
    """What some text refers to: filled while it is printed.

    `values` and `arrays` are free in the function being printed, so they become its parameters;
    `helpers`, `functions` (of libm), `reductions` (declared to OpenMP) and `choices` (how often
    lanes choose by each condition what is known already, and how often they compute it then, under
    no condition's name) belong to the whole program.
    """

    values: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    helpers: set[str] = field(default_factory=set)
    functions: dict[str, Signature] = field(default_factory=dict)
    reductions: set[str] = field(default_factory=set)
    choices: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Signature:
    """A libm function as the program declares it."""

    name: str
    ctype: str
    arity: int
    vector: bool


@dataclass(frozen=True, slots=True)
class Lanes:
    """A loop that runs in vectors of `width` elements of a type."""

    variable: str
    width: int
    dtype: DType

    @property
    def ctype(self) -> str:
        """The vector's type."""
        return f"{self.dtype}x{self.width}"


@dataclass(frozen=True)
class Scope:
    """The context of printing.

    `places` maps arrays, and the names of blocks that hold only some accesses, to C objects;
    `redirected` says which accesses go to such a block. `vector`: inside a vector loop.
    `wide`: affines are computed without overflow. `loops`: of each loop around, by its variable,
    where it starts, and how much further it goes at most where that is known. `prepared`: what
    the buffers hold that do not hold elements as they are. `codes`: what the entry function returns
    where a check that a statement makes itself fails. `given`: parts of guards that hold here.
    """

    names: Names
    places: Mapping[str, Place]
    fp: FpMode
    used: Used
    vector: bool = False
    redirected: Mapping[Target, str] = field(default_factory=dict)
    wide: bool = False
    target: CTarget = DEFAULT
    lanes: Lanes | None = None
    loops: Mapping[str, tuple[Affine, int | None]] = field(default_factory=dict)
    prepared: Mapping[str, Expr] = field(default_factory=dict)
    codes: Mapping[Verify, int] = field(default_factory=dict)
    given: frozenset[Expr] = frozenset()

    def value(self, name: str) -> str:
        """The C name of a loop variable, parameter or scalar argument, noted as used."""
        self.used.values.add(name)
        return self.names.of("value", name)

    def place(self, array: str, write: bool = False) -> Place:
        """The place of an array or a block, noted as used."""
        self.used.arrays.add(array)
        if write:
            self.used.written.add(array)
        return self.places[array]

    def holder(self, statement: str, array: str, subscripts: tuple[Affine, ...]) -> str:
        """The key in `places` for an access as a statement writes it."""
        return self.redirected.get((statement, array, subscripts), array)

    def helper(self, name: str) -> str:
        """The name of a helper function, noted as used."""
        name = self.target.helpers.get(name, name)
        self.used.helpers.add(name)
        return name

    def with_block(self, promote: Promote, place: Place) -> Scope:
        """The scope inside a promoted block; `leave_block` ends it."""
        used = replace(self.used, arrays=set(), written=set())
        if not promote.targets:
            kept = {t: b for t, b in self.redirected.items() if t[1] != promote.array}
            places = {**self.places, promote.array: place}
            return replace(self, places=places, redirected=kept, used=used)
        key = block_key(promote, place)
        moved = {(s, promote.array, subscripts): key for s, subscripts in promote.targets}
        places = {**self.places, key: place}
        return replace(self, places=places, redirected={**self.redirected, **moved}, used=used)

    def leave_block(self, promote: Promote, place: Place, inside: Scope) -> None:
        """Note what a block's body has used, but for the block itself."""
        own = {block_key(promote, place) if promote.targets else promote.array}
        self.used.arrays.update(inside.used.arrays - own)
        self.used.written.update(inside.used.written - own)

    def inside_function(self, places: Mapping[str, Place]) -> Scope:
        """The scope of another function's body: nothing of its own used yet."""
        used = self.used
        fresh = replace(used, values=set(), arrays=set(), written=set())
        return replace(self, places=places, used=fresh)


def block_key(promote: Promote, place: Place) -> str:
    """The key in `places` of a block that holds only some accesses to its array."""
    return f"{promote.array} in {place.name}"
