"""A kernel's text as Numba takes it: its outermost parallel loops over `prange`.

    for i in range(n):                       for i in prange(n):
        total = 0.0                              total = 0.0
        for j in range(n):            →          for j in range(n):
            total += A[i, j]                         total += A[i, j]
        y[i] = total                             y[i] = total

A loop is taken where polyopt proved that its iterations share nothing but scalars: of these, Numba
keeps one for each thread, or sums them up. Facts and labels for polyopt alone are left out.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from types import FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from polyopt.transform.schedule import Schedule

Lines = frozenset[tuple[str, int]]
"""Loops by their variable and the line of a statement inside, counted in the file."""


def parallel_loops(schedule: Schedule) -> Lines:
    """The loops of a schedule in source order that carry no dependence through an array."""
    scop = schedule.scop
    names = {array.name for array in scop.arrays if array.shape}
    return frozenset(
        (level.member.name, scop.statement(name).location.line)
        for level in schedule.verdict.levels
        if not any(each.array in names for each in (*level.carried, *level.reductions))
        for name in level.member.statements
    )


def rewritten(function: FunctionType, loops: Lines, names: dict[str, Any]) -> Callable[..., object]:
    """The function over `prange` at `loops` (nowhere where there are none), compiled by Python
    over its own globals and `names`."""
    lines, first = inspect.getsourcelines(function)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    ast.increment_lineno(tree, first - 1)
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list.clear()
    for argument in definition.args.args:
        argument.annotation = None
    module = ast.fix_missing_locations(_Rewriting(loops).visit(tree))
    made: dict[str, Any] = {**function.__globals__, **names}
    exec(compile(module, function.__code__.co_filename, "exec"), made)
    found: Callable[..., object] = made[function.__name__]
    return found


class _Rewriting(ast.NodeTransformer):
    def __init__(self, loops: Lines) -> None:
        self.loops = loops

    def visit_For(self, node: ast.For) -> ast.For:
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
        inside = {line for name, line in self.loops if name == ast.unparse(node.target)}
        ranges = node.iter
        if inside.isdisjoint(lines) or not isinstance(ranges, ast.Call) or len(ranges.args) == 3:
            self.generic_visit(node)  # `prange` takes no step
        else:
            ranges.func = ast.Name("prange", ast.Load())
            node.body = [*_plain(_Rewriting(frozenset()), node.body)]
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """No `po.assume(…)`."""
        return None if "po.assume(" in ast.unparse(node) else node

    def visit_With(self, node: ast.With) -> list[ast.stmt]:
        """What stands under a label."""
        return [*_plain(self, node.body)]


def _plain(rewriting: _Rewriting, body: list[ast.stmt]) -> Iterable[ast.stmt]:
    for statement in body:
        made = rewriting.visit(statement)
        if made is not None:
            yield from made if isinstance(made, list) else [made]
