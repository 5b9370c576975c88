"""A program for C: its source with one function that a header declares and explains.

int64_t polyopt_gemm(int64_t ni, int64_t nj, int64_t nk, double alpha,
                     double *C, const double *A, const double *B);
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from polyopt.emit.names import Names
from polyopt.emit.program import Program
from polyopt.errors import BadArgumentError
from polyopt.model.scop import Scop

_KINDS = ("parameter", "scalar", "array")


def exported_source(program: Program) -> str:
    """The program's C with the exported function behind it.

    Raises BadArgumentError for a program that is not all C.
    """
    if not program.symbol or not all(a.kind in _KINDS for a in program.arguments):
        raise BadArgumentError(
            'this program has a host part in Python: export it under target="openmp" or target="c"'
        )
    names = ", ".join(_names(program))
    head = f"\nint64_t {program.symbol}("
    # Static, so that it clashes with nothing, and never inlined, which would lose `restrict`.
    own = program.source.replace(head, f"\nstatic __attribute__((noinline)) {head.lstrip()}")
    return f"{own}\n{_prototype(program)}\n{{\n    return {program.symbol}({names});\n}}\n"


def header(program: Program, scop: Scop, flags: str) -> str:
    """The header: how to call the function, what it returns, and how to compile it."""
    guard = f"POLYOPT_{program.symbol.upper()}_H"
    comment = "\n".join(f"   {line}".rstrip() for line in _explanation(program, scop, flags))
    return (
        f"#ifndef {guard}\n#define {guard}\n\n#include <stdbool.h>\n#include <stdint.h>\n\n"
        f"/* {comment.strip()} */\n"
        '#ifdef __cplusplus\nextern "C"\n#endif\n'
        f"{_prototype(program)};\n\n#endif\n"
    )


def _names(program: Program) -> list[str]:
    given = Names()
    return [given.fresh(a.name.replace(" ", "_")) for a in program.arguments]


def _prototype(program: Program) -> str:
    head = f"int64_t polyopt_{program.symbol}("
    declared = [
        f"{a.ctype}{'' if a.ctype.endswith('*') else ' '}{name}"
        for a, name in zip(program.arguments, _names(program), strict=True)
    ]
    return textwrap.fill(
        f"{head}{', '.join(declared) or 'void'})",
        width=100,
        subsequent_indent=" " * len(head),
        break_long_words=False,
    )


def _explanation(program: Program, scop: Scop, flags: str) -> Iterator[str]:
    yield f"{scop.name}, from {scop.location.short}"
    yield ""
    names = dict(zip((a.name for a in program.arguments), _names(program), strict=True))
    for parameter in scop.parameters:
        kind, owner, dim = parameter.origin
        if kind == "extent":
            yield f"{names[parameter.name]}: the extent of {owner} in dimension {dim}"
    for array in scop.arrays:
        if array.kind == "argument":
            shape = ", ".join(map(str, array.shape))
            yield f"{names[array.name]}: {array.dtype}[{shape}], in C's order"
    yield ""
    yield "Arrays must not overlap unless all of them are only read. Returns 0, or"
    yield "  -1: no memory for local arrays; nothing was written"
    for number, check in enumerate(program.checks, 1):
        lines = textwrap.wrap(check.message.replace("*/", "* /"), 88)
        yield f"  {number}: {lines[0]}"
        yield from (f"     {line}" for line in lines[1:])
    yield ""
    yield f"Compile with {flags}"
