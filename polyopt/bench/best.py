"""The best peer of each kernel: what polyopt is held against when many tools are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from polyopt.bench.rows import JAX, OPENCL, SCRIPT, SELF

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_PEERS = (SELF, SCRIPT, OPENCL)
"""polyopt itself, in other forms."""
LIBRARIES = ("numpy", "scipy", JAX)
"""Tools whose times are mostly those of library calls; the other peers compile the loops."""
LOSS = 0.95
"""Below this ratio a kernel counts as lost, and is listed; above, as even or won."""
BEHIND_CALLS = 0.8
"""Below this ratio to the best library call a kernel is listed."""


class Ratios(Protocol):
    """What is asked of results."""

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernels that were measured."""

    @property
    def peers(self) -> tuple[str, ...]:
        """The tools beside polyopt."""

    def ratio(self, kernel: str, threads: int, peer: str) -> float | None:
        """How many times faster polyopt is than `peer`."""


def loop_compilers(results: Ratios) -> tuple[str, ...]:
    """The peers that compile loops."""
    return tuple(peer for peer in results.peers if peer not in (*NOT_PEERS, *LIBRARIES))


def libraries(results: Ratios) -> tuple[str, ...]:
    """The peers that call libraries."""
    return tuple(peer for peer in results.peers if peer in LIBRARIES)


def best(
    results: Ratios, kernel: str, threads: int, peers: Iterable[str]
) -> tuple[float, str] | None:
    """The ratio to the fastest of `peers`, and its name; None where none has a valid time."""
    found = [(results.ratio(kernel, threads, peer), peer) for peer in peers]
    return min(((value, peer) for value, peer in found if value is not None), default=None)


def all_best(results: Ratios, threads: int, peers: tuple[str, ...]) -> dict[str, tuple[float, str]]:
    """`best` of each kernel that has one."""
    found = {kernel: best(results, kernel, threads, peers) for kernel in results.kernels}
    return {kernel: each for kernel, each in found.items() if each is not None}


def behind(results: Ratios, threads: int) -> list[str]:
    """The kernels that are clearly slower than the best loop compiler or library call, worst
    first."""
    groups = (
        (f"below {LOSS} of the best loop compiler", loop_compilers, LOSS),
        (f"below {BEHIND_CALLS} of the best library call", libraries, BEHIND_CALLS),
    )
    lines = []
    for title, members, limit in groups:
        found = all_best(results, threads, members(results)).items()
        slower = sorted((value, kernel, peer) for kernel, (value, peer) in found if value < limit)
        if slower:
            named = (f"{kernel} {value:.2f}× ({peer})" for value, kernel, peer in slower)
            lines.append(f"{title}: {', '.join(named)}")
    return lines
