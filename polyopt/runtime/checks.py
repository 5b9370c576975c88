"""How a kernel is called, and what each call checks, from its model."""

from __future__ import annotations

from polyopt._spaces import integer
from polyopt.emit.program import Check
from polyopt.errors import TargetUnavailableError
from polyopt.model import bounds
from polyopt.model.affine import Affine, Compare, Condition, Not
from polyopt.model.expr import data, loads
from polyopt.model.nest import Array, Assumption
from polyopt.model.scan import verifies
from polyopt.model.scop import Scop, Statement, known_context
from polyopt.runtime.plan import Interface

_MANY = 4096


def interface(scop: Scop) -> Interface:
    """How the kernel is called."""
    arrays = {a.name for a in scop.arrays if a.kind == "argument"}
    written = frozenset(s.array for s in scop.statements) & arrays
    heavy = any(map(_is_heavy, scop.statements))
    return Interface(
        scop.name, scop.arguments, scop.parameters, written, heavy, scop.result, _checked(scop)
    )


def _checked(scop: Scop) -> frozenset[str]:
    """The arrays that are read before anything is written, to see that what follows from their
    elements stays inside its arrays."""
    found = {array for verify in verifies(scop.scan) for array in verify.reads}
    found |= {x.array for bound in scop.bounds for e in data(bound.value) for x in loads(e)}
    return frozenset(found)


def _is_heavy(statement: Statement) -> bool:
    """Whether loops of constant length alone may run a statement thousands of times."""
    trips = 1
    for position in range(len(statement.iterators)):
        last, first = statement.domain.dim_max_val(position), statement.domain.dim_min_val(position)
        if last.is_int() and first.is_int():
            trips *= max(integer(last - first) + 1, 1)
    return trips > _MANY


def call_checks(scop: Scop) -> tuple[Check, ...]:
    """What the entry function tests first: assumptions, sizes of local arrays, bounds."""
    remaining = bounds.checks(scop, known_context(scop))
    return (
        *(_assumption(scop, a) for a in scop.assumptions),
        *(c for a in scop.arrays if a.kind == "local" for c in _sizes(scop, a)),
        *(Check(b.condition, "bounds", b.message, b.location) for b in remaining),
    )


def _assumption(scop: Scop, assumption: Assumption) -> Check:
    text = (
        f"{scop.name}: the assumption {assumption.text} ({assumption.location.short}) does not "
        f"hold{_values(scop, _names(assumption.condition))}. Nothing was written. "
        "Pass sizes for which it does, or remove it."
    )
    return Check(assumption.condition, "assumption", text, assumption.location)


def _sizes(scop: Scop, array: Array) -> list[Check]:
    """The model takes extents for non-negative; a local array's may turn out otherwise."""
    extents = {p.name for p in scop.parameters if p.origin[0] == "extent"}
    return [
        Check(
            Compare(">=", extent, Affine()),
            "bounds",
            f"{scop.name}: the local array {array.name} ({array.location.short}) would have a "
            f"negative extent {extent} in dimension {dim}{_values(scop, extent.names())}. "
            "Nothing was written. Pass larger sizes.",
            array.location,
        )
        for dim, extent in enumerate(array.shape)
        if not extent.is_constant and extent.single_name not in extents
    ]


def _values(scop: Scop, names: frozenset[str]) -> str:
    used = [name for name in scop.parameter_names if name in names]
    return f" (here {', '.join(f'{n} = {{{n}}}' for n in used)})" if used else ""


def _names(condition: Condition) -> frozenset[str]:
    """The parameters in a condition."""
    if isinstance(condition, Compare):
        return condition.left.names() | condition.right.names()
    operands = (condition.operand,) if isinstance(condition, Not) else condition.operands
    return frozenset[str]().union(*map(_names, operands))


def refuse_scans(scop: Scop) -> None:
    """Raise TargetUnavailableError for a target on which no subscript is checked before a call."""
    if scop.scan or scop.index_facts or any(s.late for s in scop.statements):
        raise TargetUnavailableError(
            f"{scop.name}: its subscripts or loop bounds are read from data, which a call checks "
            'first, and target="opencl" has no such check: use target="openmp"'
        )
