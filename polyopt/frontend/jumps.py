"""`while`, `break` and `return` inside loops as loops with a flag, before a text is read.

    while v[0] > x:                           go = True
        v[0] *= 0.5                           for w in range(2**60):
        if v[0] == 1.0:                           if go:
            break                    →                if v[0] > x:
        v[1] += 1.0                                       v[0] *= 0.5
                                                          if v[0] == 1.0:
                                                              go = False
                                                          else:
                                                              v[1] += 1.0
                                                      else:
                                                          go = False

Once its flag is false, a loop's iterations do nothing; the emitted loop ends there. What follows a
loop that returns runs under a flag of the whole function.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal, TypeVar, cast

from polyopt.frontend import constructs, messages
from polyopt.frontend.context import Context
from polyopt.frontend.control import read_loop
from polyopt.frontend.dispatch import read_statements, statement
from polyopt.frontend.leaving import gives_nothing, without
from polyopt.frontend.walks import statements
from polyopt.model.affine import Affine, All
from polyopt.model.expr import Const
from polyopt.model.nest import ENDLESS, Assign, Loop, Node


class Kept(ast.Assign):
    """The assignment of a value that is returned from a loop."""


Leaves = Literal["", "maybe", "always"]


class FlaggedLoop(ast.For):
    """A `for` loop whose iterations do nothing once the local `flag` is false."""

    flag: str


class EndlessLoop(FlaggedLoop):
    """A loop without an end of its own: only its flag ends it."""


def structured(
    context: Context, body: Sequence[ast.stmt], fresh: Callable[[str], str]
) -> list[ast.stmt]:
    """A function's text without `while`, `break` and `return` in loops.

    Raises UnsupportedSyntaxError for `else` of a loop, and for returns of different forms.
    """
    return _Rewriting(context, fresh).suite(body, None)[0]


_Made = tuple[list[ast.stmt], "Leaves"]


class _Rewriting:
    """`flag` is that of the loop around a place, None where no loop there has one."""

    def __init__(self, context: Context, fresh: Callable[[str], str]) -> None:
        self.context = context
        self.fresh = fresh
        self.running = ""
        self.result: ast.expr | None = None
        self.names: dict[tuple[int, ...], str] = {}
        self.returned_at: ast.Return | None = None

    def suite(self, statements: Sequence[ast.stmt], flag: str | None) -> _Made:
        """A suite, and whether it may leave the loop around it, or does in any case."""
        found: list[ast.stmt] = []
        for place, node in enumerate(statements):
            made, leaves = self.statement(node, flag)
            found += made
            if leaves == "always":
                return found, leaves
            if leaves:
                rest, _ = self.suite(statements[place + 1 :], flag)
                return self.behind(found, rest, flag), "maybe"
        return found, ""

    def behind(
        self, found: list[ast.stmt], rest: list[ast.stmt], flag: str | None
    ) -> list[ast.stmt]:
        """What follows a statement that may have left, under a flag that tells."""
        last = found[-1]
        if isinstance(last, FlaggedLoop):  # it may have returned
            end = _at(self.returned_at or last, ast.Return(self.result))
            stop = _set(flag, False, last) if flag else end
            return [*found, _if(self.running, rest or [_at(last, ast.Pass())], [stop], last)]
        assert flag is not None
        if isinstance(last, ast.If) and not last.orelse and _stops(last.body, flag):
            return [*found[:-1], _at(last, ast.If(last.test, last.body, rest))]
        return [*found, _if(flag, rest, [], last)] if rest else found

    def statement(self, node: ast.stmt, flag: str | None) -> _Made:
        match node:
            case ast.Break() if flag is not None:
                return [_set(flag, False, node)], "always"
            case ast.Return() if flag is not None:
                return self.returned(node, flag), "always"
            case ast.If(test=test, body=body, orelse=orelse) if _jumps(node, flag):
                (then, one), (otherwise, other) = (self.suite(s, flag) for s in (body, orelse))
                both = "always" if one == other == "always" else "maybe" if one or other else ""
                made: list[ast.stmt] = [_at(node, ast.If(test, then, otherwise))]
                return made, cast("Leaves", both if flag is not None else "")
            case ast.With(items=items, body=body) if _jumps(node, flag):
                inner, leaves = self.suite(body, flag)
                return [_at(node, ast.With(items, inner))], leaves if flag is not None else ""
            case ast.For() | ast.While() if _jumps(node, flag):
                return self.loop(node)
            case _:
                return [node], ""

    def loop(self, node: ast.For | ast.While) -> _Made:
        """A loop with the flags that it needs, set before it."""
        if node.orelse:
            raise self.context.unsupported(node.orelse[0], constructs.LOOP_ELSE)
        returns = any(isinstance(n, ast.Return) for n in statements([node]))
        if isinstance(node, ast.For) and not returns and not _own_break(node.body):
            body, _ = self.suite(node.body, None)
            return [_at(node, ast.For(node.target, node.iter, body, []))], ""
        if returns and not self.running:
            self.running = self.fresh("_running")
        flag = self.fresh("_go")
        body, _ = self.suite(node.body, flag)
        if isinstance(node, ast.While):
            body = [_at(node, ast.If(node.test, body, [_set(flag, False, node)]))]
            variable = _at(node, ast.Name(self.fresh("_while"), ast.Store()))
            made: FlaggedLoop = EndlessLoop(variable, _at(node, ast.Constant(0)), [], [])
        else:
            made = FlaggedLoop(node.target, node.iter, [], [])
        made.body, made.flag = [_if(flag, body, [], node)], flag
        start = [_set(name, True, node) for name in (*([self.running] * returns), flag)]
        return [*start, _at(node, made)], "maybe" if returns else ""

    def returned(self, node: ast.Return, flag: str) -> list[ast.stmt]:
        """`return` inside a loop: its values are kept for the end."""
        made: list[ast.stmt] = []
        value = None
        if node.value is not None and not gives_nothing(node):
            value = self.kept(node.value, (), node, made)
        if self.returned_at and _form(value) != _form(self.result):
            text = constructs.RETURN_DIFFERS(text=self.context.text(node))
            raise self.context.unsupported(node, text)
        self.result, self.returned_at = value, node
        return [*made, _set(self.running, False, node), _set(flag, False, node)]

    def kept(
        self, value: ast.expr, path: tuple[int, ...], at: ast.Return, made: list[ast.stmt]
    ) -> ast.expr:
        """A name, or a tuple of names, that holds a returned value."""
        if isinstance(value, ast.Tuple):
            parts = [self.kept(e, (*path, i), at, made) for i, e in enumerate(value.elts)]
            return _at(value, ast.Tuple(parts, ast.Load()))
        name = self.names.setdefault(path, "") or self.fresh("_kept")
        self.names[path] = name
        made.append(_at(at, Kept([_at(value, ast.Name(name, ast.Store()))], value)))
        return _at(value, ast.Name(name, ast.Load()))


N = TypeVar("N", bound=ast.AST)


def _at(place: ast.AST, node: N) -> N:
    return ast.copy_location(node, place)


def _set(flag: str, value: bool, at: ast.AST) -> ast.stmt:
    target = _at(at, ast.Name(flag, ast.Store()))
    return _at(at, ast.Assign([target], _at(at, ast.Constant(value))))


def _if(flag: str, then: list[ast.stmt], otherwise: list[ast.stmt], at: ast.AST) -> ast.stmt:
    return _at(at, ast.If(_at(at, ast.Name(flag, ast.Load())), then, otherwise))


def _form(value: ast.expr | None) -> object:
    return tuple(map(_form, value.elts)) if isinstance(value, ast.Tuple) else value is None


def _jumps(node: ast.stmt, flag: str | None) -> bool:
    """Whether a statement holds a jump, or a `return` in a loop."""
    inner = list(statements([node]))
    if any(isinstance(n, ast.While | ast.Break) for n in inner):
        return True
    loops = [node] if flag is not None else [n for n in inner if isinstance(n, ast.For)]
    return any(isinstance(n, ast.Return) for n in statements(loops))


def _own_break(body: Sequence[ast.stmt]) -> bool:
    """Whether a loop's body breaks that loop, and not only loops inside."""
    for node in body:
        if isinstance(node, ast.Break):
            return True
        parts = [getattr(node, name, []) for name in ("body", "orelse")]
        if not isinstance(node, ast.For | ast.While) and any(map(_own_break, parts)):
            return True
    return False


def _stops(body: Sequence[ast.stmt], flag: str) -> bool:
    """Whether a rewritten suite ends by leaving the loop of a flag."""
    match body:
        case [*_, ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=False))]:
            return name == flag
        case _:
            return False


# ---- reading -------------------------------------------------------------------------------


def unset(context: Context) -> list[Node]:
    """What values that loops return are before one does: never read, but assigned."""
    arrays = [(context.storage(n), context.scalar(n).type.dtype) for n in context.kept_names]
    where = context.source.location
    return [Assign(name, (), Const(0, dtype), None, None, where) for name, dtype in arrays]


@statement(Kept)
def _kept(context: Context, node: Kept) -> list[Node]:
    (target,) = node.targets
    assert isinstance(target, ast.Name)
    context.data.setdefault(target.id, messages.ASSIGNED_DATA.format(line=node.lineno))
    context.kept_names[target.id] = None
    return read_statements(context, [_at(node, ast.Assign(node.targets, node.value))])


@statement(FlaggedLoop)
def _flagged(context: Context, node: FlaggedLoop) -> list[Node]:
    flag = context.storage(node.flag)
    context.flags.add(flag)
    return [replace(each, flag=flag) for each in read_loop(context, node)]


@statement(EndlessLoop)
def _endless(context: Context, node: EndlessLoop) -> list[Node]:
    assert isinstance(node.target, ast.Name)
    variable = node.target.id
    flow = context.flow.loop(node, variable, All(), True)
    with context.block([*node.body, node.target], loop=True), flow:
        body = read_statements(context, without(node.body, ast.Continue))
    where, flag = context.source.locate(node), context.storage(node.flag)
    context.flags.add(flag)
    return [Loop(variable, Affine(), ENDLESS, 1, tuple(body), where, flag)]
