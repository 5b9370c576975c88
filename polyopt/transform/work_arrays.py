"""Arguments that serve as work arrays: iterations work on copies, the last one is written back.

    for i:                              for i:
        for j: t[j] = A[i, j]               for j: t_work[i, j] = A[i, j]
        for j: B[i, j] = t[j] * 2    →      for j: B[i, j] = t_work[i, j] * 2
                                            if i == n - 1: for j: t[j] = t_work[i, j]

What a call leaves in the argument stays what it was: each element is written back in the last
iteration that writes it. Array expansion with a copy-out (Feautrier 1988; Li 1992).
"""

from __future__ import annotations

from dataclasses import replace

import islpy as isl

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependences, reads_what_it_was
from polyopt.model.expr import Load, data, loads
from polyopt.model.frames import frames
from polyopt.model.nest import Array
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Band, Leaf, Member, Node, Sequence, Tree
from polyopt.transform.edit import fresh_name, normal, places, whole
from polyopt.transform.storage import depth_of, expanded, private_depth, reused_depth, uses

_MOST_PIECES = 2
"""Basic sets of the last iterations, above which writing them back would need too many tests."""


def privatize_argument(
    scop: Scop, dependences: Dependences, tree: Tree, array: str, at: str | None
) -> tuple[Scop, str]:
    """The model in which iterations have copies of an argument, in its order; the copies' name.

    Copies are those of the fewest outer loops that free the others, or down to the loop `at`.

    Raises BadArgumentError where an element's value before the call or in one iteration may be
    read in another, where it is not known which write is the last, or where the order has changed
    already.
    """
    _check(scop, tree, array)
    users = [s for s in scop.statements if uses(s, array)]
    copies = reused_depth(scop, dependences, array) if at is None else depth_of(tree, users, at)
    possible = 0 < copies <= private_depth(scop, dependences, array)
    last = _last_iterations(scop, users, array, copies) if possible else None
    if last is None or reads_what_it_was(scop, array):
        raise BadArgumentError(
            f'privatize: "{array}" is an argument, and it is not known that every iteration of a '
            f"loop writes its elements before it reads them, and which one writes them last."
        )
    work = _fresh(scop, f"{array}_work")
    old = scop.array(array)
    statement = _copy_out(scop, tree, users[0].iterators[:copies], old, work, last)
    order = _with_copy_out(scop.tree, frozenset(s.name for s in users), statement, copies)
    statements = tuple(expanded(s, array, copies, work) for s in scop.statements)
    made = replace(
        scop,
        arrays=(*scop.arrays, Array(work, old.dtype, old.shape, "local", old.location)),
        statements=(*statements, statement),
        tree=order,
        private=(*scop.private, (work, copies)),
    )
    return made, work


def _check(scop: Scop, tree: Tree, array: str) -> None:
    if tree != scop.tree:
        raise BadArgumentError(
            f'privatize: "{array}" is an argument. Take this step before those that change the '
            f"order: its last values are written back in the order of the kernel."
        )
    subscripts = [x for s in scop.statements for a in s.accesses for x in a.subscripts]
    bounds = [b.value for s in scop.statements for b in s.ranges]
    read = {x.array for a in (*subscripts, *bounds) for e in data(a) for x in loads(e)}
    if array in read or array in {f.array for f in scop.index_facts}:
        raise BadArgumentError(f'privatize: "{array}" is an argument that others are indexed by.')


def _fresh(scop: Scop, wanted: str) -> str:
    taken = {*(a.name for a in scop.arrays), *(a.name for a in scop.arguments)}
    while wanted in taken | set(scop.parameter_names):
        wanted += "_"
    return wanted


def _last_iterations(scop: Scop, users: list[Statement], array: str, copies: int) -> isl.Set | None:
    """`{ [outer iterators, subscripts] }`: for each element the last iteration that writes it;
    None where data decide what is written, or a loop runs backwards."""
    if any(not s.is_certain or s.exits for s in users) or not _ascending(scop, users, copies):
        return None
    made, written = frames(scop), None
    for statement in users:
        if statement.array == array:
            relation = made[statement.name].access(array, statement.subscripts)
            relation = relation.intersect_domain(statement.domain)
            inner = relation.dim(isl.dim_type.in_) - copies
            outer = relation.project_out(isl.dim_type.in_, copies, inner)
            outer = outer.set_tuple_name(isl.dim_type.in_, "iteration")
            written = outer if written is None else written.union(outer)
    if written is None:
        return None
    last = written.reverse().lexmax().reverse().wrap().flatten().coalesce()
    return last if 0 < last.n_basic_set() <= _MOST_PIECES else None


def _ascending(scop: Scop, users: list[Statement], copies: int) -> bool:
    """Whether the outer loops run through the users' iterators as these grow."""
    names = {s.name for s in users}
    shared = [p.member for p in places(scop.tree) if names <= set(p.member.statements)]
    return all(
        member.row(s.name) == Affine.name(s.iterators[position])
        for position, member in enumerate(shared[:copies])
        for s in users
    )


def _copy_out(
    scop: Scop, tree: Tree, outer: tuple[str, ...], array: Array, work: str, last: isl.Set
) -> Statement:
    """The statement that writes the elements back, in the iterations that write them last."""
    name = f"S{len(scop.statements) + 1}"
    taken = {*outer, *scop.parameter_names}
    inner = []
    for dimension in range(len(array.shape)):
        wanted = fresh_name(tree, f"{array.name}_{dimension}")
        inner.append(f"{wanted}_" if wanted in taken else wanted)
    domain = last.set_tuple_name(name)
    for position, iterator in enumerate((*outer, *inner)):
        domain = domain.set_dim_name(isl.dim_type.set, position, iterator)
    cells = tuple(map(Affine.name, inner))
    copies = (*map(Affine.name, outer), *cells)
    where = replace(array.location, text=f"{array.name}: what the last iteration leaves")
    return Statement(
        name, (*outer, *inner), domain, str(domain), array.name, cells,
        Load(work, copies, array.dtype), None, None, where, None,
    )  # fmt: skip


def _with_copy_out(tree: Tree, users: frozenset[str], statement: Statement, copies: int) -> Tree:
    """The order with a statement at the end of the body of the users' innermost shared loop of the
    first `copies`."""
    inside: Node = Leaf()
    for iterator in reversed(statement.iterators[copies:]):
        rows = ((statement.name, Affine.name(iterator)),)
        inside = Band((Member(iterator, rows),), inside)

    def visit(node: Node, depth: int) -> Node:
        match node:
            case Sequence(items):
                return Sequence(
                    tuple(
                        replace(
                            item,
                            instances=(*item.instances, (statement.name, "")),
                            child=visit(item.child, depth),
                        )
                        if users <= set(item.statements)
                        else item
                        for item in items
                    )
                )
            case Band(members, child):
                count = min(len(members), copies - depth)
                outer = tuple(
                    replace(m, rows=(*m.rows, (statement.name, Affine.name(iterator))))
                    for m, iterator in zip(members, statement.iterators[depth:], strict=False)
                )[:count]
                rest = Band(members[count:], child) if count < len(members) else child
                if depth + count < copies:
                    return Band(outer, visit(rest, depth + count))
                own = members[0].statements
                body = Sequence((whole(own, rest), whole((statement.name,), inside)))
                return Band(outer, body)
            case _:
                raise TypeError("the users of a work array share loops")

    return replace(
        tree, statements=(*tree.statements, statement.name), root=normal(visit(tree.root, 0))
    )
