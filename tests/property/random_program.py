"""Random kernels as Python source text: affine loop nests with dependences of every sort.

The text decides everything, so a failing case is a program that can be read and cut down. The
same seed gives the same program.
"""

from __future__ import annotations

import linecache
import math
import random
from dataclasses import dataclass, field
from types import FunctionType

import numpy as np
from random_affine import ZERO, Linear, each, text, value
from random_body import Body

from polyopt.model.affine import Affine
from polyopt.model.types import ArgumentType, ArrayType, ScalarType, f32, f64, i32, i64

DTYPES = {"f64": f64, "f32": f32, "i32": i32, "i64": i64}


@dataclass(frozen=True)
class ArraySpec:
    """An array argument: its extents, and whether the kernel is told how they follow N and M."""

    name: str
    dtype: str
    extents: tuple[Linear, ...]
    declared: bool

    def shape(self, n: int, m: int) -> tuple[int, ...]:
        """The shape at N = n, M = m."""
        return tuple(max(value(e, n, m), 0) for e in self.extents)

    @property
    def type(self) -> ArrayType:
        """The type of the argument."""
        names = ("N", "M")
        extents = tuple(
            Affine.of(zip(names, e[:2], strict=True), e[2]) if self.declared else None
            for e in self.extents
        )
        return ArrayType(DTYPES[self.dtype], extents)


@dataclass(frozen=True)
class Program:
    """A kernel's text and arguments.

    `exact`: with data of small integers no operation rounds, so every legal order gives the same
    bits even where sums may be reordered. `sizes_from`: "arguments", or "shape" where N and M are
    extents of the first array.
    """

    name: str
    source: str
    arrays: tuple[ArraySpec, ...]
    scalars: tuple[str, ...]
    exact: bool
    sizes_from: str

    @property
    def function(self) -> FunctionType:
        """The plain Python function."""
        return compiled(self.name, self.source)

    @property
    def types(self) -> dict[str, ArgumentType]:
        """The argument types in call order."""
        result: dict[str, ArgumentType] = {}
        if self.sizes_from == "arguments":
            result = {"N": ScalarType(i64, True), "M": ScalarType(i64, True)}
        result |= {name: ScalarType(f64, True) for name in self.scalars}
        return result | {a.name: a.type for a in self.arrays}

    def arguments(self, n: int, m: int, seed: int, *, rough: bool) -> dict[str, object]:
        """Arguments at sizes n and m; `rough` data rounds in every sum."""
        rng = np.random.default_rng([seed, n, m])
        result: dict[str, object] = {}
        if self.sizes_from == "arguments":
            result = {"N": n, "M": m}
        for name in self.scalars:
            result[name] = 1.375 + seed % 7 / 7 if rough else float(rng.choice([-1.0, 2.0, 3.0]))
        for spec in self.arrays:
            result[spec.name] = _data(rng, spec.shape(n, m), DTYPES[spec.dtype].numpy, rough)
        return result


def _data(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype, rough: bool
) -> np.ndarray:
    if dtype.kind == "f" and rough:
        return (rng.standard_normal(shape) * 3).astype(dtype)
    return rng.integers(-5, 6, shape).astype(dtype)


def compiled(name: str, source: str) -> FunctionType:
    """The function that some source text defines; `inspect` finds its text."""
    file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    scope: dict[str, object] = {"np": np, "math": math}
    exec(compile(source, file, "exec"), scope)
    function = scope[name]
    assert isinstance(function, FunctionType)
    return function


@dataclass
class _Draft:
    """What is drawn before the body."""

    rng: random.Random
    kind: str
    exact: bool
    dtypes: dict[str, str] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)


def make_program(seed: int) -> Program:
    """The program of a seed."""
    rng = random.Random(seed)
    kind = rng.choice(("float", "float", "float", "int"))
    draft = _Draft(rng, kind, kind == "int" or rng.random() < 0.6)
    _draw_arrays(draft)
    locals_ = [n for n in draft.ranks if n.startswith("T")]
    body = Body(rng, kind, draft.exact, draft.dtypes, draft.ranks)
    body.mixed = len({d for n, d in draft.dtypes.items() if n != "K"}) > 1
    lines = body.draw()
    extents = {n: tuple(e) for n, e in body.extents.items()}
    name = f"kernel_{seed}"
    declared = rng.random() < 0.5
    arrays = [
        ArraySpec(n, draft.dtypes[n], extents[n], declared and rng.random() < 0.8)
        for n in draft.ranks
        if n not in locals_
    ]
    sizes_from = "shape" if not declared and rng.random() < 0.5 else "arguments"
    head: list[str] = []
    if sizes_from == "shape":
        arrays.insert(0, ArraySpec("X", "f64", ((1, 0, 0), (0, 1, 0)), False))
        head.append("N, M = X.shape")
    for n in locals_:
        shape = ", ".join(text(each(max, e, ZERO)) for e in extents[n])
        maker = rng.choice(
            (f"np.zeros(({shape},)", f"np.ones(({shape},)", f"np.full(({shape},), 2")
        )
        head.append(f"{n} = {maker}, dtype=np.{DTYPES[draft.dtypes[n]].numpy.name})")
    scalars = ("alpha",) if "alpha" in "\n".join(lines) else ()
    names = (["N", "M"] if sizes_from == "arguments" else []) + [
        *scalars,
        *(a.name for a in arrays),
    ]
    block = "\n".join("    " + line for line in (*head, *lines))
    source = f"def {name}({', '.join(names)}):\n{block}\n"
    return Program(name, source, tuple(arrays), scalars, draft.exact, sizes_from)


def _draw_arrays(draft: _Draft) -> None:
    rng = draft.rng
    main = (
        rng.choice(("f64", "f64", "f32")) if draft.kind == "float" else rng.choice(("i64", "i32"))
    )
    other = {"f64": "f32", "f32": "f64", "i64": "i32", "i32": "i64"}[main]
    names = ["A", "B", "C", "D"][: rng.randint(1, 4)]
    for name in names:
        draft.dtypes[name] = other if rng.random() < 0.15 else main
        draft.ranks[name] = rng.choice((1, 1, 2, 2, 2, 3))
    if rng.random() < 0.2:
        draft.dtypes["T"] = main
        draft.ranks["T"] = rng.choice((1, 2))
    if draft.kind == "float" and rng.random() < 0.2:
        draft.dtypes["K"], draft.ranks["K"] = rng.choice(("i32", "i64")), rng.choice((1, 2))
