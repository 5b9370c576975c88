"""Conditions made shorter before they are printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polyopt.model.affine import Affine, All, Any, Compare, Condition, Not, Relation

NEGATED: dict[Relation, Relation] = {
    "<": ">=", "<=": ">", "==": "!=", "!=": "==", ">=": "<", ">": "<=",
}  # fmt: skip

_Key = tuple[str, Affine]


def negated(condition: Condition) -> Condition:
    """The opposite, without a `Not`."""
    match condition:
        case Compare(relation, left, right):
            return Compare(NEGATED[relation], left, right)
        case All(operands):
            return Any(tuple(negated(o) for o in operands))
        case Any(operands):
            return All(tuple(negated(o) for o in operands))
        case Not(operand):
            return _positive(operand)


def _positive(condition: Condition) -> Condition:
    """The same condition without a `Not`."""
    match condition:
        case All(operands):
            return All(tuple(_positive(o) for o in operands))
        case Any(operands):
            return Any(tuple(_positive(o) for o in operands))
        case Not(operand):
            return negated(operand)
        case _:
            return condition


def simplified(condition: Condition) -> Condition:
    """The same truth in fewer words.

    a or (b and not a)    →    a or b
    a and (b or not a)    →    a and b

    Nested operands of one kind are joined, repetitions dropped.
    """
    return _simplified(_positive(condition))


def _simplified(condition: Condition) -> Condition:
    if not isinstance(condition, All | Any):
        return condition
    kind = type(condition)
    operands = list(dict.fromkeys(_flattened(kind, map(_simplified, condition.operands))))
    opposites = {_key(negated(o)) for o in operands if isinstance(o, Compare)}
    shorter = [_without(o, opposites) for o in operands]
    if shorter != operands:
        return _simplified(kind(tuple(shorter)))
    return operands[0] if len(operands) == 1 else kind(tuple(operands))


def _flattened(kind: type[All | Any], operands: Iterable[Condition]) -> Iterator[Condition]:
    for operand in operands:
        if isinstance(operand, kind):
            yield from operand.operands
        else:
            yield operand


def _without(condition: Condition, opposites: set[_Key]) -> Condition:
    """An operand without those of its own operands that the others around it decide."""
    if not isinstance(condition, All | Any):
        return condition
    kept = [o for o in condition.operands if not isinstance(o, Compare) or _key(o) not in opposites]
    return kept[0] if len(kept) == 1 else type(condition)(tuple(kept))


def _key(condition: Condition) -> _Key:
    """One form for each comparison of integers: `difference >= 0`, `== 0` or `!= 0`."""
    assert isinstance(condition, Compare)
    relation, difference = condition.relation, condition.left - condition.right
    match relation:
        case ">=":
            return ">=", difference
        case ">":
            return ">=", difference - 1
        case "<=":
            return ">=", -difference
        case "<":
            return ">=", -difference - 1
    opposite = -difference
    return relation, min(difference, opposite, key=str)
