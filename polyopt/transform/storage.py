"""Storage steps: they change accesses, and so make a new model whose dependences are new."""

from __future__ import annotations

from dataclasses import replace

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependences
from polyopt.model.expr import Expr, Load, rebuild
from polyopt.model.scop import Scop, Statement
from polyopt.model.tree import Tree
from polyopt.transform.edit import resolve


def privatize(scop: Scop, dependences: Dependences, tree: Tree, array: str, at: str | None) -> Scop:
    """Give a local scalar one copy per iteration of the outer loops around all its uses.

    for i: t = A[i]; B[i] = t    —privatize("t")→    for i: t[i] = A[i]; B[i] = t[i]

    Without `at`, of as many outer loops as the values allow; with it, down to that loop. Every
    read then still reaches the same write, since no value passes between iterations: refused
    where one does. The emitted code keeps a copy only where two can be alive at once.

    Raises BadArgumentError where the array is not a scalar local, or where a value crosses.
    """
    declared = next((a for a in scop.arrays if a.name == array), None)
    if declared is None or declared.kind != "local" or declared.shape:
        scalars = [a.name for a in scop.arrays if a.kind == "local" and not a.shape]
        raise BadArgumentError(
            f'privatize: "{array}" is not a scalar local. Scalars here: {scalars or "none"}.'
        )
    possible = private_depth(scop, dependences, array)
    users = [s for s in scop.statements if uses(s, array)]
    depth = possible if at is None else _depth_of(tree, users, at)
    if depth == 0 or depth > possible:
        raise BadArgumentError(
            f'privatize: a value of "{array}" passes from one iteration of '
            f"{users[0].iterators[possible] if users[0].iterators[possible:] else 'the kernel'} to "
            f"another, so its copies cannot be apart there."
        )
    statements = tuple(_expand(s, array, depth) for s in scop.statements)
    return replace(scop, statements=statements, private=(*scop.private, (array, depth)))


def _depth_of(tree: Tree, users: list[Statement], at: str) -> int:
    member = resolve(tree, at).member
    for position, iterator in enumerate(users[0].iterators):
        if member.row(users[0].name) == Affine.name(iterator):
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
    depth = min(depth, _common_loops(scop, users))
    values = [d for d in dependences.items if d.array == array and d.kind in ("flow", "reduction")]
    for dependence in values:
        while depth and not _same_outer(dependence.relation, depth):
            depth -= 1
    return depth


def _common_loops(scop: Scop, users: list[Statement]) -> int:
    """The number of source loops around all users, by the reference tree."""
    from polyopt.transform.edit import places

    names = {s.name for s in users}
    return sum(1 for p in places(scop.tree) if names <= set(p.member.statements))


def _same_outer(relation: object, depth: int) -> bool:
    import islpy as isl

    assert isinstance(relation, isl.Map)
    for position in range(depth):
        equal = relation.equate(isl.dim_type.in_, position, isl.dim_type.out, position)
        if not relation.is_subset(equal):
            return False
    return True


def _expand(statement: Statement, array: str, depth: int) -> Statement:
    """The statement with the scalar indexed by its outer iterators."""
    index = tuple(Affine.name(i) for i in statement.iterators[:depth])

    def change(node: Expr) -> Expr:
        return replace(node, subscripts=index) if _is_load(node, array) else node

    reduction = statement.reduction
    if reduction is not None:
        reduction = replace(reduction, operand=rebuild(reduction.operand, change))
    return replace(
        statement,
        subscripts=index if statement.array == array else statement.subscripts,
        value=rebuild(statement.value, change),
        guard=None if statement.guard is None else rebuild(statement.guard, change),
        reduction=reduction,
    )


def _is_load(node: Expr, array: str) -> bool:
    return isinstance(node, Load) and node.array == array
