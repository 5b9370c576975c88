"""What OpenCL C says otherwise than C: names it has taken, lines that make the rest the same."""

from __future__ import annotations

import re

from polyopt.emit.names import RESERVED

_WORDS = """
kernel global local constant private generic read_only write_only read_write half quad complex
imaginary uchar image1d_t image2d_t image3d_t sampler_t event_t queue_t pipe cl_mem_fence_flags
barrier mem_fence read_mem_fence write_mem_fence prefetch printf convert as_type share
get_work_dim get_global_size get_global_id get_local_size get_local_id get_num_groups get_group_id
get_global_offset clamp degrees radians mix step smoothstep sign cross dot distance length
normalize fast_distance fast_length fast_normalize mad mad24 mad_hi mul24 mul_hi rotate clz
popcount abs_diff add_sat sub_sat hadd rhadd upsample select bitselect any all shuffle shuffle2
isequal isnotequal isgreater isgreaterequal isless islessequal islessgreater isordered isunordered
maxmag minmag rootn pown powr rsqrt fract sinpi cospi tanpi asinpi acospi atanpi atan2pi
min max vec_step ndrange_t clk_event_t reserve_id_t intptr_t uintptr_t INT_MIN LONG_MIN INT_MAX
LONG_MAX MAXFLOAT f64x4 f32x8 async_work_group_copy wait_group_events
"""

_VECTORS = [
    f"{kind}{width}"
    for kind in ("char", "uchar", "short", "ushort", "int", "uint", "long", "ulong", "float",
                 "double", "half", "bool", "quad", "complex")
    for width in (2, 3, 4, 8, 16)
]  # fmt: skip

TAKEN = RESERVED | frozenset([*_WORDS.split(), *_VECTORS])
"""Names that a kernel's own must not be: C's, and OpenCL C's."""

_PRELUDE = {
    "int8_t": "typedef char int8_t;",
    "uint8_t": "typedef uchar uint8_t;",
    "int16_t": "typedef short int16_t;",
    "uint16_t": "typedef ushort uint16_t;",
    "int64_t": "typedef long int64_t;",
    "uint64_t": "typedef ulong uint64_t;",
    "int32_t": "typedef int int32_t;",
    "uint32_t": "typedef uint uint32_t;",
    "f64x4": "typedef double4 f64x4 __attribute__((aligned(8)));",
    "f32x8": "typedef float8 f32x8 __attribute__((aligned(4)));",
    "INT8_MIN": "#define INT8_MIN CHAR_MIN",
    "INT16_MIN": "#define INT16_MIN SHRT_MIN",
    "INT32_MIN": "#define INT32_MIN INT_MIN",
    "INT64_MIN": "#define INT64_MIN LONG_MIN",
    "INT8_MAX": "#define INT8_MAX CHAR_MAX",
    "INT16_MAX": "#define INT16_MAX SHRT_MAX",
    "UINT8_MAX": "#define UINT8_MAX UCHAR_MAX",
    "UINT16_MAX": "#define UINT16_MAX USHRT_MAX",
    "UINT32_MAX": "#define UINT32_MAX UINT_MAX",
    "UINT64_MAX": "#define UINT64_MAX ULONG_MAX",
    "INT32_MAX": "#define INT32_MAX INT_MAX",
    "INT64_MAX": "#define INT64_MAX LONG_MAX",
    "fabsf": "#define fabsf fabs",
    "fmodf": "#define fmodf fmod",
    "floorf": "#define floorf floor",
    "copysignf": "#define copysignf copysign",
}

SHARE = """
/* Where piece `number` of `trips` iterations begins, of as many pieces as there are groups. */
static inline int64_t share(int64_t trips, int64_t number)
{
    return trips > 0 ? trips * number / (int64_t)get_num_groups(0) : 0;
}""".strip()

_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


def prelude(text: str, strict: bool) -> list[str]:
    """The lines before a program of this text: extensions, modes, and C's names that it uses."""
    words = set(_WORD.findall(text))
    lines = []
    if "double" in words:
        lines.append("#pragma OPENCL EXTENSION cl_khr_fp64 : enable")
    if strict:
        lines.append("#pragma OPENCL FP_CONTRACT OFF")
    return [*lines, *(line for word, line in _PRELUDE.items() if word in words)]
