"""Functions made again from their syntax: for methods, and in other processes."""

from __future__ import annotations

import ast
import copy
from collections.abc import Mapping
from dataclasses import replace
from types import FunctionType
from typing import cast

from polyopt.errors import UnsupportedSyntaxError
from polyopt.frontend.source import FunctionSource, definition


def remade(
    name: str, file: str, first_line: int, lines: tuple[str, ...], scope: Mapping[str, object]
) -> FunctionSource:
    """A function of its text's lines, in a scope of its own; locations are as they were."""
    node = definition(name, file, lines, first_line)
    function = _function(node, file, scope)
    function.__code__ = function.__code__.replace(co_firstlineno=first_line)  # with decorators
    return FunctionSource(name, file, first_line, lines, node, function)


def scope_of(source: FunctionSource) -> dict[str, object]:
    """The values of the globals and closure variables that a definition names."""
    scope = source.function.__globals__
    free = source.function.__code__.co_freevars
    names = {node.id for node in ast.walk(source.node) if isinstance(node, ast.Name)}
    found = {}
    for name in sorted(names & (scope.keys() | set(free))):
        try:
            found[name] = source.captured(name)
        except LookupError:  # a closure variable that is yet to be assigned
            continue
    return found


def without_self(source: FunctionSource) -> tuple[FunctionSource, Mapping[str, str]]:
    """A method as a function, and its new arguments with the attributes that they stand for.

        def step(self, dt):            →    def step(dt, *, self_u):
            self.u[0] += dt                     self_u[0] += dt

    Annotations stay where there are no such arguments, which have none. Raises
    UnsupportedSyntaxError for a method that uses `self` for more than to read its attributes.
    """
    node = copy.deepcopy(source.node)
    given = node.args.posonlyargs or node.args.args
    if not given:
        text = f"{source.name} has no argument for the object that it is called on.\n"
        raise UnsupportedSyntaxError(text + _FIX, source.location)
    reader = _Attributes(source, given.pop(0))
    node.body = [cast("ast.stmt", reader.visit(statement)) for statement in node.body]
    arguments = node.args
    for argument in reader.arguments:
        arguments.kwonlyargs.append(ast.copy_location(ast.arg(argument), reader.owner))
        arguments.kw_defaults.append(None)
    if reader.arguments:
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            each.annotation = None
    function = _function(node, source.file, {**source.function.__globals__, **scope_of(source)})
    return replace(source, node=node, function=function), reader.arguments


_FIX = "  Write @staticmethod above @po.kernel, and pass what it needs."


def _function(node: ast.FunctionDef, file: str, scope: Mapping[str, object]) -> FunctionType:
    bare = copy.copy(node)
    bare.decorator_list = []
    namespace = dict(scope)
    exec(compile(ast.Module([bare], []), file, "exec", dont_inherit=True), namespace)
    made = cast("FunctionType", namespace[node.name])
    if node.name in scope:
        namespace[node.name] = scope[node.name]
    return made


class _Attributes(ast.NodeTransformer):
    """Puts names in the place of an object's attributes."""

    def __init__(self, source: FunctionSource, owner: ast.arg) -> None:
        self.source, self.owner = source, owner
        self.arguments: dict[str, str] = {}
        self._taken = {n.id for n in ast.walk(source.node) if isinstance(n, ast.Name)}
        self._taken |= {n.arg for n in ast.walk(source.node) if isinstance(n, ast.arg)}

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Refuse calls of methods."""
        if isinstance(node.func, ast.Attribute) and self._is_owner(node.func.value):
            called = self.source.text(node.func)
            raise self._refusal(
                node, f"a kernel calls functions, and {called} belongs to an object.\n"
                f"  Make {node.func.attr} a function of the module, and pass it what it needs."
            )  # fmt: skip
        return self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """An attribute that is read becomes an argument."""
        if not self._is_owner(node.value):
            return self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load):
            raise self._refusal(
                node, f"a kernel writes elements of arrays, and {self.source.text(node)} is an "
                f"attribute.\n  Keep it in an array of one element: {self.source.text(node)}[0]."
            )  # fmt: skip
        name = next((a for a, attr in self.arguments.items() if attr == node.attr), None)
        if name is None:
            name = f"{self.owner.arg}_{node.attr}"
            while name in self._taken:
                name += "_"
            self.arguments[name] = node.attr
        return ast.copy_location(ast.Name(name, ast.Load()), node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """Refuse the object itself."""
        if self._is_owner(node):
            raise self._refusal(
                node, f"{self.source.name} is called on an object, and {node.id} is that: of it a "
                f"kernel reads attributes, as in {node.id}.data[i].\n{_FIX}"
            )  # fmt: skip
        return node

    def _is_owner(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id == self.owner.arg

    def _refusal(self, node: ast.expr, text: str) -> UnsupportedSyntaxError:
        return UnsupportedSyntaxError(text, self.source.locate(node))
