"""Our schedule tree as isl's, with marks that name members and promotions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import islpy as isl

from polyopt._isl import Frame
from polyopt.emit.holds import Hold
from polyopt.model.affine import Floor
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Mark, Member, Region, Sequence, Tree
from polyopt.model.tree import Node as TreeNode
from polyopt.transform.blocks import Promotion
from polyopt.transform.edit import places
from polyopt.transform.legality import Path
from polyopt.transform.regions import Share

Places = frozenset[tuple[Path, int]]
"""Places just outside a member of the band at a path, or around the node there."""

Insert = Callable[[isl.ScheduleNode], isl.ScheduleNode]
"""Inserts something at a place; returns the node at the place where it began."""


class IslTree:
    """Our tree as an isl schedule tree, with marks that name members and promotions."""

    def __init__(
        self,
        scop: Scop,
        promotions: tuple[Promotion, ...],
        teams: Mapping[Path, Share],
        held: Places,
        whole: bool,
    ) -> None:
        self.scop = scop
        self.teams = teams
        self.shares: dict[int, Share] = {}
        self.whole = whole
        self.frames = {
            s.name: Frame(scop.parameter_names, s.name, s.iterators) for s in scop.statements
        }
        self.members: list[Member] = []
        self.synced: set[int] = set()
        self.promotions: dict[tuple[Path, int], list[int]] = {}
        for number, item in enumerate(promotions):
            self.promotions.setdefault((item.path, item.position), []).append(number)
        self._run = {n: isl.Set(text) for item in promotions for n, text in item.instances}
        self.held = held
        self.holds: dict[tuple[Path, int], Hold] = {}

    @property
    def hold_names(self) -> frozenset[str]:
        """What the instances are called that do nothing."""
        return frozenset(hold.name for hold in self.holds.values())

    def schedule(self, tree: Tree) -> isl.Schedule:
        """The tree over the domains of all statements."""
        for number, (path, position) in enumerate(sorted(self.held)):
            hold = Hold.at(tree, self.scop, path, position, f"hold {number}")
            self.holds[path, position] = hold
        domains = [self._run.get(s.name, s.domain) for s in self.scop.statements]
        domains += [h.domain for h in self.holds.values()]
        first, *others = map(isl.UnionSet.from_set, domains)
        domain = first
        for part in others:
            domain = domain.union(part)
        node = isl.ScheduleNode.from_domain(domain).child(0)
        return self._node(node, tree.root, ()).get_schedule()

    def _node(self, at: isl.ScheduleNode, node: TreeNode, path: Path) -> isl.ScheduleNode:
        """Insert a subtree; returns the node at the place where it began."""
        match node:
            case Band(members, child):
                return self._band(at, members, child, path, 0)
            case Sequence():
                return self._sequence(at, node, path)
            case Mark(_, child) | Region(_, child):
                return self._marked(at, path, 0, lambda n: self._node(n, child, (*path, 0)))
        return self._marked(at, path, 0, lambda n: n)

    def _marked(
        self, at: isl.ScheduleNode, path: Path, position: int, then: Insert
    ) -> isl.ScheduleNode:
        """Insert below the marks of the promotions that stand at a place."""
        numbers = self.promotions.get((path, position), [])
        for number in reversed(numbers):
            at = at.insert_mark(isl.Id(f"promote{number}"))
        for _ in numbers:
            at = at.child(0)
        hold = self.holds.get((path, position))
        at = then(at) if hold is None else self._between(at, hold, then)
        for _ in numbers:
            at = at.parent()
        return at

    def _between(self, at: isl.ScheduleNode, hold: Hold, then: Insert) -> isl.ScheduleNode:
        """Insert between the instances that hold a place together."""
        inside = at.get_domain().subtract(isl.UnionSet(hold.domain))
        filters = isl.UnionSetList.alloc(isl.DEFAULT_CONTEXT, 3)
        for part in (hold.side(0), inside, hold.side(1)):
            filters = filters.add(part)
        return then(at.insert_sequence(filters).child(1).child(0)).parent().parent()

    def _band(
        self,
        at: isl.ScheduleNode,
        members: tuple[Member, ...],
        child: TreeNode,
        path: Path,
        position: int,
    ) -> isl.ScheduleNode:
        if position == len(members):
            return self._node(at, child, (*path, 0))

        def inside(at: isl.ScheduleNode) -> isl.ScheduleNode:
            number = len(self.members)
            self.members.append(members[position])
            if position and members[position - 1].pipeline:
                self.synced.add(number)
            if not position and path in self.teams:
                self.shares[number] = self.teams[path]
            at = at.insert_partial_schedule(self._partial(members[position], path, position))
            if self.whole:
                at = at.band_member_set_ast_loop_type(0, isl.ast_loop_type.atomic)
            at = at.insert_mark(isl.Id(f"member{number}")).child(0).child(0)
            return self._band(at, members, child, path, position + 1).parent().parent()

        return self._marked(at, path, position, inside)

    def _partial(self, member: Member, path: Path, position: int) -> isl.MultiUnionPwAff:
        rows = [(self.frames[name], row) for name, row in member.rows]
        holds = self.holds.values()
        rows += [(h.frame, h.rows[path, position]) for h in holds if (path, position) in h.rows]
        total: isl.UnionPwAff | None = None
        for frame, row in rows:
            part = isl.UnionPwAff.from_pw_aff(frame.pw_aff(row))
            total = part if total is None else total.union_add(part)
        return isl.MultiUnionPwAff.from_union_pw_aff(total)

    def _sequence(self, at: isl.ScheduleNode, node: Sequence, path: Path) -> isl.ScheduleNode:
        is_marked = (path, 0) in self.promotions or (path, 0) in self.holds

        def inside(at: isl.ScheduleNode) -> isl.ScheduleNode:
            filters = isl.UnionSetList.alloc(isl.DEFAULT_CONTEXT, len(node.children))
            for position, item in enumerate(node.children):
                part = self._filter(item.instances)
                for hold in self.holds.values():
                    if hold.passes(path, position):
                        part = part.union(isl.UnionSet(hold.domain))
                filters = filters.add(part)
            at = at.insert_sequence(filters)
            for position, item in enumerate(node.children):
                below = at.child(position).child(0)
                at = self._node(below, item.child, (*path, position)).parent().parent()
            return at

        return self._marked(at, path, 0, inside) if is_marked else inside(at)

    def _filter(self, instances: tuple[tuple[str, str], ...]) -> isl.UnionSet:
        total: isl.UnionSet | None = None
        for name, text in instances:
            set_ = isl.Set(text) if text else self.frames[name].universe()
            part = isl.UnionSet(set_)
            total = part if total is None else total.union(part)
        if total is None:
            raise ValueError("a filter holds at least one statement")
        return total


def has_fronts(tree: Tree) -> bool:
    """Whether a loop over several statements runs along the fronts of tiles, as sums of floors.

    Such loops differ a little from statement to statement, and isl cuts them at every difference:
    diamonds of fdtd-2d have 29 loop nests then, and 4 where every loop stays in one piece.
    """
    return any(
        len(place.member.rows) > 1
        and any(sum(isinstance(a, Floor) for a, _ in row.terms) > 1 for _, row in place.member.rows)
        for place in places(tree)
    )
