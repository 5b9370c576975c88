"""Contraction: a local array as small as what of it is alive at once.

Lefebvre and Feautrier, Automatic Storage Management for Parallel Programs (Parallel Computing
1998): a dimension is folded by a modulo where no two values that are alive together share a cell.
"""

from __future__ import annotations

from dataclasses import replace

import islpy as isl

from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.dependences import Dependences, analyse
from polyopt.model.expr import Expr, Load
from polyopt.model.scop import Scop, Statement, with_loads
from polyopt.model.tree import Sequence, Tree, walk

_FOLDS = (1, 2, 3, 4, 8, 16)
"""Extents tried for each dimension, the least first; an array may also keep it as it is."""


def contract(
    scop: Scop, dependences: Dependences, tree: Tree, array: str
) -> tuple[Scop, Dependences]:
    """Fold a local array so that only what is alive at once has a cell.

    for i: t[i] = A[i]; B[i] = t[i]            —contract("t")→  for i: t = A[i]; B[i] = t
    for i: t[i] = A[i]; B[i] = t[i] + t[i-1]   —contract("t")→  for i: t[i % 2] = A[i]; …

    Each dimension gets the least of 1, 2, 3, 4, 8, 16 cells with which, in the order as it now
    is, every read still has the same writer; a dimension of one cell goes away. Cells are then
    written more than once, so later steps are judged by the dependences that this makes: fuse the
    loops first, contract after.

    Raises BadArgumentError where the array is no local array with dimensions, where no dimension
    can be folded, or where a later step has already changed how it is stored.
    """
    _check(scop, array)
    if any(text for n in walk(tree.root) if isinstance(n, Sequence) for f in n.children
           for _, text in f.instances):  # fmt: skip
        raise BadArgumentError(
            f'contract: the order holds parts of statements apart. Take contract("{array}") before '
            f"separate, split and peel."
        )
    rank = len(scop.array(array).shape)
    ordered = replace(scop, tree=tree)
    before = _flow(dependences, array)
    folds: tuple[int | None, ...] = (None,) * rank
    for dimension in range(rank):
        for fold in _FOLDS:
            tried = (*folds[:dimension], fold, *folds[dimension + 1 :])
            if _keeps(_folded(ordered, array, tried), dependences, array, before):
                folds = tried
                break
    if all(fold is None for fold in folds):
        raise BadArgumentError(
            f'contract: more than {_FOLDS[-1]} values of "{array}" along each dimension are alive '
            f"at once in this order. Fuse the loops that write and read it first."
        )
    found = analyse(_folded(ordered, array, folds), dependences, frozenset({array}))
    small = replace(_folded(scop, array, folds), contracted=(*scop.contracted, array))
    return small, found


def _check(scop: Scop, array: str) -> None:
    possible = [a.name for a in scop.arrays if a.kind == "local" and a.shape]
    possible = [name for name in possible if name not in dict(scop.private)]
    if array in scop.contracted:
        raise BadArgumentError(f'contract: "{array}" is contracted already.')
    if array not in possible:
        known = ", ".join(f'"{n}"' for n in possible) or "none"
        raise BadArgumentError(
            f'contract: "{array}" is not a local array with dimensions. Such arrays: {known}.'
        )


def _flow(dependences: Dependences, array: str) -> dict[tuple[str, str], isl.Map]:
    """Who reads what whom wrote, through an array."""
    found: dict[tuple[str, str], isl.Map] = {}
    for item in dependences.items:
        if item.array == array and item.kind in ("flow", "reduction"):
            key = (item.source, item.sink)
            found[key] = found[key].union(item.relation) if key in found else item.relation
    return found


def _keeps(
    scop: Scop, known: Dependences, array: str, before: dict[tuple[str, str], isl.Map]
) -> bool:
    """Whether every read has the writer that it had."""
    after = _flow(analyse(scop, known, frozenset({array})), array)
    return after.keys() == before.keys() and all(
        after[key].is_equal(relation) for key, relation in before.items()
    )


def _folded(scop: Scop, array: str, folds: tuple[int | None, ...]) -> Scop:
    """The model with an array's subscripts folded, dimension by dimension."""
    old = scop.array(array)
    shape = tuple(
        e if f is None else Affine.integer(f)
        for e, f in zip(old.shape, folds, strict=True)
        if f != 1
    )
    arrays = tuple(replace(a, shape=shape) if a.name == array else a for a in scop.arrays)
    statements = tuple(_with_folds(s, array, folds) for s in scop.statements)
    return replace(scop, arrays=arrays, statements=statements)


def _with_folds(statement: Statement, array: str, folds: tuple[int | None, ...]) -> Statement:
    def fold(subscripts: tuple[Affine, ...]) -> tuple[Affine, ...]:
        pairs = zip(subscripts, folds, strict=True)
        return tuple(s if f is None else s.mod(f) for s, f in pairs if f != 1)

    def change(node: Expr) -> Expr:
        if isinstance(node, Load) and node.array == array:
            return replace(node, subscripts=fold(node.subscripts))
        return node

    changed = with_loads(statement, change)
    subscripts = changed.subscripts
    return replace(changed, subscripts=fold(subscripts) if statement.array == array else subscripts)
