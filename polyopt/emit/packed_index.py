"""The C subscripts of elements in packed buffers, in as few words as loops' ranges allow."""

from __future__ import annotations

from polyopt.emit.place import Place
from polyopt.emit.scope import Scope
from polyopt.model.affine import Affine


def packed_indices(
    place: Place, subscripts: tuple[Affine, ...], scope: Scope
) -> tuple[Affine, ...]:
    """The C subscripts of an element in a packed buffer.

    `(24 * j_tile + j) / 24` is printed as `j_tile` where the loop of j stays below 24.
    """
    layout = place.layout
    if layout is None:
        raise TypeError("a pack has a layout")
    inside = {d: subscripts[d] - place.origin[d] for d in layout.order}
    parts = {d: _divided(inside[d], layout.width(d), scope) for d in layout.order}
    return (*(parts[d][0] for d in layout.order), *(parts[d][1] for d in layout.inner))


def _divided(value: Affine, width: int, scope: Scope) -> tuple[Affine, Affine]:
    """Quotient and remainder of a number that is not negative."""
    if width == 1:
        return value, Affine()
    base, reach = value, 0
    while True:
        loose = [(a, f) for a, f in base.terms if f % width]
        if not loose:
            break
        atom, factor = loose[0]
        start, span = (
            scope.loops.get(atom, (Affine(), None)) if isinstance(atom, str) else (0, None)
        )
        if span is None or factor < 0 or not isinstance(start, Affine):
            return value.floordiv(width, exact=True), value.mod(width, exact=True)
        base, reach = base - Affine.of([(atom, factor)]) + start * factor, reach + span * factor
    if base.constant % width + reach >= width:
        return value.floordiv(width, exact=True), value.mod(width, exact=True)
    quotient = (base - base.constant % width).floordiv(width)
    return quotient, value - quotient * width
