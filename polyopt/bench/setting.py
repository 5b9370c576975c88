"""What is measured, and the word of a tool that cannot take part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from polyopt.bench.catalogue import Benchmark


class PeerError(Exception):
    """A tool cannot run this kernel; the message says why."""


@dataclass(frozen=True)
class Setting:
    """What is measured: a kernel at sizes, and how."""

    benchmark: Benchmark
    sizes: Mapping[str, int]
    threads: int
    fp: str
    dtype: str
