"""What a C target is: the facts by which the printer's text differs between targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class CTarget:
    """Facts for the C printer.

    `parallel_threshold`: scalar operations below which a loop runs on one thread; a parallel
    region costs about 2 microseconds and the wake-up of the threads.
    `vector_libm`: libm has vector variants of its functions (glibc's libmvec), to be used where
    `fp` allows their last bits to differ.
    `simd`: the pragma before a vector loop, with `clauses` for its reductions where it takes them.
    `unroll`: the pragma before a loop to unroll, the factor behind it.
    `overloaded`: mathematical functions have one name for all types, and are the language's own.
    `helpers`: helper functions that go by another name.
    `far`: bytes above which rows of an array that data choose are asked of the memory ahead, about
    what the caches of one core hold; 0 where they are not.
    `memory`: the qualifier of memory from outside a function, of which buffers are then one flat
    piece; empty where they are arrays of rows.
    `vectors`: bytes of an explicit vector type, 0 where vector loops are left to the compiler.
    """

    parallel_threshold: float = 2e5
    vector_libm: bool = True
    simd: str = "omp simd"
    clauses: bool = True
    unroll: str = "GCC unroll"
    overloaded: bool = False
    helpers: Mapping[str, str] = field(default_factory=dict)
    far: int = 1 << 20
    vectors: int = 0
    memory: str = ""


DEFAULT = CTarget()

OPENCL = CTarget(
    vector_libm=False,
    simd="clang loop vectorize(assume_safety)",
    clauses=False,
    unroll="unroll",
    overloaded=True,
    far=0,
    memory="__global ",
    # OpenCL's own `min` and `max` are ambiguous between a long and an int literal.
    helpers={"min": "min_i64", "max": "max_i64"},
)
"""OpenCL C 1.2, through the same printer."""

OPENCL_CPU = replace(OPENCL, vectors=32)
"""For CPU devices, whose compilers make no vectors of a single item's loops."""
