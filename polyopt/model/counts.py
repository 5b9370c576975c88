"""What a kernel costs, as exact formulas in the sizes of a call: instances, operations, elements
and bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import islpy as isl
import sympy

from polyopt._isl import Frame
from polyopt.displayed import Displayed
from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine, All, Compare, Condition
from polyopt.model.expr import Binary, Call, Expr, Select, Unary, children
from polyopt.model.nest import Array
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.summing import Piece, counted, formula, not_negative, quotient
from polyopt.model.symbols import Symbol

_ALL = ("read", "write", "may_write")


@dataclass(frozen=True)
class Cost(Displayed):
    """What a kernel computes and touches, as formulas in its sizes.

    `operations` counts arithmetic and calls of functions on data, not comparisons nor index
    arithmetic; of a conditional expression the longer side. `bytes` is the least traffic with
    memory: every element that is read from arrays once, and every element that is written once.
    Guards on data count as true, and elements that data choose as all there are.
    """

    scop: Scop

    @cached_property
    def instances(self) -> dict[str, sympy.Expr]:
        """Per statement how often it runs."""
        return {s.name: self._formula(self._runs[s.name]) for s in self.scop.statements}

    @cached_property
    def operations(self) -> sympy.Expr:
        """Arithmetic operations of a call."""
        return self._formula(self._operations)

    @cached_property
    def elements(self) -> dict[str, sympy.Expr]:
        """Per array how many of its elements are touched."""
        return {a: self._formula(self._touched(a, _ALL)) for a in self._arrays}

    @cached_property
    def bytes(self) -> sympy.Expr:
        """The least traffic with memory."""
        return self._formula(self._bytes)

    @cached_property
    def intensity(self) -> sympy.Expr:
        """Operations per byte."""
        return quotient(self._operations, self._bytes, self._known, self.scop.parameter_names)

    def footprint(self, tile: Mapping[str, int | str | Symbol]) -> dict[str, sympy.Expr]:
        """Per array the elements that a whole tile touches.

        `cost.footprint({"i": 32, "j": "T"})` is of a tile with 32 iterations of i and T of j; loops
        that are not named run as often as they do. Raises BadArgumentError for loops that there
        are not, and for sizes that are not positive.
        """
        cut = _Tile(self.scop, _tile_sizes(self.scop, tile))
        return {a: cut.formula(cut.elements(a)) for a in self._arrays}

    def footprint_bytes(self, tile: Mapping[str, int | str | Symbol]) -> sympy.Expr:
        """The bytes of the elements that a whole tile touches: what a cache should hold.

        Raises as `footprint` does.
        """
        cut = _Tile(self.scop, _tile_sizes(self.scop, tile))
        sizes = {a: self.scop.dtype(a).numpy.itemsize for a in self._arrays}
        return cut.formula([(s, sizes[a] * n) for a in sizes for s, n in cut.elements(a)])

    def __str__(self) -> str:
        rows = [(name, str(value)) for name, value in self.rows]
        wide = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{wide}}  {value}" for name, value in rows)

    @property
    def rows(self) -> tuple[tuple[str, sympy.Expr], ...]:
        """Every formula and what it is of."""
        return (
            ("operations", self.operations),
            ("bytes", self.bytes),
            ("operations per byte", self.intensity),
            *((f"runs of {name}", n) for name, n in self.instances.items()),
            *((f"elements of {name}", n) for name, n in self.elements.items()),
        )

    @cached_property
    def _known(self) -> isl.Set:
        return not_negative(self.scop.context, self.scop.parameter_names)

    def _formula(self, pieces: Sequence[Piece]) -> sympy.Expr:
        return formula(pieces, self._known, self.scop.parameter_names)

    @cached_property
    def _runs(self) -> dict[str, list[Piece]]:
        names = self.scop.parameter_names
        return {s.name: counted(s.domain, names) for s in self.scop.statements}

    @cached_property
    def _operations(self) -> list[Piece]:
        each = {s.name: operations_of(s) for s in self.scop.statements}
        return [(s, each[name] * n) for name, runs in self._runs.items() for s, n in runs]

    @cached_property
    def _bytes(self) -> list[Piece]:
        found: list[Piece] = []
        for array in self._arrays:
            size = self.scop.dtype(array).numpy.itemsize
            for kinds in (("read",), ("write", "may_write")):
                found += [(s, size * n) for s, n in self._touched(array, kinds)]
        return found

    @property
    def _arrays(self) -> tuple[str, ...]:
        """The arrays with elements in memory: no scalar locals."""
        used = {a.array for s in self.scop.statements for a in s.accesses}
        return tuple(a.name for a in self.scop.arrays if a.shape and a.name in used)

    def _touched(self, array: str, kinds: tuple[str, ...]) -> list[Piece]:
        names = self.scop.parameter_names
        parts = [
            _image(Frame(names, s.name, s.iterators), access, s.domain, self.scop.array(array))
            for s in self.scop.statements
            for access in s.accesses
            if access.array == array and access.kind in kinds
        ]
        return counted(_union(parts), names) if parts else []


def cost(scop: Scop) -> Cost:
    """The formulas of a kernel; each is worked out when it is asked for.

    Raises BadArgumentError where data decide how often a loop runs.
    """
    unknown = next((s for s in scop.statements if s.ranges), None)
    if unknown is not None:
        raise BadArgumentError(
            f"data decide how often {unknown.name} runs ({unknown.location.short}): no formula in "
            "the sizes counts that"
        )
    return Cost(scop)


class _Tile:
    """A whole tile somewhere inside the loops: its first iterations are further parameters."""

    def __init__(self, scop: Scop, sizes: Mapping[str, Affine]) -> None:
        self.scop, self.sizes = scop, sizes
        extra = sorted({n for size in sizes.values() for n in size.names()})
        self.names = (*scop.parameter_names, *(f"{i}_first" for i in sizes), *extra)
        self.frames = {s.name: Frame(self.names, s.name, s.iterators) for s in scop.statements}
        self.inside = {s.name: self._inside(s) for s in scop.statements}
        positive = (Compare(">=", Affine.name(n), Affine.integer(1)) for n in extra)
        known = Frame(self.names, None, ()).holds(All(tuple(positive)))
        for s in scop.statements:
            if set(s.iterators) & sizes.keys():
                known = known.intersect(self.inside[s.name].params())
        self.known = not_negative(known, (*scop.parameter_names, *extra))

    def elements(self, array: str) -> list[Piece]:
        """How many elements of an array the tile touches."""
        parts = [
            _image(self.frames[s.name], access, self.inside[s.name], self.scop.array(array))
            for s in self.scop.statements
            for access in s.accesses
            if access.array == array
        ]
        return counted(_union(parts), self.names) if parts else []

    def formula(self, pieces: Sequence[Piece]) -> sympy.Expr:
        """Pieces added up, for sizes at which there is such a tile."""
        return formula(pieces, self.known, self.names)

    def _inside(self, statement: Statement) -> isl.Set:
        """A statement's instances in the tile, which lies within the loops that it cuts."""
        domain = statement.domain
        for position, name in enumerate(statement.iterators):
            if name in self.sizes:
                domain = domain.eliminate(isl.dim_type.set, position, 1)
        parts: list[Condition] = []
        for name in statement.iterators:
            if name in self.sizes:
                first, here = Affine.name(f"{name}_first"), Affine.name(name)
                end = first + self.sizes[name]
                parts += [Compare(">=", here, first), Compare("<", here, end)]
        return self.frames[statement.name].holds(All(tuple(parts))).intersect(domain)


def operations_of(statement: Statement) -> int:
    """Arithmetic operations and function calls of one instance."""
    guard = 0 if statement.guard is None else _operations(statement.guard)
    return guard + _operations(statement.value)


def _operations(expr: Expr) -> int:
    if isinstance(expr, Select):
        sides = max(_operations(expr.then), _operations(expr.otherwise))
        return _operations(expr.condition) + sides
    own = isinstance(expr, Binary | Call) or (isinstance(expr, Unary) and expr.op in ("neg", "abs"))
    return own + sum(map(_operations, children(expr)))


# ---- sets to count ---------------------------------------------------------------------------


def _image(frame: Frame, access: Access, domain: isl.Set, array: Array) -> isl.Set:
    """The elements that an access touches from a domain; all there are where data choose them."""
    image = frame.access(access.array, access.subscripts).intersect_domain(domain).range()
    if image.is_bounded():
        return image
    names = tuple(f"e{k}" for k in range(len(array.shape)))
    inside = Frame(frame.parameters, array.name, names)
    ends = zip(names, array.shape, strict=True)
    parts = [c for n, end in ends for c in _between(Affine.name(n), end)]
    return image.intersect(inside.holds(All(tuple(parts))))


def _between(index: Affine, end: Affine) -> tuple[Condition, Condition]:
    return Compare(">=", index, Affine.integer(0)), Compare("<", index, end)


def _union(parts: Sequence[isl.Set]) -> isl.Set:
    result = parts[0]
    for part in parts[1:]:
        result = result.union(part)
    return result.coalesce()


def _tile_sizes(scop: Scop, tile: Mapping[str, int | str | Symbol]) -> dict[str, Affine]:
    known = dict.fromkeys(i for s in scop.statements for i in s.iterators)
    sizes = {}
    for loop, size in tile.items():
        if loop not in known:
            loops = ", ".join(map(repr, known)) or "none"
            raise BadArgumentError(f"{scop.name} has no loop {loop!r}. Its loops are: {loops}.")
        named = str(size) if isinstance(size, str | Symbol) else ""
        if named.isidentifier() and named not in scop.parameter_names:
            sizes[loop] = Affine.name(named)
        elif isinstance(size, int) and not isinstance(size, bool) and size > 0:
            sizes[loop] = Affine.integer(size)
        else:
            raise BadArgumentError(
                f"a tile has a positive number of iterations of {loop}, or a name for it that no "
                f"size of the kernel has, not {size!r}"
            )
    return sizes
