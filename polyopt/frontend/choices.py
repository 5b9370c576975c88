"""Conditional expressions: a choice between two integers, or a selection between two values."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from polyopt.frontend.conditions import affine_condition
from polyopt.frontend.context import Bound, Context, Lost
from polyopt.frontend.data import index, select, truth
from polyopt.frontend.dispatch import expression, read_expression
from polyopt.frontend.promotion import WEAK_BOOL, WEAK_INT
from polyopt.frontend.values import Value, affine_of
from polyopt.frontend.walks import stored_names
from polyopt.model.affine import Affine, Choice, Condition, Extreme, Floor, Mod, choice, compared

_MOST_CHOICES = 8

Bindings = Mapping[str, Bound | Lost]


@expression(ast.IfExp)
def _conditional(context: Context, node: ast.IfExp) -> Value:
    """`then if test else otherwise`; affine where all three are, as `i - 1 if i > 0 else n - 1`."""
    test = read_expression(context, node.test)
    condition = Value(truth(context, node.test, test), WEAK_BOOL)
    if condition.constant is not None:
        return read_expression(context, node.body if condition.constant else node.orelse)
    then, otherwise = read_expression(context, node.body), read_expression(context, node.orelse)
    return _choice(context, node, then, otherwise) or select(
        context, node, condition, then, otherwise
    )


def _choice(context: Context, node: ast.IfExp, then: Value, otherwise: Value) -> Value | None:
    if then.type != WEAK_INT or otherwise.type != WEAK_INT:
        return None
    sides = affine_of(then), affine_of(otherwise)
    condition = affine_condition(context, node.test) if None not in sides else None
    if condition is None or sides[0] is None or sides[1] is None:
        return None
    chosen = _chosen(condition, sides[0], sides[1])
    return None if chosen is None else index(context, node, chosen)


def join_names(
    context: Context, node: ast.If, condition: Condition, then: Bindings, otherwise: Bindings
) -> None:
    """Bind what both suites of a branch leave an integer: `k = 0` here, `k = i - 1` there."""
    for name, line in stored_names([*node.body, *node.orelse]).items():
        first, second = then.get(name), otherwise.get(name)
        if not isinstance(first, Bound) or not isinstance(second, Bound) or name in context.data:
            continue
        if first.type == second.type == WEAK_INT:
            chosen = _chosen(condition, first.value, second.value)
            if chosen is not None:
                context.bind(name, chosen, WEAK_INT, line)


def _chosen(condition: Condition, then: Affine, otherwise: Affine) -> Affine | None:
    """The one or the other; None where choices of choices grow too many."""
    chosen = choice(condition, then, otherwise)
    return chosen if choices(chosen) <= _MOST_CHOICES else None


def choices(affine: Affine) -> int:
    """How many choices an affine makes, those inside one another counted each time they stand."""
    total = 0
    for atom, _ in affine.terms:
        match atom:
            case Choice(condition, then, otherwise):
                total += 1 + sum(map(choices, (*compared(condition), then, otherwise)))
            case Extreme(_, operands):
                total += sum(map(choices, operands))
            case Floor(numerator) | Mod(numerator):
                total += choices(numerator)
    return total
