"""Cuts a failing case down: fewer steps, fewer statements, simpler expressions, while it fails."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from random_program import Program
from random_script import Call

Fails = Callable[[Program, tuple[Call, ...]], bool]


def reduced(
    program: Program, calls: tuple[Call, ...], fails: Fails
) -> tuple[Program, tuple[Call, ...]]:
    """The smallest case found that still fails."""
    changed = True
    while changed:
        changed = False
        for smaller in _candidates(program, calls):
            if fails(*smaller):
                program, calls = smaller
                changed = True
                break
    return program, calls


def _candidates(
    program: Program, calls: tuple[Call, ...]
) -> Iterator[tuple[Program, tuple[Call, ...]]]:
    for position in range(len(calls)):
        yield program, (*calls[:position], *calls[position + 1 :])
    numbers = _numbers(ast.parse(program.source))
    for tree, gone in _smaller(program.source):
        source = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
        if source != program.source:
            yield replace(program, source=source), _renumbered(calls, numbers, gone)


def _numbers(tree: ast.AST) -> int:
    return sum(isinstance(n, ast.Assign | ast.AugAssign) for n in ast.walk(tree))


def _renumbered(calls: tuple[Call, ...], count: int, gone: list[int]) -> tuple[Call, ...]:
    """The calls with statements named by their new numbers."""
    kept = [n for n in range(1, count + 1) if n not in gone]
    table = {f"S{n}": f"S{i}" for i, n in enumerate(kept, 1)}

    def change(value: object) -> object:
        if isinstance(value, str):
            return re.sub(r"S\d+", lambda m: table.get(m[0], m[0]), value)
        if isinstance(value, dict):
            return {change(k): v for k, v in value.items()}
        if isinstance(value, tuple):
            return tuple(change(v) for v in value)
        return value

    return tuple(
        Call(c.name, change(c.arguments), change(c.keywords))  # type: ignore[arg-type]
        for c in calls
    )


def _is_setup(node: ast.stmt) -> bool:
    text = ast.unparse(node)
    return ".shape" in text or "np." in text


def _statements(tree: ast.Module) -> list[ast.stmt]:
    """Assignments in textual order."""
    found: list[ast.stmt] = []

    def visit(body: list[ast.stmt]) -> None:
        for node in body:
            if isinstance(node, ast.Assign | ast.AugAssign) and ".shape" not in ast.unparse(node):
                found.append(node)
            for name in ("body", "orelse"):
                visit(getattr(node, name, []))

    visit(tree.body[0].body)  # type: ignore[attr-defined]
    return found


def _smaller(source: str) -> Iterator[tuple[ast.Module, list[int]]]:
    """Trees with one node removed or simplified, and the numbers of the statements that went."""
    size = sum(1 for _ in _blocks(ast.parse(source)))
    for number in range(size):
        length = len(list(_blocks(ast.parse(source)))[number])
        for position in range(length):
            for keep in (False, True):
                tree = ast.parse(source)
                before = _statements(tree)
                block = list(_blocks(tree))[number]
                node = block[position]
                inner = [s for n in ("body", "orelse") for s in getattr(node, n, [])]
                if keep and not (inner and isinstance(node, ast.If)):
                    continue
                if not keep and (
                    (_is_setup(node) and "np." not in ast.unparse(node)) or len(block) == 1
                ):
                    continue
                block[position : position + 1] = inner if keep else []
                after = {id(n) for n in _statements(tree)}
                yield tree, [i for i, n in enumerate(before, 1) if id(n) not in after]
    yield from ((tree, []) for tree in _simpler(source))


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and not isinstance(node, ast.Module):
                yield block


def _values(tree: ast.AST) -> list[tuple[ast.AST, str]]:
    """Data expressions that could be simpler: right-hand sides and what is in them."""
    found: list[tuple[ast.AST, str]] = []

    def inside(node: ast.AST, name: str) -> None:
        value = getattr(node, name)
        found.append((node, name))
        if isinstance(value, ast.BinOp):
            inside(value, "left")
            inside(value, "right")
        elif isinstance(value, ast.IfExp):
            inside(value, "body")
            inside(value, "orelse")

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign) and not _is_setup(node):
            inside(node, "value")
    return found


def _parts(value: ast.expr) -> list[ast.expr]:
    match value:
        case ast.BinOp():
            return [value.left, value.right]
        case ast.IfExp():
            return [value.body, value.orelse]
        case ast.Call():
            return list(value.args)
        case ast.Constant(value=1.0):
            return []
        case _:
            return [ast.Constant(1.0)]


def _simpler(source: str) -> Iterator[ast.Module]:
    for number in range(len(_values(ast.parse(source)))):
        tree = ast.parse(source)
        owner, name = _values(tree)[number]
        for part in range(len(_parts(getattr(owner, name)))):
            tree = ast.parse(source)
            owner, name = _values(tree)[number]
            setattr(owner, name, _parts(getattr(owner, name))[part])
            yield tree
