"""What is known while a function's body is read: arrays, arguments, names and their types.

The body is read in rounds, until nothing new is learnt. A name starts as an *affine name*, a
shorthand for the integer expression assigned to it. It is demoted to a *data scalar* (a rank-0
array) once it gets a value that is not affine, or is read where more than one assignment could
have set it. The types of data scalars are gathered over all their assignments. What a round learns
goes into `Facts`; the round that learns nothing new made the result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType

from polyopt.errors import NotAffineError, UnsupportedSyntaxError
from polyopt.frontend import messages
from polyopt.frontend.flow import Ends, Flow
from polyopt.frontend.promotion import (
    Side,
    Sides,
    beside,
    conversion_is_uniform,
    is_exact,
    known_type,
    mix,
)
from polyopt.frontend.signature import Signature
from polyopt.frontend.source import FunctionSource
from polyopt.frontend.values import OutOfRangeError, Value, coerce
from polyopt.frontend.walks import loop_variables, stored_names
from polyopt.model.affine import Affine, Compare, Condition
from polyopt.model.expr import Cast, Const, Expr, Load
from polyopt.model.nest import Array, Assign, Assumption, IndexFact, Result
from polyopt.model.types import DType, ScalarType, bool_, i32, i64, u64
from polyopt.source import Location

PYTHON_NAMES = {"c": "complex", "f": "float", "i": "int", "b": "bool"}


@dataclass(frozen=True)
class Facts:
    """What earlier rounds learnt.

    Why a name is data, the types of data scalars' values, and those at the ends of loops. `folds`:
    whether the one constant that reaches a place is written there. What a branch under it assigns
    may then come and go from round to round.
    """

    data: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, Sides] = field(default_factory=dict)
    ends: Ends = field(default_factory=dict)
    folds: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """An affine name or a loop variable with its present value; `line` is where it was bound."""

    value: Affine
    type: ScalarType
    is_loop: bool
    line: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A name that no single assignment determines here."""

    reason: str
    ended_loop: int | None = None


@dataclass(frozen=True)
class Frame:
    """A helper function being read in the place of its call: its own names."""

    function: FunctionType
    names: dict[str, Value] = field(default_factory=dict)


@dataclass
class Returns:
    """What a function returns, as far as it is read: `places` are its `return`s by identity.

    `several`: more than one of them gives values. `names` are those of the scalars, `last` is the
    last one that was read, `kept` those that are made of others.
    """

    places: set[int] = field(default_factory=set)
    several: bool = False
    names: dict[str, str] = field(default_factory=dict)
    result: Result | None = None
    last: ast.AST = field(default_factory=ast.Pass)
    kept: list[ast.Return] = field(default_factory=list)


class Pending(Exception):  # noqa: N818  (no error: the type is learnt later in the round)
    """A data scalar is read before any round has seen the type of its assignments."""


class Context:
    """The state of one round."""

    def __init__(self, source: FunctionSource, signature: Signature, facts: Facts) -> None:
        self.source = source
        self.signature = signature
        self.facts = facts
        self.arrays: dict[str, Array] = dict(signature.arrays)
        self.ended: dict[str, Array] = {}
        self.bindings: dict[str, Bound | Lost] = dict(signature_bindings(signature))
        self.data: dict[str, str] = dict(facts.data)
        self.stored = stored_names(source.node.body)
        self.loop_lines = loop_variables(source.node.body)
        self.loop_stores: list[dict[str, int]] = []
        self.depth = 0
        self.label: str | None = None
        self.locals: dict[str, Location] = {}
        self.seen: dict[str, set[Side]] = {}
        self.assigned: set[str] = set()
        self.used: dict[str, set[Sides]] = {}
        self.flow = Flow(facts.ends)
        self.frames: list[Frame] = []
        self.mixed: list[UnsupportedSyntaxError] = []
        self.assumptions: list[Assumption] = []
        self.index_facts: list[IndexFact] = []
        self.captured: dict[str, str] = {}
        self._taken = set(self.stored) | set(signature.names) | signature.captured_names
        self.pending: list[ast.Name] = []
        self.returns = Returns()
        self.inlined: list[FunctionType] = []
        self.returned_names: set[str] = set()
        self.flags: set[str] = set()
        self.kept_names: dict[str, None] = {}
        self._relearn = False
        self._storage: dict[str, str] = {}

    # ---- errors ----

    def unsupported(self, node: ast.AST, message: str) -> UnsupportedSyntaxError:
        """The error for a construct outside the language, at its place."""
        return UnsupportedSyntaxError(message, self.source.locate(node))

    def not_affine(self, node: ast.AST, message: str) -> NotAffineError:
        """The error for an expression that is not affine, at its place."""
        return NotAffineError(message, self.source.locate(node))

    def text(self, node: ast.expr | ast.stmt) -> str:
        """A node's source text."""
        return self.source.text(node)

    def coerce(self, value: Value, dtype: DType, node: ast.AST) -> Expr:
        """`value` converted to `dtype`; a constant out of range is refused at `node`.

        So is a value whose type depends on data, where the bits would depend on it too.
        """
        if not conversion_is_uniform(value.mixed, value.type.dtype, dtype):
            self.refuse_mixed(node, value)
        if value.type.dtype.is_complex and not (dtype.is_complex or dtype is bool_):
            raise self.unsupported(node, messages.COMPLEX_TO_REAL(type=dtype))
        try:
            return coerce(value, dtype)
        except OutOfRangeError as error:
            raise self.unsupported(node, messages.OUT_OF_RANGE(fact=str(error))) from error

    def python_int(self, value: Value, node: ast.AST) -> Expr:
        """`int(value)`, which 64 bits with a sign must hold; refuses `u64`."""
        if any(side.type.dtype is u64 for side in value.sides):
            raise self.unsupported(node, messages.UNSIGNED_INT)
        return self.coerce(value, i64, node)

    def check_held(self, node: ast.AST, dtype: DType, *values: Value) -> None:
        """Refuse Python's integers that `dtype`, the type they share with others, may not hold."""
        for value in values:
            weak = any(
                s.type.weak and s.type.dtype is i64 and s.constant is None for s in value.sides
            )
            if weak and dtype.is_integer and dtype not in (i32, i64):
                self.refuse_mixed(node, *values)

    def refuse_mixed(self, node: ast.AST, *values: Value) -> None:
        """Note that the result at `node` has bits that depend on which types the values have.

        It is raised in the round that learns nothing new: earlier ones may know too little.
        """
        known = [value for value in values if value.mixed] or values
        types = sorted({_python_type(s.type) for value in known for s in value.sides})
        self.mixed.append(self.unsupported(node, messages.MIXED(types=" or ".join(types))))

    # ---- helpers ----

    @contextmanager
    def inside(self, source: FunctionSource, function: FunctionType) -> Iterator[Frame]:
        """Read the text of a helper function, with its own names and its own globals."""
        outer, arrays = self.source, self.arrays
        self.source, self.arrays = source, {}
        self.frames.append(Frame(function))
        try:
            yield self.frames[-1]
        finally:
            self.frames.pop()
            self.source, self.arrays = outer, arrays

    # ---- names ----

    def fresh(self, stem: str) -> str:
        """A name that the function does not use: `stem`, `stem_1`, …."""
        name, count = stem, 0
        while name in self._taken:
            count += 1
            name = f"{stem}_{count}"
        self._taken.add(name)
        return name

    def note(self, text: Iterable[ast.stmt]) -> None:
        """Know the names that a rewritten text assigns."""
        nodes = list(text)
        stored = stored_names(nodes)
        self._taken |= stored.keys()
        self.stored |= stored
        self.loop_lines |= loop_variables(nodes)

    def release(self, name: str) -> None:
        """Give a fresh name back that was not needed."""
        self._taken.discard(name)

    def demote(self, name: str, reason: str, node: ast.AST) -> None:
        """From here on, and in the next round from the start, `name` is a data scalar."""
        if name in self.loop_lines:
            raise self.unsupported(
                node, messages.LOOP_VARIABLE_IS_DATA(name=name, line=self.loop_lines[name])
            )
        if name in self.bindings:
            self._relearn = True
        self.data[name] = reason

    def storage(self, name: str) -> str:
        """The rank-0 array of a data scalar: its name, unless an argument has that already."""
        if name not in self.signature.names:
            return name
        if name not in self._storage:
            self._storage[name] = self.fresh(f"{name}_local")
        return self._storage[name]

    def scalar_sides(self, name: str) -> Sides:
        """The types of a data scalar as far as they are known; raises Pending where none is."""
        known = self.facts.types.get(name)
        if known is None:
            if name not in self.seen:
                self._relearn = True
                raise Pending
            known = frozenset(self.seen[name])
        self.used.setdefault(name, set()).add(known)
        return known

    def scalar(self, name: str) -> Value:
        """A data scalar's value."""
        known = self.scalar_sides(name)
        joined = mix(known)[0]
        return self._seen_as(Load(self.storage(name), (), joined.dtype), joined, name)

    def _seen_as(self, load: Load, joined: ScalarType, name: str) -> Value:
        """A data scalar's value, of the types that reach this place."""
        sides = self.flow.reaching.get(name) or self.scalar_sides(name)
        only = known_type(sides, joined.dtype)
        if only is None or only.type == joined:
            return Value(load, joined, beside(joined, sides))
        if only.constant is not None and (self.facts.folds or not is_exact(only, joined.dtype)):
            return Value(Const(only.constant, only.type.dtype), only.type)
        return Value(Cast(load, only.type.dtype), only.type)

    def set_scalar(self, name: str, value: Value, node: ast.AST, at: ast.AST) -> Assign:
        """The assignment of `value` to a data scalar, which the statement `at` makes."""
        where = self.source.locate(at)
        self.locals.setdefault(name, where)
        self.seen.setdefault(name, set()).update(value.sides)
        self.assigned.add(name)
        self.flow.reaching[name] = value.sides
        joined = mix(self.scalar_sides(name))[0].dtype
        self.check_held(node, joined, value)
        expr = self.coerce(value, joined, node)
        return Assign(self.storage(name), (), expr, None, self.label, where)

    def learnt(self) -> Facts | None:
        """What this round adds to the facts; None where it adds nothing."""
        types = {name: frozenset(seen) for name, seen in self.seen.items()}
        settled = all(used == {types.get(name)} for name, used in self.used.items())
        if settled and not self._relearn and self.flow.found == self.flow.ends:
            return None
        return Facts(dict(self.data), types, self.flow.found, self.facts.folds)

    def known(self) -> tuple[list[str], list[Condition]]:
        """The parameters, and what is known of them here."""
        zero = Affine.integer(0)
        extents = [Compare(">=", e, zero) for a in self.arrays.values() for e in a.shape]
        stated = [assumption.condition for assumption in self.assumptions]
        return [p.name for p in self.signature.parameters], [*extents, *stated]

    def bind(self, name: str, affine: Affine, type_: ScalarType, line: int) -> None:
        """From here on, `name` stands for an affine value."""
        self.bindings[name] = Bound(affine, type_, False, line)
        constant = affine.constant if type_.weak and affine.is_constant else None
        self.seen.setdefault(name, set()).add(Side(type_, constant))
        self.assigned.add(name)
        self.flow.reaching[name] = frozenset({Side(type_, constant)})

    # ---- scopes ----

    @contextmanager
    def block(self, body: Iterable[ast.AST], *, loop: bool) -> Iterator[None]:
        """The body of a loop or a branch: what it assigns is unknown after it, and the local
        arrays that it makes have ended."""
        outer, arrays = dict(self.bindings), dict(self.arrays)
        stores = stored_names(body)
        self.depth += 1
        if loop:
            self.loop_stores.append(stores)
            for name, line in stores.items():
                if name in self.bindings:
                    self.bindings[name] = Lost(messages.REASSIGNED_IN_LOOP.format(line=line))
        yield
        if loop:
            self.loop_stores.pop()
        self.depth -= 1
        new = self.arrays.keys() - arrays.keys() - self.returned_names
        made = {n: a for n, a in self.arrays.items() if n in new}
        made = {n: a for n, a in made.items() if a.kind == "local" or a.name != n}
        self.ended |= made
        self.arrays = {n: a for n, a in self.arrays.items() if n not in made}
        ended = {n: b for n, b in self.bindings.items() if isinstance(b, Lost) and b.ended_loop}
        self.bindings = outer
        for name, line in stores.items():
            self.bindings[name] = ended.get(name) or Lost(
                messages.ASSIGNED_IN_BLOCK.format(line=line)
            )


def _python_type(type_: ScalarType) -> str:
    return f"Python's {PYTHON_NAMES[type_.dtype.kind]}" if type_.weak else str(type_.dtype)


def signature_bindings(signature: Signature) -> Iterator[tuple[str, Bound]]:
    """Integer arguments stand for the parameters of their names."""
    for name, type_ in signature.scalars.items():
        if type_.dtype in (i32, i64):
            yield name, Bound(Affine.name(name), type_, False, signature.lines[name])
