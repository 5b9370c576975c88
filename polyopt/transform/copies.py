"""Packed copies as the tree has them: a mark at a loop, and the reads that it names."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from polyopt.model.scop import Access, Statement
from polyopt.model.tree import Mark, Node, Tree, children

Wanted = Callable[[Statement, Access], bool]

PREFIX = "pack "


def copied(mark: str) -> str | None:
    """What a mark packs: an array, or one access to it; None where it is another mark."""
    if not mark.startswith(PREFIX):
        return None
    return mark.removeprefix(PREFIX).rpartition(" order ")[0]


def reads_of(what: str) -> Wanted:
    """Selects the reads that `what` names: of an array, or those with these subscripts."""
    array, bracket, inner = what.replace(" ", "").partition("[")

    def is_wanted(_statement: Statement, access: Access) -> bool:
        if access.kind != "read" or access.array != array:
            return False
        text = ",".join(map(str, access.subscripts)).replace(" ", "")
        return not bracket or inner == f"{text}]"

    return is_wanted


def any_of(whats: Iterable[str]) -> Wanted:
    """Selects the reads that any of some copies hold."""
    tests = [reads_of(what) for what in whats]
    return lambda statement, access: any(test(statement, access) for test in tests)


def copies_around(tree: Tree, path: tuple[int, ...]) -> tuple[str, ...]:
    """What is packed at the marks around a place in the tree, outermost first."""
    node: Node = tree.root
    found: list[str] = []
    for number in path:
        what = copied(node.name) if isinstance(node, Mark) else None
        found += [] if what is None else [what]
        node = children(node)[number]
    return tuple(found)
