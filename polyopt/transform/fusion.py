"""Steps across loops: fusion, distribution, and the rewriting of a whole order."""

from __future__ import annotations

from dataclasses import replace

from polyopt.errors import BadArgumentError
from polyopt.model.tree import Band, Filter, Member, Node, Sequence, Tree
from polyopt.transform.edit import (
    node_at,
    normal,
    replace_at,
    resolve,
    restrict,
    statement_called,
    textual_order,
    whole,
)


def fuse(tree: Tree, first: str, second: str) -> Tree:
    """Fuse two neighbouring loops into one.

    for i: S1(i)
    for i: S2(i)    —fuse("S1.i", "S2.i")→    for i: S1(i); S2(i)

    The fused loop keeps the first name and answers to both; marks of the two are dropped, since
    what was parallel apart need not be so together. Loops inside stay as they are, one after the
    other. Refused where an instance of the second would run before one of the first
    that it depends on; a shift can mend that.
    """
    a, b = resolve(tree, first), resolve(tree, second)
    parent_path = a.path[:-1]
    parent = node_at(tree, parent_path) if a.path else tree.root
    neighbours = (
        a.path
        and b.path
        and b.path[:-1] == parent_path
        and isinstance(parent, Sequence)
        and b.path[-1] == a.path[-1] + 1
        and a.position == b.position == 0
    )
    if not neighbours or not isinstance(parent, Sequence):
        raise BadArgumentError(
            f'fuse("{first}", "{second}") needs two outermost loops that follow one another in '
            f"the same body, and these do not. Fuse the loops around them first, or distribute."
        )
    left, right = parent.children[a.path[-1]], parent.children[b.path[-1]]
    if any(text for _, text in (*left.instances, *right.instances)):
        raise BadArgumentError(
            f'fuse("{first}", "{second}"): these loops hold parts of their statements\' instances, '
            f"as separate makes them. Fuse first, then separate."
        )
    fused = _fused(left, right)
    position = a.path[-1]
    children = (*parent.children[:position], fused, *parent.children[position + 2 :])
    return replace_at(tree, parent_path, Sequence(children))


def _fused(left: Filter, right: Filter) -> Filter:
    if not isinstance(left.child, Band) or not isinstance(right.child, Band):
        raise TypeError("both children are loops")
    a, b = left.child.members[0], right.child.members[0]
    aliases = tuple(dict.fromkeys(n for n in (*a.aliases, b.name, *b.aliases) if n != a.name))
    member = Member(a.name, (*a.rows, *b.rows), aliases)
    inside = Sequence((_rest(left), _rest(right)))
    instances = (*left.instances, *right.instances)
    return Filter(instances, normal(Band((member,), inside)))


def _rest(item: Filter) -> Filter:
    band = item.child
    if not isinstance(band, Band):
        raise TypeError("the child is a loop")
    child: Node = replace(band, members=band.members[1:]) if len(band.members) > 1 else band.child
    return whole(item.statements, child)


def distribute(tree: Tree, loop: str, before: str) -> Tree:
    """Split a loop in two before a statement (Kennedy and McKinley 1990).

    for i: S1(i); S2(i)    —distribute("i", before="S2")→    for i: S1(i)
                                                             for i: S2(i)

    Everything inside the loop that runs before the statement's part of the body goes first.
    Refused where a later part feeds an earlier one in a later iteration.
    """
    place = resolve(tree, loop)
    before = statement_called(tree, before)
    band = node_at(tree, place.path)
    if not isinstance(band, Band) or before not in place.member.statements:
        raise BadArgumentError(f'distribute: "{before}" is not inside "{loop}".')
    order = tuple(dict.fromkeys(textual_order(band.child, place.member.statements)))
    if before not in order:
        raise BadArgumentError(
            f'distribute: no instance of "{before}" runs inside "{loop}": nothing is to be split.'
        )
    cut = order.index(before)
    if cut == 0:
        raise BadArgumentError(
            f'distribute: "{before}" is the first statement in "{loop}"; nothing is before it.'
        )
    outer, inner = band.members[: place.position], band.members[place.position :]
    parts = []
    for names in (order[:cut], order[cut:]):
        part = restrict(Band(inner, band.child), frozenset(names))
        parts.append(whole(names, part))
    return replace_at(tree, place.path, Band(outer, Sequence(tuple(parts))))
