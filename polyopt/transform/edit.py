"""Finding loops by name, and the few edits that every step is made of.

A loop is referred to by its name where that is unique, else by `"S1.i"`: the loop called `i`
around statement S1, the innermost where several are. A statement's label does for its name.
Trees are kept in one normal form: perfectly nested loops share a band, a sequence has at least
two children and none that is a plain sequence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from operator import is_

from polyopt.errors import NoSuchLoopError
from polyopt.model.tree import (
    Band,
    Filter,
    Leaf,
    Mark,
    Member,
    Node,
    Region,
    Sequence,
    Tree,
    children,
    with_children,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A loop: the path of its band from the root, and its position in the band."""

    path: tuple[int, ...]
    position: int
    member: Member


def places(tree: Tree) -> tuple[Place, ...]:
    """Every loop, outermost and textually first ones first."""
    for known, found in _recent:
        if known is tree.root:
            return found
    loops: list[Place] = []

    def visit(node: Node, path: tuple[int, ...]) -> None:
        if isinstance(node, Band):
            loops.extend(Place(path, n, member) for n, member in enumerate(node.members))
        for number, child in enumerate(children(node)):
            visit(child, (*path, number))

    visit(tree.root, ())
    _recent.append((tree.root, tuple(loops)))
    return tuple(loops)


_recent: deque[tuple[Node, tuple[Place, ...]]] = deque(maxlen=8)
"""The loops of the last few trees: a step asks for them many times, always by identity."""


def is_inside(inner: Place, outer: Place) -> bool:
    """Whether a loop is inside another one."""
    return inner.path[: len(outer.path)] == outer.path and (inner.path, inner.position) > (
        outer.path,
        outer.position,
    )


def loop_names(tree: Tree) -> tuple[str, ...]:
    """The shortest names that resolve, one per loop, in tree order."""
    return tuple(_shortest(tree, place) for place in places(tree))


def name_at(tree: Tree, place: Place) -> str:
    """The shortest name that resolves to a loop."""
    return _shortest(tree, place)


def _shortest(tree: Tree, place: Place) -> str:
    short = place.member.name
    same = [p for p in places(tree) if short in _names(p)]
    if len(same) == 1 and short not in tree.others:
        return short
    owners = (s for s in place.member.statements if _owner(same, short, s) == place)
    return f"{next(owners, place.member.statements[0])}.{short}"


def _owner(found: Iterable[Place], name: str, statement: str) -> Place | None:
    """The loop around a statement that it calls so: the one over its own iterator of that name,
    which in a fused nest may be another than the loop of that name, and else the innermost."""
    around = [p for p in found if statement in p.member.statements and name in _names(p)]
    own = [p for p in around if p.member.row(statement).single_name == name]
    return next(reversed(own or around), None)


def _names(place: Place) -> tuple[str, ...]:
    """The names that a loop answers to."""
    return (place.member.name, *place.member.aliases)


def resolve(tree: Tree, name: str) -> Place:
    """The loop of that name.

    Raises NoSuchLoopError, which lists the names that resolve, or says that one is ambiguous.
    """
    found = places(tree)
    if not isinstance(name, str):
        raise NoSuchLoopError(_unknown(tree, repr(name)))
    if "." in name:
        return _qualified(tree, found, name)
    same = [p for p in found if p.member.name == name] or [
        p for p in found if name in p.member.aliases
    ]
    if len(same) == 1 and name not in tree.others:
        return same[0]
    if not same:
        raise NoSuchLoopError(_unknown(tree, f'"{name}"'))
    options = ", ".join(f'"{n}"' for n in loop_names(tree) if n.endswith(f".{name}"))
    raise NoSuchLoopError(
        f'"{name}" names {len(same)} loops. Say which by a statement inside it: {options}.'
    )


def _qualified(tree: Tree, found: tuple[Place, ...], name: str) -> Place:
    """The loop that is called by a statement inside it, or by that statement's label."""
    statement, _, loop = name.partition(".")
    owners = {
        (owner.path, owner.position): owner
        for s in _called(tree, statement)
        if (owner := _owner(found, loop, s)) is not None
    }
    if not owners:
        raise NoSuchLoopError(_unknown(tree, f'"{name}"', statement))
    if len(owners) > 1:
        options = ", ".join(f'"{_shortest(tree, p)}"' for p in owners.values())
        raise NoSuchLoopError(f'"{name}" names {len(owners)} loops. Say which: {options}.')
    return next(iter(owners.values()))


def _called(tree: Tree, name: str) -> tuple[str, ...]:
    """The statements of that name or label."""
    if name in tree.statements:
        return (name,)
    return tuple(statement for label, statement in tree.labels if label == name)


def _unknown(tree: Tree, name: str, statement: str = "") -> str:
    """The loops that there are; where a statement is known, those around it."""
    inside = set(_called(tree, statement))
    where = f"around {statement}" if inside else "here"
    found = places(tree)
    listed = [p for p in found if inside & set(p.member.statements)] if inside else found
    known = ", ".join(f'"{_shortest(tree, p)}"' for p in listed) or "none"
    return f"no loop is called {name}. Loops {where}: {known}."


def statement_called(tree: Tree, name: str) -> str:
    """The statement of that name or label.

    Raises NoSuchLoopError, listing the statements, where there is none or more than one.
    """
    found = _called(tree, name)
    if len(found) == 1:
        return found[0]
    if found:
        options = ", ".join(f'"{s}"' for s in found)
        raise NoSuchLoopError(f'"{name}" names {len(found)} statements. Say which: {options}.')
    known = ", ".join(f'"{s}"' for s in (*tree.statements, *dict(tree.labels))) or "none"
    raise NoSuchLoopError(f'no statement is called "{name}". Statements here: {known}.')


def node_at(tree: Tree, path: tuple[int, ...]) -> Node:
    """The node at a path."""
    node = tree.root
    for number in path:
        node = children(node)[number]
    return node


def replace_at(tree: Tree, path: tuple[int, ...], new: Node) -> Tree:
    """The tree with another node at a path, in normal form."""

    def visit(node: Node, rest: tuple[int, ...]) -> Node:
        if not rest:
            return normal(new)
        below = list(children(node))
        below[rest[0]] = visit(below[rest[0]], rest[1:])
        return _merged(with_children(node, tuple(below)))

    return replace(tree, root=visit(tree.root, path))


def replace_member(tree: Tree, place: Place, *members: Member) -> Tree:
    """The tree with one loop replaced by others in its place."""
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    new = (*band.members[: place.position], *members, *band.members[place.position + 1 :])
    return replace_at(tree, place.path, replace(band, members=new))


def normal(node: Node) -> Node:
    """Normal form: bands merged, single children and nested sequences flattened."""
    return _merged(with_children(node, tuple(normal(c) for c in children(node))))


def _merged(node: Node) -> Node:
    """The normal form of a node whose children are in it."""
    match node:
        case Band(members, child):
            if not members:
                return child
            if isinstance(child, Band):
                return Band((*members, *child.members), child.child)
        case Sequence(items):
            flat = [f for item in items for f in _flatten(item)]
            if not flat:
                return Leaf()
            if len(flat) == len(items) > 1 and all(map(is_, flat, items)):
                return node
            if len(flat) == 1 and not any(text for _, text in flat[0].instances):
                return flat[0].child
            return Sequence(tuple(flat))
        case Leaf() | Mark() | Region():
            pass
    return node


def _flatten(item: Filter) -> tuple[Filter, ...]:
    whole = not any(text for _, text in item.instances)
    if whole and isinstance(item.child, Sequence):
        return item.child.children
    return (item,)


def restrict(node: Node, keep: frozenset[str]) -> Node:
    """The subtree that orders only the statements in `keep`."""
    match node:
        case Leaf():
            return node
        case Band(members, child):
            kept = tuple(replace(m, rows=tuple(r for r in m.rows if r[0] in keep)) for m in members)
            return Band(kept, restrict(child, keep))
        case Mark() | Region():
            return replace(node, child=restrict(node.child, keep))
        case Sequence(items):
            kept_items = []
            for item in items:
                instances = tuple(i for i in item.instances if i[0] in keep)
                if instances:
                    kept_items.append(Filter(instances, restrict(item.child, keep)))
            return normal(Sequence(tuple(kept_items)))


def whole(statements: Iterable[str], child: Node) -> Filter:
    """A filter that holds whole statements."""
    return Filter(tuple((s, "") for s in statements), child)


def taken_names(tree: Tree) -> set[str]:
    """Every name that a loop answers to, those outside a part included."""
    return {*tree.others, *(n for p in places(tree) for n in _names(p))}


def fresh_name(tree: Tree, wanted: str) -> str:
    """`wanted`, or with the first number that makes it new."""
    taken = taken_names(tree)
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}{number}" in taken:
        number += 1
    return f"{wanted}{number}"


def renamed(tree: Tree, node: Node, suffix: str = "") -> Node:
    """A copy of a subtree whose loops have names of their own: `i_suffix`, or `i2`, `i3`, …"""
    taken = taken_names(tree)
    names: dict[str, str] = {}

    def label(member: Member) -> Member:
        if member.name not in names:
            base = f"{member.name}_{suffix}" if suffix else member.name.rstrip("0123456789")
            names[member.name] = next(n for n in _numbered(base or "c") if n not in taken)
            taken.add(names[member.name])
        return replace(member, name=names[member.name], aliases=())

    def visit(node: Node) -> Node:
        node = with_children(node, tuple(visit(c) for c in children(node)))
        if isinstance(node, Band):
            return replace(node, members=tuple(label(m) for m in node.members))
        return node

    return visit(node)


def _numbered(base: str) -> Iterator[str]:
    """`base`, `base2`, `base3`, …"""
    yield base
    for number in count(2):
        yield f"{base}{number}"


def first_statement(node: Node, statements: tuple[str, ...]) -> str:
    """The statement that a subtree over `statements` reaches first in textual order."""
    match node:
        case Sequence(items):
            return first_statement(items[0].child, items[0].statements)
        case Leaf():
            return statements[0]
        case Band() | Mark() | Region():
            return first_statement(node.child, statements)


def textual_order(node: Node, statements: tuple[str, ...]) -> tuple[str, ...]:
    """Statements in the order in which a subtree's body reaches them, once per place."""
    match node:
        case Sequence(items):
            return tuple(n for item in items for n in textual_order(item.child, item.statements))
        case Leaf():
            return statements
        case Band() | Mark() | Region():
            return textual_order(node.child, statements)
