"""The entry function once more, with its arguments in three arrays, for callers by table.

    int64_t _call_packed(const int64_t *_n, const union _scalar *_s, void *const *_a)
    {
        return gemm(_n[0], _n[1], _n[2], _s[0].real, _a[0], _a[1], _a[2]);
    }

It stands beside the entry and never inlines it: in a wrapper gcc loses `restrict`.
"""

from __future__ import annotations

from polyopt.emit.program import CArgument, Program

PACKED = "_call_packed"
"""The symbol; kernels' own names never begin with an underscore."""

_CARRIERS = {"parameter": "_n", "stride": "_n", "scalar": "_s", "array": "_a"}
_REALS = ("double", "float")


def with_binding(program: Program) -> str:
    """The program's source with the packed entry behind it, where it can have one."""
    return f"{program.source}\n{_packed(program)}" if is_packable(program) else program.source


def is_packable(program: Program) -> bool:
    """Whether every argument of the entry is of a kind that three arrays can carry."""
    return bool(program.symbol) and all(a.kind in _CARRIERS for a in program.arguments)


def _packed(program: Program) -> str:
    counts = dict.fromkeys(_CARRIERS.values(), 0)
    passed = []
    for argument in program.arguments:
        carrier = _CARRIERS[argument.kind]
        passed.append(_passed(argument, f"{carrier}[{counts[carrier]}]"))
        counts[carrier] += 1
    return "\n".join(
        [
            "#include <stdint.h>",
            f"extern __typeof__({program.symbol}) {program.symbol} __attribute__((noinline));",
            "union _scalar {",
            "    int64_t integer;",
            "    double real;",
            "};",
            f"int64_t {PACKED}(const int64_t *_n, const union _scalar *_s, void *const *_a)",
            "{",
            "    (void)_n, (void)_s, (void)_a;",
            f"    return {program.symbol}({', '.join(passed)});",
            "}",
            "",
        ]
    )


def _passed(argument: CArgument, carried: str) -> str:
    if argument.kind != "scalar":
        return carried
    return f"({argument.ctype}){carried}.{'real' if is_real(argument) else 'integer'}"


def is_real(argument: CArgument) -> bool:
    """Whether a scalar travels as a double; all others travel as 64-bit integers."""
    return argument.ctype in _REALS
