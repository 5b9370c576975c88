"""Random programs that are known forms, a little changed: factorisations, prefix operations, sums
down columns, scalars that conditions on the iterators set.

Loops run backwards, in strides and with other variables; arrays are mirrored, spread and
transposed; bounds are off by one, and statements come in between.
"""

from __future__ import annotations

import ast
import copy
import random

from form_texts import FACTORISATIONS, SUMS_AND_CASES
from random_program import ArraySpec, Program, compiled

FORMS = {**FACTORISATIONS, **SUMS_AND_CASES}
_EXTENT = (2, 2, 12)
_SIZES = [(n, m) for n in (0, 1, 2, 3, 4, 7) for m in (0, 1, 2, 5)]


def make_form(seed: int) -> Program:
    """The program of a seed: the first of its drafts that stays inside its arrays. As many seeds
    as there are forms begin with each of them once."""
    first = sorted(FORMS)[seed % len(FORMS)]
    drafts = (_draft(f"form_{seed}", first, random.Random(1000 * seed + k)) for k in range(100))
    return next(p for p in drafts if _stays_inside(p))


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


class _Changed(ast.NodeTransformer):
    """A form with its ranges, subscripts and functions written out, and changed here and there."""

    def __init__(self, rng: random.Random, *, is_float: bool) -> None:
        self.rng, self.is_float = rng, is_float
        self.noise = rng.choice((0, 0.1, 0.2, 0.4, 0.8))
        self.backwards = rng.choice((0, 0, 0.15, 0.5, 1.0))
        self.stored: dict[str, tuple[list[str], bool]] = {}

    def _maybe(self, share: float) -> bool:
        return self.rng.random() < self.noise * share

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        """An element where its array has it."""
        assert isinstance(node.value, ast.Name)
        name = node.value.id
        given = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name not in self.stored:
            ways = [self.rng.choice(("mirrored", "off", "spread", "")) for _ in given]
            ways = [way if self._maybe(2) else "" for way in ways]
            self.stored[name] = ways, len(given) == 2 and self.rng.random() < 0.2
        ways, is_transposed = self.stored[name]
        found = []
        for subscript, way in zip(given, ways, strict=True):
            text = ast.unparse(self.visit(subscript))
            if self._maybe(0.25):
                text += self.rng.choice((" + 1", " - 1", " + 2"))
            found.append(
                {
                    "mirrored": f"N + M + 2 - ({text})",
                    "off": f"{text} + 2",
                    "spread": f"2 * ({text}) + 2",
                }.get(way, text)
            )
        if is_transposed:
            found.reverse()
        return ast.Subscript(node.value, _expression(", ".join(found)), node.ctx)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        """The functions of the data's kind."""
        assert isinstance(node.func, ast.Name)
        name = node.func.id
        self.generic_visit(node)
        a, *others = (f"({ast.unparse(x)})" for x in node.args)
        if name == "DIV":
            (b,) = others
            ways = (f"{a} / {b}",) if self.is_float else (f"{a} * {b}", f"{a} - {b}", f"{a} // {b}")
        elif name == "F":
            ways = (f"{a} * 1.5 + 0.3", f"abs{a}") if self.is_float else (f"{a} * 3 + 1",)
        else:
            return node
        return _expression(self.rng.choice(ways))

    def visit_For(self, node: ast.For) -> ast.For:
        """A loop the other way round, in strides, shifted, with more in it."""
        assert isinstance(node.target, ast.Name)
        assert isinstance(node.iter, ast.Call)
        assert isinstance(node.iter.func, ast.Name)
        rng, v, body = self.rng, node.target.id, node.body
        is_back = (node.iter.func.id == "BR") != (rng.random() < self.backwards)
        low, high = map(ast.unparse, node.iter.args)
        low += " + 1" if self._maybe(0.3) else ""
        high += rng.choice((" - 1", " - 2", " + 1")) if self._maybe(0.3) else ""
        step = rng.choice((2, 3)) if self._maybe(0.2) else 1
        if self._maybe(0.3):
            by = rng.choice((1, 2, 3))
            body = [_Renamed(v, f"({v} - {by})").visit(copy.deepcopy(b)) for b in body]
            low, high = f"{low} + {by}", f"{high} + {by}"
        range_ = (
            f"range({high} - 1, {low} - 1, -{step})" if is_back else f"range({low}, {high}, {step})"
        )
        body = [self.visit(b) for b in body]
        if self._maybe(0.25):
            body.append(self._more(v))
        if self._maybe(0.2):
            body.insert(0, self._more(v))
        return ast.For(ast.Name(v, ast.Store()), _expression(range_), body, [])

    def _more(self, v: str) -> ast.stmt:
        texts = (f"E[{v} + 1] += 1", f"E[{v} + 1] = E[{v}] + 1", f"E[{v} + 2] = E[{v} + 1] * 2")
        return ast.parse(self.rng.choice(texts)).body[0]


class _Renamed(ast.NodeTransformer):
    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """The name's expression."""
        return _expression(self.text) if node.id == self.name else node


def _draft(name: str, first: str, rng: random.Random) -> Program:
    dtype = rng.choice(("i64", "i64", "i32", "f64", "f32"))
    body: list[ast.stmt] = []
    for form in (first, rng.choice(sorted(FORMS)))[: rng.choice((1, 1, 1, 2))]:
        changed = _Changed(rng, is_float=dtype.startswith("f"))
        body += changed.visit(ast.parse(FORMS[form])).body
    module = ast.fix_missing_locations(ast.Module(body, []))
    used = {n.id for n in ast.walk(module) if isinstance(n, ast.Name)}
    arrays = tuple(
        ArraySpec(a, dtype, (_EXTENT,) * (2 if a in "ABC" else 1), rng.random() < 0.7)
        for a in "ABCDE"
        if a in used
    )
    head = f"def {name}({', '.join(['N', 'M', *(a.name for a in arrays)])}):\n"
    lines = "".join(f"    {line}\n" for line in ast.unparse(module).splitlines())
    return Program(name, head + lines, arrays, (), not dtype.startswith("f"), "arguments")


class _Bounded:
    """Says where an array is left."""

    def __init__(self, size: int, rank: int) -> None:
        self.size, self.rank = size, rank

    def _at(self, at: object) -> None:
        given = at if isinstance(at, tuple) else (at,)
        if len(given) != self.rank or not all(0 <= v < self.size for v in given):
            raise IndexError

    def __getitem__(self, at: object) -> float:
        self._at(at)
        return 1.0

    def __setitem__(self, at: object, value: object) -> None:
        self._at(at)


def _stays_inside(program: Program) -> bool:
    function = compiled(program.name, program.source)
    for n, m in _SIZES:
        arrays = (_Bounded(2 * n + 2 * m + 12, len(a.extents)) for a in program.arrays)
        try:
            function(n, m, *arrays)
        except IndexError:
            return False
    return True
