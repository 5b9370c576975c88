"""Conversions of floats of 16 bits in C."""

from __future__ import annotations

HALVES = {
    "f32_from_f16": """
/* The number that these 16 bits are. */
static inline float f32_from_f16(uint16_t a)
{
    union { uint32_t bits; float value; } x, tiny;
    const uint32_t low = a & 0x7fffu, is_tiny = -(uint32_t)(low < 0x400u);
    tiny.value = (float)(int32_t)low * 0x1p-24f;
    x.bits = (low << 13) + (low < 0x7c00u ? 0x38000000u : 0x70000000u);
    x.bits = (tiny.bits & is_tiny) | (x.bits & ~is_tiny) | (uint32_t)(a & 0x8000u) << 16;
    return x.value;
}""",
    "f16_from_f32": """
/* The bits of the nearest number of 16 bits, the even one of two. */
static inline uint16_t f16_from_f32(float a)
{
    union { float value; uint32_t bits; } x, tiny;
    x.value = a;
    const uint32_t sign = x.bits >> 16 & 0x8000u;
    x.bits &= 0x7fffffffu;
    tiny.value = x.value + 0.5f;
    const uint32_t is_tiny = -(uint32_t)(x.bits < 0x38800000u);
    const uint32_t large = x.bits > 0x7f800000u ? 0x7e00u : 0x7c00u;
    uint32_t found = (x.bits - 0x37fff001u + (x.bits >> 13 & 1)) >> 13;
    found = x.bits < 0x47800000u ? found : large;
    return (uint16_t)(sign | ((tiny.bits - 0x3f000000u) & is_tiny) | (found & ~is_tiny));
}""",
    "f16_from_f64": """
/* The bits of the nearest number of 16 bits, the even one of two; rounded once. */
static inline uint16_t f16_from_f64(double a)
{
    union { double value; uint64_t bits; } x, tiny;
    x.value = a;
    const uint64_t sign = x.bits >> 48 & 0x8000u;
    x.bits &= 0x7fffffffffffffffu;
    tiny.value = x.value + 0x1p28;
    const uint64_t is_tiny = -(uint64_t)(x.bits < 0x3f10000000000000u);
    const uint64_t large = x.bits > 0x7ff0000000000000u ? 0x7e00u : 0x7c00u;
    uint64_t found = (x.bits - 0x3efffe0000000001u + (x.bits >> 42 & 1)) >> 42;
    found = x.bits < 0x40f0000000000000u ? found : large;
    return (uint16_t)(sign | ((tiny.bits - 0x41b0000000000000u) & is_tiny) | (found & ~is_tiny));
}""",
}
"""By masks in place of branches: gcc 12 makes vectors of these, and none of its own conversions."""
