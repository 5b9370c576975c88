"""Instances that do nothing, around places whose iterations stay in one piece.

isl may take the statements of a loop one after another where the order of their instances allows
it. It may not where a statement has instances before and after all others in an iteration:

    for i: t = …; y[i] = t    →    for i: hold(i, 0); t = …; y[i] = t; hold(i, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import islpy as isl

from polyopt._isl import Frame
from polyopt.model.affine import Affine
from polyopt.model.scop import Scop
from polyopt.model.tree import Tree
from polyopt.transform.blocks import statements_at
from polyopt.transform.edit import places
from polyopt.transform.legality import Path


@dataclass(frozen=True)
class Hold:
    """The instances around a place: two for each iteration of the loops outside in which any
    statement below it runs. `rows` are those of the loops outside, by path and position."""

    name: str
    path: Path
    frame: Frame
    domain: isl.Set
    rows: Mapping[tuple[Path, int], Affine]

    @staticmethod
    def at(tree: Tree, scop: Scop, path: Path, position: int, name: str) -> Hold:
        """The hold just outside a member of the band at a path, or around the node there."""
        outside = [
            p for p in places(tree)
            if p.path == path[: len(p.path)] and (p.path != path or p.position < position)
        ]  # fmt: skip
        total: isl.Set | None = None
        for statement in sorted(statements_at(tree, path)):
            own = scop.statement(statement)
            frame = Frame(scop.parameter_names, statement, own.iterators)
            for end in (0, 1):
                rows = (*(p.member.row(statement) for p in outside), Affine.integer(end))
                image = own.domain.apply(frame.access(name, rows))
                total = image if total is None else total.union(image)
        if total is None:
            raise ValueError("a block is around statements")
        values = tuple(f"c{n}" for n in range(len(outside)))
        named = zip(outside, values, strict=True)
        rows_ = {(p.path, p.position): Affine.name(v) for p, v in named}
        frame = Frame(scop.parameter_names, name, (*values, "end"))
        return Hold(name, path, frame, total.coalesce(), rows_)

    def passes(self, path: Path, number: int) -> bool:
        """Whether the place is inside a child of the node at a path."""
        return self.path[: len(path) + 1] == (*path, number)

    def side(self, end: int) -> isl.UnionSet:
        """The instances before everything below the place, or those after it."""
        return isl.UnionSet(self.domain.fix_val(isl.dim_type.set, len(self.rows), isl.Val(end)))
