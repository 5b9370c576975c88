"""Blocks of which iterations touch a part, told by conditions: tiles across a diagonal.

    for i, j ≤ i in a tile: C[i, j] += A_pack[i, k] * B_pack[j, k]
        —→  with C[…] as acc, where j ≤ i: for all i, j of the tile: acc[i, j] += …

Where such a block is read and written back only where the conditions hold, and all that its
statement reads besides is in padded copies, the instances that the domain lacks to a whole tile may
run too: what they add up is dropped. Tiles across the diagonal then run as all others do, as in
hand-written libraries (Goto and van de Geijn, High-Performance Implementation of the Level-3 BLAS,
ACM TOMS 2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import islpy as isl

from polyopt._isl import Frame
from polyopt._spaces import integer
from polyopt.model.affine import Affine
from polyopt.model.scop import Access, Statement
from polyopt.model.tree import Band, Member, Tree, walk
from polyopt.transform.blocks import Limit, Promotion, statements_at, walk_to
from polyopt.transform.footprints import Block, Footprints, boxes
from polyopt.transform.legality import Path
from polyopt.transform.packing import packed_blocks


@dataclass(frozen=True)
class Filling:
    """A block, the conditions for its elements to be touched, and all instances that may run."""

    block: Block
    limits: tuple[Limit, ...]
    instances: str


@dataclass(frozen=True)
class Copy:
    """A packed block, and the rows of a statement in the loops outside it."""

    block: Promotion
    rows: tuple[Affine, ...]

    def touched(
        self, footprints: Footprints, statement: Statement, access: Access, instances: isl.Set
    ) -> isl.Map:
        """`{ loops outside → elements }` of an access by some instances."""
        frame = footprints.frames[statement.name]
        prefix = frame.access("prefix", self.rows).intersect_domain(instances).reverse()
        return prefix.apply_range(frame.access(access.array, access.subscripts))


def filling(footprints: Footprints, tree: Tree, path: Path, array: str) -> Filling | None:
    """The block of `array` that the one statement at a path fills, given instances beyond its
    domain; None where there is none, or these would do more than fill."""
    outside, within, node = walk_to(tree, path)
    inside = [m for n in walk(node) if isinstance(n, Band) for m in n.members]
    if any(m.grid for m in (*outside, *inside)):  # items of a group read other blocks
        return None
    names = statements_at(tree, path)
    statement = footprints.scop.statement(min(names))
    targets = [s.single_name for s in statement.subscripts]
    if len(names) > 1 or within or statement.array != array or statement.guard is not None:
        return None
    if statement.reduction is None or None in targets or len(set(targets)) < len(targets):
        return None
    reads = [a for a in statement.accesses if a.kind == "read" and a.subscripts]
    reads = [a for a in reads if (a.array, a.subscripts) != (array, statement.subscripts)]
    copies = [_copy(footprints, tree, path, statement, a) for a in reads]
    holders = {a: c for a, c in zip(reads, copies, strict=True) if c is not None}
    if not holders or len(holders) < len(reads):
        return None
    key = (path, array, outside, statement.name, tuple(holders.items()))
    known: dict[object, Filling | None] = footprints.fillings
    if key not in known:
        known[key] = _found(footprints, outside, statement, holders)
    return known[key]


def _copy(
    footprints: Footprints, tree: Tree, path: Path, statement: Statement, access: Access
) -> Copy | None:
    """The innermost copy that holds a read, where it is padded."""
    own = [
        p
        for p in packed_blocks(footprints, tree)
        if path[: len(p.path)] == p.path
        and p.array == access.array
        and (statement.name, access.subscripts) in p.targets
    ]
    block = max(own, key=lambda p: len(p.path), default=None)
    if block is None or block.layout is None or not block.layout.pad:
        return None
    outside, _, _ = walk_to(tree, block.path)
    return Copy(block, tuple(m.row(statement.name) for m in outside))


def _found(
    footprints: Footprints,
    outside: tuple[Member, ...],
    statement: Statement,
    holders: dict[Access, Copy],
) -> Filling | None:
    frame = footprints.frames[statement.name]
    rows = tuple(m.row(statement.name) for m in outside)
    target = {n for s in statement.subscripts for n in s.names()}
    summed = tuple(Affine.name(i) for i in statement.iterators if i not in target)
    domain = statement.domain.intersect_params(footprints.scop.facts)
    alike = frame.access("alike", (*rows, *summed))
    every = domain.apply(alike).apply(alike.reverse()).coalesce()
    beyond = every.subtract(domain).coalesce()
    prefix = frame.access("prefix", rows)
    touched = prefix.intersect_domain(domain).reverse()
    touched = touched.apply_range(frame.access(statement.array, statement.subscripts)).coalesce()
    block = footprints.box(touched, len(outside))
    if beyond.is_empty() or block is None:
        return None
    blocks = Promotion((), 0, statement.array, *block, load=True, store=True, reduction=None)
    whole = _boxes(footprints, len(outside), touched.domain(), statement.array, blocks)
    limits = _limits(footprints, touched, whole)
    around = prefix.intersect_domain(beyond).reverse()
    written = around.apply_range(frame.access(statement.array, statement.subscripts))
    if limits is None or not written.is_subset(whole) or not written.is_disjoint(touched):
        return None
    for access, copy in holders.items():
        read = copy.touched(footprints, statement, access, beyond)
        if not read.is_subset(_filled(footprints, copy, statement, access)):
            return None
    return Filling(block, limits, str(every))


def _boxes(
    footprints: Footprints, depth: int, reached: isl.Set, array: str, block: Promotion
) -> isl.Map:
    """`{ loops outside → elements of the block }`."""
    names = tuple(f"c{i}" for i in range(depth))
    corner = Frame(footprints.scop.parameter_names, "prefix", names).access(array, block.origin)
    return boxes(corner.intersect_domain(reached), block.shape)


def _limits(footprints: Footprints, touched: isl.Map, whole: isl.Map) -> tuple[Limit, ...] | None:
    """The conditions on elements that tell those that are touched from the rest of their block;
    None where no single list of them does."""
    pieces: list[isl.BasicSet] = []
    touched.range().gist(whole.range()).coalesce().foreach_basic_set(pieces.append)
    if len(pieces) != 1 or pieces[0].dim(isl.dim_type.div):
        return None
    kept = whole.intersect_range(isl.Set(pieces[0]))
    if not kept.is_equal(touched):
        return None
    found: list[Limit] = []
    names = footprints.scop.parameter_names
    for constraint in pieces[0].get_constraints():
        if constraint.is_equality():
            return None

        def factors(kind: isl.dim_type, count: int, of: isl.Constraint = constraint) -> list[int]:
            return [integer(of.get_coefficient_val(kind, n)) for n in range(count)]

        moving = factors(isl.dim_type.set, pieces[0].dim(isl.dim_type.set))
        terms = zip(names, factors(isl.dim_type.param, len(names)), strict=True)
        constant = integer(constraint.get_constant_val())
        found.append((tuple(moving), Affine.of(terms, constant)))
    return tuple(found)


def _filled(footprints: Footprints, copy: Copy, statement: Statement, access: Access) -> isl.Map:
    """`{ loops outside the copy → elements }` that a padded copy holds or has zeros for: its panels
    with an element that is read."""
    layout, depth = copy.block.layout, len(copy.rows)
    if layout is None:
        raise TypeError("a packed copy has a layout")
    names = footprints.scop.parameter_names
    outer = tuple(f"c{i}" for i in range(depth))
    inner = tuple(f"e{d}" for d in range(len(copy.block.origin)))
    frame = Frame(names, "both", (*outer, *inner))
    panels = [
        (Affine.name(e) - origin).floordiv(layout.width(d))
        for d, (e, origin) in enumerate(zip(inner, copy.block.origin, strict=True))
    ]
    loops = tuple(map(Affine.name, outer))
    panel = frame.access("panel", (*loops, *panels))
    prefix = frame.access("prefix", loops)
    element = frame.access(access.array, tuple(map(Affine.name, inner)))
    read = copy.touched(footprints, statement, access, statement.domain)
    pairs = prefix.range_product(element)
    cells = pairs.intersect_range(read.wrap()).domain().apply(panel).apply(panel.reverse())
    whole = _boxes(footprints, depth, read.domain(), access.array, copy.block)
    return prefix.intersect_domain(cells).reverse().apply_range(element).intersect(whole)
