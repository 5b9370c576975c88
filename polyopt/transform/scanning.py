"""Recurrences by prefix operations: the mark, and when it may be set."""

from __future__ import annotations

from dataclasses import replace

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.recurrences import Part, Recurrence, recurrence_along
from polyopt.model.scop import Scop
from polyopt.model.tree import Leaf, Node, Sequence, Tree
from polyopt.model.types import FpMode
from polyopt.transform.edit import Place, node_at, places, replace_member, resolve


def scan(tree: Tree, scop: Scop, fp: FpMode, loop: str) -> Tree:
    """Run a recurrence in vectors, as a prefix operation (Blelloch 1990).

    for j: y[j] = y[j - 1] + x[j]    →    y = y[first - 1] + the sums of x up to each j

    For the innermost loop of an element that is computed from the one before it: a sum, or the
    minimum or maximum of integers, where a constant may be added to the element before if a bound
    keeps it from wrapping. Private scalars may be assigned on the way. Nothing is reordered but
    the additions of a sum, which floating-point numbers do not take under fp="strict".

    Raises NoSuchLoopError, and BadArgumentError where the loop is no such recurrence.
    """
    place = resolve(tree, loop)
    if _recurrence(tree, scop, fp, place) is None:
        strict = ' Under fp="strict" floating-point sums stay in order.' if fp == "strict" else ""
        raise BadArgumentError(
            f'scan("{loop}") needs an innermost loop that computes each element from the one '
            f"before it, by a sum or by the minimum or maximum of integers, and nothing else but "
            f'private scalars; "{loop}" is none.{strict} Privatize scalars first, or distribute '
            f"the loop."
        )
    member = replace(place.member, scan=True, parallel=False, vector=0, unroll=0)
    return replace_member(tree, place, member)


def _recurrence(tree: Tree, scop: Scop, fp: FpMode, place: Place) -> Recurrence | None:
    names = _in_order(tree, place)
    around = [p for p in places(tree) if p.path == place.path[: len(p.path)]]
    if not names or (around[-1].path, around[-1].position) != (place.path, place.position):
        return None
    if any(len({p.member.row(n) for n in names}) > 1 for p in around):
        return None
    statements = [scop.statement(n) for n in names]
    if len({s.iterators for s in statements}) > 1:
        return None
    same = {i: Affine.name(i) for i in statements[0].iterators}
    parts: list[Part] = [(s, same) for s in statements]
    row = place.member.row(names[0])
    moved = [i for i in statements[0].iterators if row.coefficient(i) == 1]
    found = (recurrence_along(parts, scop, i, fp) for i in moved)
    return next((f for f in found if f is not None), None)


def _in_order(tree: Tree, place: Place) -> tuple[str, ...]:
    """The statements of a loop whose body is no more than they one after another."""
    band = node_at(tree, place.path)
    body: Node | None = getattr(band, "child", None)
    if isinstance(body, Leaf):
        return place.member.statements if len(place.member.statements) == 1 else ()
    if not isinstance(body, Sequence) or not all(isinstance(c.child, Leaf) for c in body.children):
        return ()
    if any(len(c.instances) > 1 or c.instances[0][1] for c in body.children):
        return ()
    return tuple(n for c in body.children for n in c.statements)
