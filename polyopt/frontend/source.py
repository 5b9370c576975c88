"""A Python function as text and syntax tree, with the names it captures."""

from __future__ import annotations

import ast
import builtins
import inspect
from dataclasses import dataclass, field
from types import CellType, FunctionType
from typing import TYPE_CHECKING

from polyopt.errors import PolyoptError, UnsupportedSyntaxError
from polyopt.model.symbols import Symbol
from polyopt.source import Location

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class FunctionSource:
    """A function's definition. Line and column numbers of `node` are those of the file.

    `lines` are the definition's own lines, decorators first; `first_line` is the number of the
    first of them. Captured names are looked up when asked for, so that a kernel may use globals
    that its module defines further down.
    """

    name: str
    file: str
    first_line: int
    lines: tuple[str, ...]
    node: ast.FunctionDef = field(compare=False, repr=False)
    function: FunctionType = field(compare=False, repr=False)

    @staticmethod
    def of(function: object) -> FunctionSource:
        """Read a live function.

        Raises PolyoptError where `function` is not a plain Python function or its source text
        cannot be found, UnsupportedSyntaxError for lambdas, generators and coroutines.
        """
        if not isinstance(function, FunctionType):
            raise PolyoptError(
                f"a kernel is a Python function written with def, not {function!r}: "
                "decorate the function itself"
            )
        name, file = function.__name__, function.__code__.co_filename
        try:
            lines, first_line = inspect.getsourcelines(function)
        except (OSError, TypeError) as error:
            raise PolyoptError(
                f"the source text of {name} cannot be found ({error}): a kernel is compiled from "
                "its text, so define it in a file or in a notebook cell, or give the text to "
                "po.kernel_from_text"
            ) from error
        texts = tuple(line.rstrip("\n") for line in lines)
        node = definition(name, file, texts, max(first_line, 1))
        return FunctionSource(name, file, max(first_line, 1), texts, node, function)

    @property
    def location(self) -> Location:
        """The `def` line."""
        return self.locate(self.node)

    def locate(self, node: ast.AST) -> Location:
        """The span of a node; of a compound statement, its first line's header."""
        return _locate(self.file, self.lines, self.first_line, node)

    def text(self, node: ast.expr | ast.stmt) -> str:
        """The source text of a node; normalised where it spans lines."""
        where = self.locate(node)
        if where.line == where.end_line:
            return where.text[where.column : where.end_column]
        return ast.unparse(node)

    def with_sizes(self, sizes: Mapping[str, int]) -> FunctionType:
        """The plain function, with the size symbols that it names replaced by numbers.

        `for i in range(N)` needs a number where `N` is a symbol of an annotation.
        """
        function = self.function
        names = function.__code__.co_freevars
        cells = tuple(
            CellType(_sized(self._cell(name), sizes))
            if isinstance(self._cell(name), Symbol)
            else cell
            for name, cell in zip(names, function.__closure__ or (), strict=True)
        )
        scope = {name: _sized(value, sizes) for name, value in function.__globals__.items()}
        bound = FunctionType(
            function.__code__, scope, function.__name__, function.__defaults__, cells
        )
        bound.__kwdefaults__ = function.__kwdefaults__
        return bound

    def captured(self, name: str) -> object:
        """The value of a closure variable, global or builtin of that name.

        Raises LookupError where there is none, or where the enclosing function has not
        assigned it yet.
        """
        if name in self.function.__code__.co_freevars:
            value = self._cell(name)
            if value is _EMPTY:
                raise LookupError(name)
            return value
        scope = self.function.__globals__
        return scope[name] if name in scope else vars(builtins)[name]

    def _cell(self, name: str) -> object:
        place = self.function.__code__.co_freevars.index(name)
        try:
            return (self.function.__closure__ or ())[place].cell_contents
        except ValueError:
            return _EMPTY


_EMPTY = object()
"""The value of a closure variable that the enclosing function has not assigned yet."""


def _sized(value: object, sizes: Mapping[str, int]) -> object:
    return sizes.get(value.name, value) if isinstance(value, Symbol) else value


def definition(name: str, file: str, lines: tuple[str, ...], first_line: int) -> ast.FunctionDef:
    """Parse the lines as they stand; an indented definition is put under an `if`.

    Raises UnsupportedSyntaxError for lambdas and coroutines, PolyoptError for other text.
    """
    indented = lines[0][:1].isspace()
    tree = ast.parse("\n".join(["if 1:", *lines] if indented else lines))
    found: ast.AST = tree.body[0]
    if isinstance(found, ast.If) and indented:
        found = found.body[0]
    ast.increment_lineno(found, first_line - 1 - indented)
    if isinstance(found, ast.FunctionDef) and found.name == name:
        return found
    where = _locate(file, lines, first_line, found)
    if isinstance(found, ast.AsyncFunctionDef):
        raise UnsupportedSyntaxError(
            f"a kernel is a plain function, and {name} is a coroutine.\n"
            "  Write def instead of async def.",
            where,
        )
    if name == "<lambda>":
        raise UnsupportedSyntaxError(
            "a kernel is a function with statements, and a lambda has none.\n  Write it with def.",
            where,
        )
    raise PolyoptError(
        f"{file}:{first_line} holds no def {name}: the file has changed since it was imported; "
        "import it again"
    )


def _characters(line: str, column: int) -> int:
    """`ast` counts columns in UTF-8 bytes; people and `SyntaxError` count characters."""
    return column if line.isascii() else len(line.encode()[:column].decode(errors="ignore"))


def _locate(file: str, lines: tuple[str, ...], first_line: int, node: ast.AST) -> Location:
    line, column = getattr(node, "lineno", first_line), getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_column = getattr(node, "end_col_offset", None) or column
    text = _line(lines, first_line, line)
    compound = hasattr(node, "body") or isinstance(node, ast.Match)
    if isinstance(node, ast.stmt) and compound and end_line > line:
        end_line, end_column = line, len(text.split("#")[0].rstrip().encode())
    end_text = _line(lines, first_line, end_line)
    return Location(
        file, line, _characters(text, column), end_line, _characters(end_text, end_column), text
    )


def _line(lines: tuple[str, ...], first_line: int, line: int) -> str:
    index = line - first_line
    return lines[index] if 0 <= index < len(lines) else ""
