"""The launches of many kernels, a line each, with how many accesses are of which kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from polyopt.explain import device
from polyopt.explain.device import LaunchFacts
from polyopt.explain.memory import amount

_KINDS = {
    "coalesced": (device.COALESCED,),
    "same": (device.SAME,),
    "strided": (device.STRIDED,),
    "local": (device.IN_LOCAL,),
    "register": (device.IN_REGISTER, device.IN_TREE),
    "alone": (device.ALONE,),
}
_HEAD = ("kernel", "launch", "items", "local", "barriers", "ops/byte", *_KINDS, "in registers")
_NUMBERS = slice(3, len(_HEAD) - 1)


def launch_table(kernels: Iterable[tuple[str, Sequence[LaunchFacts]]]) -> str:
    """A line for each launch of the GPU mapping of some kernels. Accesses are counted by how the
    items of a group make them; a launch in brackets is made where those before it are small."""
    rows = [_HEAD, *(_row(name, facts) for name, launches in kernels for facts in launches)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(_line(row, widths) for row in rows)


def _row(name: str, facts: LaunchFacts) -> tuple[str, ...]:
    counts = facts.patterns
    items = "pieces" if facts.pieces else " x ".join(map(str, facts.items))
    return (
        name,
        f"({facts.kernel})" if facts.instead else facts.kernel,
        items,
        amount(facts.local_bytes) if facts.local_bytes else "-",
        str(facts.barriers),
        f"{facts.intensity:.2g}",
        *(str(sum(counts.get(how, 0) for how in kinds)) for kinds in _KINDS.values()),
        ", ".join(facts.registers) or "-",
    )


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
    cells[_NUMBERS] = [t.rjust(w) for t, w in zip(row[_NUMBERS], widths[_NUMBERS], strict=True)]
    return "  ".join(cells).rstrip()
