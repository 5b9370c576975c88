"""The static control part: statements with exact domains and accesses, and their source order.

Invariants: statement names are S1, S2, … in textual order; a statement's domain is a set
`[parameters] -> { S1[iterators] }` without existentials that the context could remove; the tree
orders exactly the instances of the domains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import islpy as isl

from polyopt._isl import FEW_PARAMETERS, Frame, mentioned, told_of
from polyopt.displayed import Displayed
from polyopt.model.affine import Affine, All, Compare, Condition
from polyopt.model.expr import Expr, change_data, data, loads, rebuild_all
from polyopt.model.nest import (
    Argument,
    Array,
    Assumption,
    DataBound,
    Exit,
    IndexFact,
    LoopNest,
    Parameter,
    Result,
)
from polyopt.model.scan import ScanNode, Verify
from polyopt.model.tree import Tree
from polyopt.model.types import DType
from polyopt.source import Location

ReductionOp = Literal["add", "mul", "min", "max", "and", "or", "xor"]


@dataclass(frozen=True, slots=True)
class Reduction:
    """`target = target op operand`, whichever way it was written.

    `operand` does not read the target. `exact`: reordering changes no bit (integers, logic,
    and min/max forms that treat NaN alike in any order).
    """

    op: ReductionOp
    operand: Expr
    exact: bool


@dataclass(frozen=True, slots=True)
class Access:
    """One access of a statement. A write under a data guard, of an element or in a loop that data
    decides, is a `may_write`."""

    array: str
    kind: Literal["read", "write", "may_write"]
    subscripts: tuple[Affine, ...]


@dataclass(frozen=True)
class Statement:
    """`array[subscripts] = value where guard`, over `domain`.

    `loops` are the names of the source loops around it, outermost first, parallel to
    `iterators` (which are distinct names local to the statement). `ranges` are the bounds from
    data of the loops around it, `loose` the iterators that these bound, and `late` the checks of
    subscripts that no call can make first. `exits` are the loops around it that a flag ends.
    """

    name: str
    iterators: tuple[str, ...]
    domain: isl.Set = field(compare=False, repr=False)
    domain_text: str
    array: str
    subscripts: tuple[Affine, ...]
    value: Expr
    guard: Expr | None
    label: str | None
    location: Location
    reduction: Reduction | None
    ranges: tuple[DataBound, ...] = ()
    loose: tuple[str, ...] = ()
    late: tuple[Verify, ...] = ()
    exits: tuple[Exit, ...] = ()

    @property
    def is_certain(self) -> bool:
        """Whether every instance of the domain runs and touches the element it names."""
        named = not any(s.is_data for s in self.subscripts)
        return named and self.guard is None and not self.ranges and not self.late

    @cached_property
    def accesses(self) -> tuple[Access, ...]:
        """Reads in evaluation order, without duplicates, then the write."""
        exprs = [e for e in (self.guard, self.value) if e is not None]
        exprs += [e for s in self.subscripts for e in data(s)]
        exprs += [e for b in self.ranges for e in data(b.value)]
        reads = dict.fromkeys(
            Access(load.array, "read", load.subscripts) for e in exprs for load in loads(e)
        )
        kind: Literal["write", "may_write"] = "write" if self.is_certain else "may_write"
        return (*reads, Access(self.array, kind, self.subscripts))

    def __str__(self) -> str:
        head = f"{self.name}   {self.location.short}   {self.location.text.strip()}"
        parts = [head, f"    domain {self.domain_text}"]
        for access in self.accesses:
            inner = ", ".join(map(str, access.subscripts))
            parts.append(f"    {access.kind.replace('_', ' ')} {access.array}[{inner}]")
        if self.reduction is not None:
            parts.append(f"    reduction {self.reduction.op} into {self.array}")
        return "\n".join(parts)


@dataclass(frozen=True)
class Scop(Displayed):
    """The polyhedral model of one specialised kernel.

    `context` holds what is known of the parameters (extents are not negative; assumptions).
    `private` maps privatised locals to the number of leading iterators that index their copies,
    before the subscripts that an array has of its own.
    `tree` is the reference order, source order. `contracted` arrays have fewer cells than values;
    their dependences are those of the order in which they were contracted. `bounds` are the loop
    bounds that are read from data, `nonempty` what is taken for granted of them, and `scan` the
    checks of subscripts that a call makes first.
    """

    name: str
    arguments: tuple[Argument, ...]
    parameters: tuple[Parameter, ...]
    arrays: tuple[Array, ...]
    assumptions: tuple[Assumption, ...]
    statements: tuple[Statement, ...]
    context: isl.Set = field(compare=False, repr=False)
    context_text: str
    tree: Tree
    captured: tuple[tuple[str, str], ...]
    location: Location
    private: tuple[tuple[str, int], ...] = ()
    contracted: tuple[str, ...] = ()
    result: Result | None = None
    bounds: tuple[DataBound, ...] = ()
    nonempty: tuple[Condition, ...] = ()
    scan: tuple[ScanNode, ...] = ()
    index_facts: tuple[IndexFact, ...] = ()

    def statement(self, name: str) -> Statement:
        """The statement of that name; KeyError where there is none."""
        return self._statements_by_name[name]

    @cached_property
    def _statements_by_name(self) -> dict[str, Statement]:
        return {s.name: s for s in self.statements}

    def array(self, name: str) -> Array:
        """The array of that name; KeyError where there is none."""
        return self._arrays_by_name[name]

    @cached_property
    def _arrays_by_name(self) -> dict[str, Array]:
        return {a.name: a for a in self.arrays}

    def dtype(self, name: str) -> DType:
        """The element type of an array."""
        return self.array(name).dtype

    @cached_property
    def private_scalars(self) -> frozenset[str]:
        """The privatised locals that have no dimensions."""
        return frozenset(name for name, _ in self.private if not self.array(name).shape)

    @cached_property
    def private_arrays(self) -> tuple[str, ...]:
        """The privatised locals with dimensions."""
        return tuple(name for name, _ in self.private if self.array(name).shape)

    def cells(self, access: Access) -> tuple[Affine, ...]:
        """The subscripts of an access into the one copy of a private array that is in use."""
        if not self.private or access.array not in self.private_arrays:
            return access.subscripts
        return access.subscripts[dict(self.private)[access.array] :]

    @cached_property
    def facts(self) -> isl.Set:
        """The context, but of the conditions left to checks only what one conjunction can say.

        isl's time grows with the pieces of a set, and many accesses make many of them. Conditions
        on residues are left out: under those of `range(N // 2, N - 1, 2)` isl loses iterations
        of a strip-mined loop. Of many parameters only those count on which loops depend.
        """
        context, known = self.context, known_context(self)
        if len(self.parameter_names) > FEW_PARAMETERS:
            loops = frozenset().union(*(mentioned(s.domain) for s in self.statements))
            context, known = told_of(context, loops), told_of(known, loops)
        hull = isl.Set(context.simple_hull().remove_divs())
        return hull.intersect(known).coalesce()

    def part(self, tree: Tree) -> Scop:
        """The model of some of the statements, those of a part of the tree."""
        statements = tuple(map(self.statement, tree.statements))
        touched = {a.array for s in statements for a in s.accesses}
        private = tuple(item for item in self.private if item[0] in touched)
        made = replace(self, statements=statements, tree=tree, private=private)
        vars(made)["facts"] = self.facts  # of the parameters, as before
        return made

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The parameters' names in their fixed order, and those of bounds from data."""
        return (*(p.name for p in self.parameters), *(b.name for b in self.bounds))

    def __str__(self) -> str:
        head = f"scop {self.name}({', '.join(a.name for a in self.arguments)})"
        known = [f"context {self.context_text}"]
        arrays = [_array_text(a, dict(self.private)) for a in self.arrays]
        return "\n".join(
            [head, *known, *arrays, *map(str, self.statements), "order", str(self.tree)]
        )


def with_loads(statement: Statement, change: Callable[[Expr], Expr]) -> Statement:
    """The statement with every expression in it changed, those in subscripts included."""
    reduction, guard = statement.reduction, statement.guard
    if reduction is not None:
        reduction = replace(reduction, operand=rebuild_all(reduction.operand, change))
    late = (
        replace(
            verify,
            index=change_data(verify.index, change),
            when=tuple(rebuild_all(w, change) for w in verify.when),
        )
        for verify in statement.late
    )
    return replace(
        statement,
        subscripts=tuple(change_data(s, change) for s in statement.subscripts),
        value=rebuild_all(statement.value, change),
        guard=None if guard is None else rebuild_all(guard, change),
        reduction=reduction,
        late=tuple(late),
    )


def known_context(model: LoopNest | Scop) -> isl.Set:
    """What is known of the parameters before a call checks anything else.

    Extents are not negative, and assumptions hold.
    """
    frame = Frame(model.parameter_names, None, ())
    zero = Affine.integer(0)
    known: list[Condition] = [*(a.condition for a in model.assumptions), *model.nonempty]
    known += [Compare(">=", e, zero) for a in model.arrays for e in a.shape if not e.is_constant]
    return frame.holds(All(tuple(known))).coalesce()


def _array_text(array: Array, private: dict[str, int]) -> str:
    shape = ", ".join(map(str, array.shape))
    note = f", one copy per {private[array.name]} outer iterators" if array.name in private else ""
    return f"{array.kind} {array.name}: {array.dtype}[{shape}]{note}"
