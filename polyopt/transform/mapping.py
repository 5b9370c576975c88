"""Mapping loops to the groups and items of an OpenCL launch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import islpy as isl

from polyopt.errors import BadArgumentError
from polyopt.model.scop import Statement
from polyopt.model.tree import Band, Member, Node, Sequence, Tree, children
from polyopt.transform.edit import Place, replace_member, resolve
from polyopt.transform.footprints import Footprints

MOST_DIMENSIONS = 3


def map_to_grid(tree: Tree, groups: tuple[str, ...], items: tuple[str, ...]) -> Tree:
    """Run loops across the work groups of a launch, and loops inside them across a group's items.

    for i_tile: for j_tile: for i: for j: S    —groups=("i_tile", "j_tile"), items=("i", "j")→
    group 1: i_tile, group 0: j_tile, item 1: i, item 0: j: S

    The last loop named gets dimension 0, whose items lie side by side: let it walk along the
    lines of arrays. Groups are neighbours in one band, so that no group waits for another; items
    are neighbours in one band inside them, and barriers stand where others of their group wait.
    Each loop is judged as `parallel` is. Elsewhere than in OpenCL, mapped loops are parallel.

    Refused where a loop carries a dependence. Raises BadArgumentError where loops are not
    neighbours, more than 3, or items stand outside the groups.
    """
    _check(groups, items)
    outer = _neighbours(tree, groups, "groups")
    inner = _neighbours(tree, items, "items")
    if outer and inner and not _inside(inner[0], outer[-1]):
        raise BadArgumentError(
            f"map_to_grid: the items' loop \"{items[0]}\" is not inside the groups' loop "
            f'"{groups[-1]}". A group is cut into items: tile first, and map tiles and points.'
        )
    for kind, names in (("group", groups), ("item", items)):
        for number, name in enumerate(reversed(names)):
            place = resolve(tree, name)
            mapped = replace(place.member, parallel=True, grid=f"{kind}{number}")
            tree = replace_member(tree, place, mapped)
    return tree


def _check(groups: tuple[str, ...], items: tuple[str, ...]) -> None:
    for what, names in (("groups", groups), ("items", items)):
        if not isinstance(names, tuple | list) or not all(isinstance(n, str) for n in names):
            raise BadArgumentError(
                f'map_to_grid: {what} are names of loops, such as ("i", "j"), not {names!r}.'
            )
        if len(names) > MOST_DIMENSIONS:
            raise BadArgumentError(
                f"map_to_grid: a launch has at most {MOST_DIMENSIONS} dimensions, and "
                f"{', '.join(names)} are {len(names)} {what}."
            )
    every = (*groups, *items)
    if not every or len(set(every)) != len(every):
        raise BadArgumentError(
            f"map_to_grid needs loops, each once, and these are {', '.join(every) or 'none'}."
        )


def _neighbours(tree: Tree, names: tuple[str, ...], what: str) -> tuple[Place, ...]:
    """The loops in order of nesting. Raises BadArgumentError where another one is between."""
    found = tuple(resolve(tree, name) for name in names)
    for outer, inner in pairwise(found):
        if outer.path != inner.path or outer.position + 1 != inner.position:
            raise BadArgumentError(
                f'map_to_grid: the {what} "{outer.member.name}" and "{inner.member.name}" must '
                f"stand one directly inside the other, in one band. Permute them first."
            )
    return found


def _inside(inner: Place, outer: Place) -> bool:
    deeper = inner.path[: len(outer.path)] == outer.path
    return deeper and (inner.path, inner.position) > (outer.path, outer.position)


# ---- what belongs to an item -------------------------------------------------------------------


def owned_by_items(
    footprints: Footprints,
    outside: tuple[Member, ...],
    node: Node,
    users: list[Statement],
    array: str,
) -> bool:
    """Whether each element that a work group touches of an array below a node, for fixed loops
    outside, is touched by one of its items only."""
    names = tuple(s.name for s in users)
    around = {pair for pair in _items_around(node, names, ()) if pair[0] in names}
    if len(around) != len(names) or len({tuple(m.grid for m in ms) for _, ms in around}) != 1:
        return False
    items = dict(around)
    owners: isl.Map | None = None
    for statement in users:
        frame = footprints.frames[statement.name]
        fixed = tuple(m.row(statement.name) for m in outside)
        by_item = frame.access("item", tuple(m.row(statement.name) for m in items[statement.name]))
        for access in statement.accesses:
            if access.array == array:
                touched = frame.access("touched", (*fixed, *access.subscripts))
                part = touched.intersect_domain(statement.domain).reverse().apply_range(by_item)
                owners = part if owners is None else owners.union(part)
    return owners is not None and bool(owners.is_single_valued())


def _items_around(
    node: Node, names: tuple[str, ...], items: tuple[Member, ...]
) -> Iterator[tuple[str, tuple[Member, ...]]]:
    """The loops across items that each statement is in, below a node."""
    if isinstance(node, Band):
        items = (*items, *(m for m in node.members if m.grid.startswith("item")))
    inside = [f.statements for f in node.children] if isinstance(node, Sequence) else []
    for number, child in enumerate(children(node)):
        yield from _items_around(child, inside[number] if inside else names, items)
    if not children(node):
        yield from ((name, items) for name in names)
