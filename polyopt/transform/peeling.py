"""Peeling: the first and last iterations of a loop apart from the others."""

from __future__ import annotations

from collections.abc import Mapping

import islpy as isl

from polyopt.errors import BadArgumentError
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Filter, Node, Sequence, Tree
from polyopt.transform.edit import node_at, renamed, replace_at, resolve, restrict
from polyopt.transform.ranges import range_of

_MOST = 1024
"""Iterations at one end: each is printed where the loop is unrolled."""


def peel(tree: Tree, scop: Scop, loop: str, front: int, back: int) -> Tree:
    """Run the first `front` and the last `back` iterations of a loop apart from the others.

    for i in [lo, hi): S(i)    →    S(lo)
                                    for i in [lo + 1, hi - 1): S(i)
                                    S(hi - 1)

    The loops of the first part are called `i_front`, those of the last `i_back`; the middle
    keeps its names. Iterations are counted afresh for each iteration of the loops around. A loop
    too short for both ends gives its iterations to the front. Always legal: the order of
    instances is unchanged. It frees what only the ends of a range hold up.

    Raises NoSuchLoopError, and BadArgumentError where a number is not one of iterations, or both
    are 0.
    """
    _check(loop, front, back)
    place = resolve(tree, loop)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    found = range_of(tree, scop, place)
    first = found.holding(found.near(-1, front)) if front else {}
    last = found.holding(found.near(1, back)) if back else {}
    last = {n: s.subtract(first[n]).coalesce() if n in first else s for n, s in last.items()}
    middle = dict(found.instances)
    for part in (first, last):
        middle = {n: s.subtract(part[n]).coalesce() if n in part else s for n, s in middle.items()}
    outer, inner = band.members[: place.position], band.members[place.position :]
    body = Band(inner, band.child)
    parts = [
        *_part(first, renamed(tree, body, "front")),
        *_part(middle, body),
        *_part(last, renamed(tree, body, "back")),
    ]
    sequence = Sequence(tuple(parts))
    return replace_at(tree, place.path, Band(outer, sequence) if outer else sequence)


def _part(instances: Mapping[str, isl.Set], body: Node) -> list[Filter]:
    """The body over some instances; nothing where there are none."""
    held = {name: set_ for name, set_ in instances.items() if not set_.is_empty()}
    if not held:
        return []
    texts = tuple((name, str(set_)) for name, set_ in held.items())
    return [Filter(texts, restrict(body, frozenset(held)))]


def _check(loop: str, front: int, back: int) -> None:
    for what, count in (("front", front), ("back", back)):
        right = isinstance(count, int) and not isinstance(count, bool)
        if not right or not 0 <= count <= _MOST:
            raise BadArgumentError(
                f'peel("{loop}"): {what} must be a number of iterations from 0 to {_MOST}, '
                f"not {count!r}."
            )
    if not front and not back:
        raise BadArgumentError(
            f'peel("{loop}") leaves the loop as it is: give front, back or both a number.'
        )
