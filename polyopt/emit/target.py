"""What a C target is: the facts by which the printer's text differs between targets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CTarget:
    """Facts for the C printer.

    `parallel_threshold`: scalar operations below which a loop runs on one thread; a parallel
    region costs about 2 microseconds and the wake-up of the threads.
    `vector_libm`: libm has vector variants of its functions (glibc's libmvec), to be used where
    `fp` allows their last bits to differ.
    """

    parallel_threshold: float = 2e5
    vector_libm: bool = True


DEFAULT = CTarget()
