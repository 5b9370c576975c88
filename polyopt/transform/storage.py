"""Storage steps: they change accesses, and so make a new model whose dependences are new."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import islpy as isl

from polyopt._isl import one_form
from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependences
from polyopt.model.expr import Expr, Load
from polyopt.model.frames import frames
from polyopt.model.scop import Scop, Statement, with_loads
from polyopt.model.tree import Band, Mark, Tree
from polyopt.transform.edit import node_at, places, replace_at, resolve
from polyopt.transform.footprints import Footprints
from polyopt.transform.promotion import promotions


def privatize(scop: Scop, dependences: Dependences, tree: Tree, array: str, at: str | None) -> Scop:
    """Give a local one copy per iteration of the outer loops around all its uses.

    for i: t = A[i]; B[i] = t    —privatize("t")→    for i: t[i] = A[i]; B[i] = t[i]

    Without `at`, of as many outer loops as the values allow, of an array of no more than reuse its
    elements; with it, down to that loop. Every read then still reaches the same write, since no
    value passes between iterations: refused where one does. The emitted code keeps a copy of a
    scalar only where two can be alive at once, and one of an array for each thread.

    Raises BadArgumentError where the array is not a local, or where a value crosses.
    """
    _local(scop, array, "privatize")
    if array in dict(scop.private):
        raise BadArgumentError(f'privatize: "{array}" has private copies already.')
    possible = private_depth(scop, dependences, array)
    users = [s for s in scop.statements if uses(s, array)]
    depth = possible if at is None else depth_of(tree, users, at)
    if at is None and scop.array(array).shape:
        depth = reused_depth(scop, dependences, array) or min(1, possible)
    if depth == 0 or depth > possible:
        raise BadArgumentError(
            f'privatize: a value of "{array}" passes from one iteration of '
            f"{users[0].iterators[possible] if users[0].iterators[possible:] else 'the kernel'} to "
            f"another, so its copies cannot be apart there."
        )
    statements = tuple(expanded(s, array, depth, array) for s in scop.statements)
    return replace(scop, statements=statements, private=(*scop.private, (array, depth)))


def expand(scop: Scop, array: str) -> Scop:
    """Keep the private copies of the innermost of their loops side by side, as one more dimension.

    for i: t[i] = A[i]; B[i] = t[i], one copy at a time    —expand("t")→    all of t[0 … N - 1]

    The loop may then be distributed between what writes a copy and what reads it (array
    expansion: Feautrier 1988). Legal always; it costs the memory.

    Raises BadArgumentError where the array has no private copies, or their loop's range is not
    from 0 or above to an end that sizes alone tell.
    """
    copies = dict(scop.private)
    if array not in copies:
        known = ", ".join(f'"{n}"' for n in copies) or "none"
        raise BadArgumentError(
            f'expand: "{array}" has no private copies. Take privatize first. Arrays with such '
            f"copies here: {known}."
        )
    extent = _extent(scop, array, copies[array] - 1)
    if extent is None:
        raise BadArgumentError(
            f'expand: the copies of "{array}" are not of iterations from 0 or above to an end that '
            f"sizes alone tell."
        )
    old = scop.array(array)
    arrays = tuple(replace(a, shape=(extent, *a.shape)) if a == old else a for a in scop.arrays)
    fewer = ((n, c - (n == array)) for n, c in scop.private)
    return replace(scop, arrays=arrays, private=tuple((n, c) for n, c in fewer if c))


def _extent(scop: Scop, array: str, position: int) -> Affine | None:
    """One more than the greatest value of a subscript, in sizes; None where it has no such form."""
    made = frames(scop)
    touched: isl.Set | None = None
    for statement in scop.statements:
        for access in statement.accesses:
            if access.array == array:
                relation = made[statement.name].access(array, access.subscripts)
                part = relation.intersect_domain(statement.domain).range()
                touched = part if touched is None else touched.union(part)
    if touched is None:
        return None
    below = touched.upper_bound_val(isl.dim_type.set, position, isl.Val(-1))
    last = touched.dim_max(position)
    end = one_form(last.gist(last.domain()).coalesce(), scop.parameter_names)
    return None if end is None or not below.is_empty() else end + 1


def rename(scop: Scop, dependences: Dependences, array: str) -> Scop:
    """Give the uses of a local that share no value storage of their own.

    for i: t = A[i]; B[i] = t                 for i: t = A[i]; B[i] = t
    for j: t = C[j]; D[j] = t    —rename→     for j: t_2 = C[j]; D[j] = t_2

    Uses belong together where a value flows between them (the webs of register allocation;
    Cytron and Ferrante 1987). Every read then still reaches the same write.

    Raises BadArgumentError where the array is not a local, or is one web.
    """
    _local(scop, array, "rename")
    if array in dict(scop.private):
        raise BadArgumentError(f'rename: "{array}" has private copies; rename it before privatize.')
    webs = _webs(scop, dependences, array)
    if len(webs) < 2:
        raise BadArgumentError(f'rename: all uses of "{array}" share one value.')
    taken = {a.name for a in scop.arrays} | {a.name for a in scop.arguments}
    arrays, statements = scop.arrays, scop.statements
    old = scop.array(array)
    for number, web in enumerate(webs[1:], 2):
        name = f"{array}_{number}"
        while name in taken:
            name += "_"
        taken.add(name)
        arrays = (*arrays, replace(old, name=name))
        statements = tuple(_with_array(s, array, name) if s.name in web else s for s in statements)
    return replace(scop, arrays=arrays, statements=statements)


def _webs(scop: Scop, dependences: Dependences, array: str) -> list[set[str]]:
    """Statements that use the local, grouped by the values that flow between them. Those of a loop
    that the local ends are together: each iteration reads it."""
    webs: list[set[str]] = []
    inside = False
    for s in scop.statements:
        ended = any(e.flag == array for e in s.exits)
        if ended and inside:
            webs[-1].add(s.name)
        elif ended or uses(s, array):
            webs.append({s.name})
        inside = ended
    for dependence in dependences.items:
        if dependence.array == array and dependence.kind in ("flow", "reduction"):
            joined = [w for w in webs if w & {dependence.source, dependence.sink}]
            rest = [w for w in webs if w not in joined]
            webs = [set().union(*joined), *rest] if joined else rest
    order = [s.name for s in scop.statements]
    return sorted(webs, key=lambda w: min(map(order.index, w)))


def _with_array(statement: Statement, array: str, name: str) -> Statement:
    """The statement with a local under another name."""

    def change(node: Expr) -> Expr:
        return replace(node, array=name) if isinstance(node, Load) and node.array == array else node

    exits = tuple(replace(e, flag=name) if e.flag == array else e for e in statement.exits)
    written = name if statement.array == array else None
    return replace(_rewritten(statement, change, written), exits=exits)


def promote(footprints: Footprints, tree: Tree, array: str, at: str, to: str = "register") -> Tree:
    """Keep the block of an array that a loop works on in registers while it runs.

    for k: for i: for j: C[i, j] += …    —promote("C", at="k")→
        load c from C; for k: for i: for j: c[i, j] += …; store c to C

    The block must be one full box of constant shape for each iteration of the loops outside, but
    for what of it lies beyond the last element touched, and every access to the array below must
    lie in it: tile first. `to="local"` asks for the local memory of an OpenCL work group, which
    its items fill together; what is only read may then be one box for each access. For C both are
    a local array. Around the items of a group, registers hold what is one item's alone.

    Raises NoSuchLoopError, and BadArgumentError where there is no such block.
    """
    arrays = footprints.scop.arrays
    if all(a.name != array for a in arrays):
        known = ", ".join(f'"{a.name}"' for a in arrays) or "none"
        raise BadArgumentError(f'promote: no array is called "{array}". Arrays here: {known}.')
    if to not in ("register", "local"):
        raise BadArgumentError(f'promote: to is "register" or "local", not {to!r}.')
    place = resolve(tree, at)
    band = node_at(tree, place.path)
    if not isinstance(band, Band):
        raise TypeError("a place is always in a band")
    outer, inner = band.members[: place.position], band.members[place.position :]
    where = " local" if to == "local" else ""
    marked = Mark(f"promote {array}{where}", Band(inner, band.child))
    new = replace_at(tree, place.path, Band(outer, marked) if outer else marked)
    path = (*place.path, 0) if outer else place.path
    if not promotions(footprints, new, path, array, local=to == "local"):
        raise BadArgumentError(
            f'promote("{array}", at="{at}"): what the loop touches of {array} is not one full box '
            f"of constant shape. Tile its loops, separate full tiles, and promote in those."
        )
    return new


def _local(scop: Scop, array: str, step: str) -> None:
    """Raise BadArgumentError where the array is not a local, or a contracted one."""
    if array in scop.contracted:
        raise BadArgumentError(f'{step}: "{array}" is contracted. Take this step before contract.')
    declared = [a.name for a in scop.arrays if a.kind == "local"]
    if array not in declared:
        raise BadArgumentError(
            f'{step}: "{array}" is not local. Locals here: {", ".join(declared) or "none"}.'
        )


def depth_of(tree: Tree, users: list[Statement], at: str) -> int:
    """The number of source loops around the first user down to the one called `at`."""
    rows = dict(resolve(tree, at).member.rows)
    for position, iterator in enumerate(users[0].iterators):
        if rows.get(users[0].name) in (Affine.name(iterator), -Affine.name(iterator)):
            return position + 1
    raise BadArgumentError(f'privatize: "{at}" is not a source loop around {users[0].name}.')


def uses(statement: Statement, array: str) -> bool:
    """Whether the statement reads or writes the array."""
    return any(a.array == array for a in statement.accesses)


def private_depth(scop: Scop, dependences: Dependences, array: str) -> int:
    """The number of outer loops, common to all uses, between whose iterations no value passes."""
    users = [s for s in scop.statements if uses(s, array)]
    if not users:
        return 0
    depth = min(len(s.iterators) for s in users)
    depth = min(depth, shared_loops(scop, {s.name for s in users}))
    values = [d for d in dependences.items if d.array == array and d.kind in ("flow", "reduction")]
    for dependence in values:
        while depth and not _same_outer(dependence.relation, depth):
            depth -= 1
    return depth


def reused_depth(scop: Scop, dependences: Dependences, array: str) -> int:
    """The fewest outer loops whose iterations must have copies of their own, so that no element
    is used again in another iteration of those between which no value passes; 0 where none is."""
    possible = private_depth(scop, dependences, array)
    reuses = [d for d in dependences.items if d.array == array and d.kind in ("anti", "output")]
    for depth in range(possible):
        inside = (_equal_outer(d.relation, depth) for d in reuses)
        if all(_same_outer(relation, possible) for relation in inside):
            return depth
    return possible


def _equal_outer(relation: isl.Map, depth: int) -> isl.Map:
    for position in range(depth):
        relation = relation.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
    return relation


def shared_loops(scop: Scop, statements: set[str]) -> int:
    """The number of source loops around all these statements, by the reference tree."""
    return sum(1 for p in places(scop.tree) if statements <= set(p.member.statements))


def _same_outer(relation: isl.Map, depth: int) -> bool:
    for position in range(depth):
        equal = relation.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
        if not relation.is_subset(equal):
            return False
    return True


def expanded(statement: Statement, array: str, depth: int, work: str) -> Statement:
    """The statement with an array, now called `work`, indexed by its outer iterators first."""
    index = tuple(Affine.name(i) for i in statement.iterators[:depth])

    def change(node: Expr) -> Expr:
        if isinstance(node, Load) and node.array == array:
            return replace(node, array=work, subscripts=(*index, *node.subscripts))
        return node

    if statement.array != array:
        return _rewritten(statement, change, None)
    changed = _rewritten(statement, change, work)
    return replace(changed, subscripts=(*index, *changed.subscripts))


def _rewritten(
    statement: Statement, change: Callable[[Expr], Expr], target: str | None
) -> Statement:
    """The statement with every expression changed, and its target renamed where one is given."""
    return replace(with_loads(statement, change), array=target or statement.array)
