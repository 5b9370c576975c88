"""Unswitching: a guard that an innermost loop does not change is tested once, before it.

    for k < n: if (c) s += A[k];    →    if (0 < n && c)
                                             for k < n: s += A[k];

Of a guard that is a conjunction, that holds for the parts at its front (Allen and Kennedy 2001).
"""

from __future__ import annotations

from collections.abc import Mapping

from polyopt.emit.effects import effects
from polyopt.emit.loops import Comment, For, Instance
from polyopt.emit.place import Place
from polyopt.model.affine import Affine
from polyopt.model.expr import Expr, Index, Load, Logical, conjuncts, walk
from polyopt.model.scop import Scop


def conjunction(parts: list[Expr]) -> Expr | None:
    """All parts together; None where there is none."""
    result: Expr | None = None
    for part in parts:
        result = part if result is None else Logical("and", result, part)
    return result


def steady_guard(
    node: For, guards: Mapping[Instance, Expr | None], scop: Scop, places: Mapping[str, Place]
) -> Expr | None:
    """What all statements of an innermost loop wait for and no iteration changes; else None.

    `guards` are the statements' guards where they stand, `places` where their elements live.
    """
    plain = [n for n in node.body if not isinstance(n, Comment)]
    if not plain or not all(isinstance(n, Instance) for n in plain) or node.exit:
        return None
    written = effects(node.body, scop).writes
    changed = frozenset(key for key, place in places.items() if place.array in written)
    common: list[Expr] | None = None
    for guard in guards.values():
        if guard is None:
            return None
        parts = list(conjuncts(guard))
        common = parts if common is None else _shared_front(common, parts)
    steady: list[Expr] = []
    for part in common or []:
        if not _is_steady(part, node.variable, changed):
            break
        steady.append(part)
    return conjunction(steady)


def _shared_front(first: list[Expr], second: list[Expr]) -> list[Expr]:
    found: list[Expr] = []
    for one, other in zip(first, second, strict=False):
        if one != other:
            break
        found.append(one)
    return found


def _is_steady(part: Expr, variable: str, changed: frozenset[str]) -> bool:
    moved: list[Affine] = []
    for expr in walk(part):
        if isinstance(expr, Load):
            if expr.array in changed:
                return False
            moved += expr.subscripts
        elif isinstance(expr, Index):
            moved.append(expr.value)
    return not any(variable in value.names() for value in moved)


def without(guard: Expr | None, given: frozenset[Expr]) -> Expr | None:
    """A guard without the parts that are known to hold."""
    if guard is None or not given:
        return guard
    return conjunction([part for part in conjuncts(guard) if part not in given])


def given_by(known: frozenset[Expr], guard: Expr) -> frozenset[Expr]:
    """What is known to hold where a guard does, too."""
    return known | frozenset(conjuncts(guard))
