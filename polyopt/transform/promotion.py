"""Which block of an array a subtree touches, and where the blocks of temporaries can stand.

Used twice: a vector loop that carries a reduction needs its target in an accumulator, and a
privatised scalar needs its copies at the deepest place from which they all can be reached.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import prod

from polyopt.errors import IllegalScheduleError
from polyopt.model.scop import Access, Scop, Statement
from polyopt.model.tree import Band, Mark, Member, Node, Tree, children, walk
from polyopt.transform.array_sums import array_sums
from polyopt.transform.blocks import Point, Promotion, parts, points, statements_at, walk_to
from polyopt.transform.copies import Wanted, any_of, copies_around
from polyopt.transform.filling import filling
from polyopt.transform.footprints import Block, Footprints
from polyopt.transform.legality import Level, Path, Verdict
from polyopt.transform.mapping import owned_by_items
from polyopt.transform.packing import packed_blocks

_ROWS = 8
"""Rows in each of which a vector loop may accumulate: their lanes stay in registers."""
_IN_LANES = ("add", "mul", "min", "max", "or", "xor")


def required_blocks(footprints: Footprints, tree: Tree, verdict: Verdict) -> tuple[Promotion, ...]:
    """Every block that an order needs: private scalars', promoted ones, vector reductions'.

    Raises IllegalScheduleError, with what to do, where one cannot be.
    """
    found: list[Promotion] = []
    for array, _ in footprints.scop.private:
        if not copies_fit(footprints, tree, array):
            raise IllegalScheduleError(
                f'the private copies of "{array}" would outlive the loops they belong to. '
                f"Keep the statements that use it in one loop body, or tile the loop between them."
            )
        if array in footprints.scop.private_scalars:
            found += private_blocks(footprints, tree, array)
    found += promoted_blocks(footprints, tree)
    found += packed_blocks(footprints, tree)
    for level in verdict.levels:
        if (level.member.vector or level.member.partials) and level.reductions:
            step = "reduce" if level.member.partials else "vectorize"
            blocks = accumulator(footprints, tree, level)
            in_parts = level.member.parallel and not level.member.vector
            if blocks is None and in_parts and array_sums(footprints.scop, level):
                continue
            if blocks is None:
                raise IllegalScheduleError(
                    f'{step}("{level.member.name}") carries a reduction whose target cannot '
                    f"stay in one accumulator: it moves with the loop, is used otherwise there, "
                    f"or another loop is inside. {step.title()} the innermost loop, or interchange."
                )
            _check_apart(step, level, blocks, found)
            found += blocks
    return tuple(found)


def _check_apart(
    step: str, level: Level, accumulators: tuple[Promotion, ...], around: list[Promotion]
) -> None:
    """Raise IllegalScheduleError where an accumulator is inside a block that holds only some
    accesses to its array: it would be read from the array, and written there beneath the block."""
    for one in accumulators:
        for block in around:
            outside = block.path == one.path[: len(block.path)]
            if outside and block.array == one.array and block.targets and block.layout is None:
                raise IllegalScheduleError(
                    f'{step}("{level.member.name}") keeps an element of "{one.array}" in an '
                    f"accumulator, and a promoted block around it holds that element already. "
                    f"{step.title()} without promote: the accumulator is enough."
                )


def accumulator(footprints: Footprints, tree: Tree, level: Level) -> tuple[Promotion, ...] | None:
    """The accumulators that make a loop's carried reductions safe to run in vector lanes.

    Each updating statement has its own: one element, or in a loop in vectors over rows that are
    jammed one for each row. None where one is impossible: the target moves with the loop, or others
    touch it.
    """
    if _has_loops_inside(tree, level):
        return None
    most = _ROWS if level.member.vector and not level.member.parallel else 1
    scop = footprints.scop
    inside = [s for s in scop.statements if s.name in level.member.statements]
    outside = _outside(tree, level)
    found: list[Promotion] = []
    for name in dict.fromkeys(d.source for d in level.reductions):
        update = scop.statement(name)
        block = footprints.block(outside, [update], update.array, targets_only=True)
        if update.reduction is None or block is None or prod(block[1]) > most:
            return None
        whole = all(e == 1 for e in block[1])
        if not (whole or _in_rows(footprints, tree, level, update, block)):
            return None
        if not footprints.apart(outside, [update], inside, update.array):
            return None
        found.append(
            Promotion(
                level.path, level.position, update.array, block[0], () if whole else block[1],
                load=True, store=True, reduction=update.reduction.op,
                targets=((name, update.subscripts),),
            )
        )  # fmt: skip
    return tuple(found)


def _in_rows(
    footprints: Footprints, tree: Tree, level: Level, update: Statement, block: Block
) -> bool:
    """Whether a statement in jammed rows updates every element of a block, numbers by addition or
    the like."""
    number = footprints.scop.dtype(update.array).kind in "iuf"
    if not number or update.reduction is None or update.reduction.op not in _IN_LANES:
        return False
    _, within, _ = walk_to(tree, level.path)
    around = _outside(tree, level)
    filled = footprints.full_block(around, [update], update.array, within)
    return filled is not None and filled.block == block and not filled.ends


def _has_loops_inside(tree: Tree, level: Level) -> bool:
    """Whether any loop is inside a loop, but jammed rows in a loop in vectors."""
    _, _, band = walk_to(tree, level.path)
    if not isinstance(band, Band):
        return False
    inner = list(band.members[level.position + 1 :])
    for node in (n for c in children(band) for n in walk(c)):
        inner += node.members if isinstance(node, Band) else ()
    return not all(level.member.vector and m.unroll < 0 for m in inner)


def invariants(footprints: Footprints, tree: Tree, level: Level) -> tuple[Promotion, ...]:
    """Elements that a vector loop only reads, always the same one, of arrays that it writes too.

    A compiler must load these in every iteration, since it cannot see that no write reaches
    them; here it is known from the exact footprints.
    """
    scop = footprints.scop
    inside = [s for s in scop.statements if s.name in level.member.statements]
    written = {s.array for s in inside}
    outside = _outside(tree, level)
    _, within, _ = walk_to(tree, level.path)
    is_copied = any_of(copies_around(tree, level.path))
    found: list[Promotion] = []
    for statement in inside:
        for access in statement.accesses:
            if access.kind != "read" or access.array not in written or not access.subscripts:
                continue
            if is_copied(statement, access):
                continue
            block = footprints.fixed_element(outside, inside, statement, access, within)
            if block is not None:
                target = (statement.name, access.subscripts)
                found.append(
                    Promotion(
                        level.path, level.position, access.array, block, (),
                        load=True, store=False, reduction=None, targets=(target,),
                    )
                )  # fmt: skip
    return tuple(found)


def _is(wanted: Access) -> Wanted:
    """Selects one access."""
    return lambda _, access: access == wanted


def _outside(tree: Tree, level: Level) -> tuple[Member, ...]:
    """The loops around a level, outermost first."""
    outside, _, band = walk_to(tree, level.path)
    if not isinstance(band, Band):
        raise TypeError("a level is always a band's")
    return (*outside, *band.members[: level.position])


def copies_fit(footprints: Footprints, tree: Tree, array: str) -> bool:
    """Whether the order has a place for the copies of a privatised local."""
    if footprints.scop.array(array).shape:
        return private_place(footprints, tree, array) is not None
    return bool(private_blocks(footprints, tree, array))


def private_place(footprints: Footprints, tree: Tree, array: str) -> Point | None:
    """The first place in each of whose iterations one copy of a privatised array is used, and its
    elements in no other iteration; None where there is no such place, or where iterations outside
    run side by side in one thread."""
    users = [s for s in footprints.scop.statements if any(a.array == array for a in s.accesses)]
    for point in points(tree, frozenset(s.name for s in users)):
        home = footprints.home(point.outside, users, array, dict(footprints.scop.private)[array])
        if home.block is not None:
            mixed = any(m.vector or m.partials or m.scan for m in point.outside)
            return point if home.is_whole and not mixed else None
    return None


def places_apart(footprints: Footprints, tree: Tree) -> dict[str, Point]:
    """The privatised arrays of which each thread has a copy, and the places of these: some loop
    around them runs on threads."""
    found = {a: private_place(footprints, tree, a) for a in footprints.scop.private_arrays}
    return {
        array: point
        for array, point in found.items()
        if point is not None and any(m.parallel or m.pipeline for m in point.outside)
    }


def private_blocks(
    footprints: Footprints, tree: Tree, array: str, start: Point | None = None
) -> tuple[Promotion, ...]:
    """Where the copies of a privatised scalar stand: the deepest place that keeps every copy's
    whole life inside one iteration of the loops outside, or one in each part of a sequence that
    shares no copies with the others. Empty where no bounded block does."""
    users = _using(footprints.scop, array, start)
    names = frozenset(s.name for s in users)
    best: Promotion | None = None
    last: Point | None = None
    for point in points(tree, names, start):
        home = footprints.home(point.outside, users, array)
        if not home.is_whole:
            last = None
            break
        last = point
        if home.block is not None:
            best = Promotion(
                point.path, point.position, array, home.block[0], home.block[1],
                load=False, store=False, reduction=None,
            )  # fmt: skip
    if best is not None or last is None:
        return () if best is None else (best,)
    found = parts(tree, names, last)
    if not _are_apart(footprints, tree, found, array):
        return ()
    blocks = [private_blocks(footprints, tree, array, part) for part in found]
    return tuple(b for each in blocks for b in each) if all(blocks) else ()


def _using(scop: Scop, array: str, start: Point | None) -> list[Statement]:
    """The statements that touch an array, of those below a point."""
    names = {s.name for s in scop.statements} if start is None else set(start.statements)
    return [
        s for s in scop.statements
        if s.name in names and any(a.array == array for a in s.accesses)
    ]  # fmt: skip


def _are_apart(footprints: Footprints, tree: Tree, found: tuple[Point, ...], array: str) -> bool:
    """Whether no element of an array is touched in two parts of a sequence, the loops outside
    standing still."""
    touched = [
        footprints.elements(
            part.outside,
            _using(footprints.scop, array, part),
            array,
            within=walk_to(tree, part.path)[1],
        )
        for part in found
    ]
    return len(found) > 1 and all(
        a is not None and b is not None and a.intersect(b).is_empty()
        for a, b in combinations(touched, 2)
    )


def promoted_blocks(footprints: Footprints, tree: Tree) -> tuple[Promotion, ...]:
    """The blocks of every promoted array, where its loop is now.

    Raises IllegalScheduleError where one is no full box any more, shared between threads, or
    inside another one of the same array.
    """
    found: list[Promotion] = []

    def visit(node: Node, path: Path, around: frozenset[str]) -> None:
        words = node.name.split() if isinstance(node, Mark) else []
        array = words[1] if words and words[0] == "promote" else ""
        if array and _users(footprints.scop, tree, path, array):
            local = "local" in words[2:]
            made = promotions(footprints, tree, path, array, local=local)
            if not made:
                raise IllegalScheduleError(_lost(node, array))
            if array in around:
                raise IllegalScheduleError(
                    f'"{array}" is in a promoted block here already, and a block has no block '
                    f"of its own. Promote it once, at the loop that is to keep it."
                )
            found.extend(replace(block, local=local) for block in made)
            around |= {array}
        for number, child in enumerate(children(node)):
            visit(child, (*path, number), around)

    visit(tree.root, (), frozenset())
    return tuple(found)


def _lost(node: Node, array: str) -> str:
    inside = [m for n in walk(node) if isinstance(n, Band) for m in n.members]
    if any(m.grid.startswith("item") for m in inside):
        return (
            f'the promoted block of "{array}" is around items of a work group, and is no box of '
            f"constant shape, is outside of groups, or belongs to several items: only "
            f'promote("{array}", to="local") can be shared by items.'
        )
    shared = [m.name for m in inside if m.parallel or m.pipeline]
    if shared:
        return (
            f'the promoted block of "{array}" belongs to one thread, and "{shared[0]}" inside it '
            f"is parallel. Run a loop outside the block in parallel."
        )
    first = f' around "{inside[0].name}"' if inside else ""
    return (
        f'the promoted block of "{array}"{first} is not one full box of constant shape any more. '
        f"Take this step first, and promote after it."
    )


def _users(scop: Scop, tree: Tree, path: Path, array: str) -> list[Statement]:
    """The statements below a path that touch an array."""
    names = statements_at(tree, path)
    return [
        s for s in scop.statements
        if s.name in names and any(a.array == array for a in s.accesses)
    ]  # fmt: skip


def promotions(
    footprints: Footprints, tree: Tree, path: Path, array: str, *, local: bool
) -> tuple[Promotion, ...]:
    """The blocks of a promoted array: one, or where items share what is only read, one for each
    access to it. Empty where there is no such block."""
    outside, within, node = walk_to(tree, path)
    users = _users(footprints.scop, tree, path, array)
    if not users or not _reached(footprints, outside, node, users, array, local=local):
        return ()
    block = promoted_block(footprints, tree, path, array)
    if block is not None:
        return (block,)
    if not local or any(s.array == array for s in users):
        return ()
    found: list[Promotion] = []
    for statement in users:
        for access in dict.fromkeys(a for a in statement.accesses if a.array == array):
            box = footprints.access_block(outside, statement, access, within)
            if box is None:
                return ()
            found.append(
                Promotion(
                    path, 0, array, *box.block, load=True, store=False, reduction=None,
                    targets=((statement.name, access.subscripts),), ends=box.ends,
                )
            )  # fmt: skip
    return tuple(found)


def _reached(
    footprints: Footprints,
    outside: tuple[Member, ...],
    node: Node,
    users: list[Statement],
    array: str,
    *,
    local: bool,
) -> bool:
    """Whether a block belongs to one thread, or to the items of one work group: those share
    local memory, and in registers each element is one item's."""
    inside = [m for n in walk(node) if isinstance(n, Band) for m in n.members]
    if any(m.pipeline or (m.parallel and not m.grid.startswith("item")) for m in inside):
        return False
    if not any(m.parallel for m in inside):
        return True
    if not any(m.grid.startswith("group") for m in outside):
        return False
    return local or owned_by_items(footprints, outside, node, users, array)


def promoted_block(footprints: Footprints, tree: Tree, path: Path, array: str) -> Promotion | None:
    """The block of `array` that the subtree at `path` touches; None where it is not one full box
    of constant shape."""
    outside, within, _ = walk_to(tree, path)
    users = _users(footprints.scop, tree, path, array)
    copies = copies_around(tree, path)
    found = footprints.full_block(outside, users, array, within, copies)
    if found is None:
        return _filled_block(footprints, tree, path, array)
    origin, shape = found.block
    writers = [s for s in users if s.array == array]
    targets = tuple((s.name, s.subscripts) for s in writers) if found.targets_only else ()
    if not targets and any(c.partition("[")[0] == array for c in copies):
        is_copied = any_of(copies)
        targets = tuple(
            (s.name, a.subscripts)
            for s in users for a in s.accesses
            if a.array == array and not is_copied(s, a)
        )  # fmt: skip
    return Promotion(
        path, 0, array, origin, shape,
        load=True, store=bool(writers), reduction=None, targets=targets, ends=found.ends,
    )  # fmt: skip


def _filled_block(footprints: Footprints, tree: Tree, path: Path, array: str) -> Promotion | None:
    """The block that a statement fills with more instances than it has."""
    found = filling(footprints, tree, path, array)
    if found is None:
        return None
    (name,) = statements_at(tree, path)
    return Promotion(
        path, 0, array, *found.block,
        load=True, store=True, reduction=None,
        targets=((name, footprints.scop.statement(name).subscripts),),
        limits=found.limits, instances=((name, found.instances),),
    )  # fmt: skip
