"""Shapes as SVG text, without scripts, style sheets or references to anything outside."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape
from itertools import groupby, pairwise

from polyopt.explore.shapes import Area, Dots, Label, Line, Point, Shape, corners, head
from polyopt.explore.style import DASHES, FONT, MONO, PAPER, SIZE, Dash


def document(
    shapes: Iterable[Shape], width: float, height: float, title: str, *, names: bool = True
) -> str:
    """A whole SVG document on white paper; with `names`, shapes have theirs as tooltips.

    Images show no tooltips: without names, neighbours that look alike are one path, and small.
    """
    w, h = _number(width), _number(height)
    drawn = map(_shape, shapes) if names else _together(shapes)
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}"',
            f' viewBox="0 0 {w} {h}" role="img" font-family="{FONT}" font-size="{_number(SIZE)}">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{w}" height="{h}" fill="{PAPER}"/>',
            *drawn,
            "</svg>",
        ]
    )


def _together(shapes: Iterable[Shape]) -> Iterator[str]:
    """The shapes without names, those next to one another that look alike in one element."""
    for look, group in groupby(shapes, key=_look):
        if isinstance(look, Line):
            yield _lines([s for s in group if isinstance(s, Line)])
        elif isinstance(look, Dots):
            points = tuple(p for s in group if isinstance(s, Dots) for p in s.points)
            yield _dots(replace(look, points=points))
        else:
            yield from (_shape(s if isinstance(s, Label) else replace(s, name="")) for s in group)


def _look(shape: Shape) -> Shape:
    """The shape without name and place, where others may share its element."""
    return replace(shape, name="", points=()) if isinstance(shape, Line | Dots) else shape


def _shape(shape: Shape) -> str:
    match shape:
        case Dots():
            return _dots(shape)
        case Line():
            return _lines([shape])
        case Area():
            look = f"{_fill(shape.fill)}{_opacity(shape.opacity)}{_stroke(shape.edge, shape.width)}"
            path = f'd="{_path(shape.points)}Z"'
            return _element("path", f"{path}{look}{_dashes(shape.dash)}", shape.name)
        case Label():
            return _label(shape)


def _dots(dots: Dots) -> str:
    look = f"{_fill(dots.fill)}{_stroke(dots.edge, dots.width)}"
    if dots.mark == "circle":
        size = _number(dots.size)
        if len(dots.points) == 1:
            (x, y), *_ = dots.points
            circle = f'cx="{_number(x)}" cy="{_number(y)}" r="{size}"'
            return _element("circle", f"{circle}{look}", dots.name)
        across = _number(2 * dots.size)
        ring = f"a{size} {size} 0 1 0 {across} 0a{size} {size} 0 1 0 -{across} 0"
        start = (-dots.size, 0.0)
    else:
        around = corners(dots.mark, (0.0, 0.0), dots.size)
        moves = (f"{_number(b[0] - a[0])} {_number(b[1] - a[1])}" for a, b in pairwise(around))
        ring, start = f"l{' '.join(moves)}z", around[0]
    rings = "".join(
        f"M{_number(x + start[0])} {_number(y + start[1])}{ring}" for x, y in dots.points
    )
    return _element("path", f'd="{rings}"{look}', dots.name)


def _lines(lines: Sequence[Line]) -> str:
    """Lines that look alike: their shafts in one path, their heads in another."""
    first = lines[0]
    stroke = f' fill="none"{_stroke(first.colour, first.width)}{_dashes(first.dash)}'
    if not first.arrow:
        path = "".join(_path(line.points) for line in lines)
        return _element("path", f'd="{path}"{stroke}', first.name)
    heads = [head(line.points, line.width) for line in lines]
    shafts = [(*line.points[:-1], end) for line, (_, end) in zip(lines, heads, strict=True)]
    name = f"<title>{escape(first.name)}</title>" if first.name else ""
    shaft = f'<path d="{"".join(map(_path, shafts))}"{stroke}/>'
    tips = "".join(f"{_path(tip)}Z" for tip, _ in heads)
    return f'<g>{name}{shaft}<path d="{tips}"{_fill(first.colour)}/></g>'


def _label(label: Label) -> str:
    x, y = map(_number, label.at)
    parts = [
        f'x="{x}" y="{y}" fill="{label.colour}"',
        *([f'font-size="{_number(label.size)}"'] if label.size != SIZE else []),
        *([f'text-anchor="{label.anchor}"'] if label.anchor != "start" else []),
        *(['font-weight="bold"'] if label.bold else []),
        *([f'font-family="{MONO}"'] if label.mono else []),
        *([f'transform="rotate({_number(label.angle)} {x} {y})"'] if label.angle else []),
        *(
            [f'stroke="{PAPER}" stroke-width="3" paint-order="stroke" stroke-linejoin="round"']
            if label.halo
            else []
        ),
        'xml:space="preserve"',
    ]
    return f"<text {' '.join(parts)}>{escape(label.text)}</text>"


def _element(tag: str, attributes: str, name: str) -> str:
    if not name:
        return f"<{tag} {attributes}/>"
    return f"<{tag} {attributes}><title>{escape(name)}</title></{tag}>"


def _path(points: Iterable[Point]) -> str:
    return "".join(_steps(points))


def _steps(points: Iterable[Point]) -> Iterator[str]:
    for position, (x, y) in enumerate(points):
        yield f"{'L' if position else 'M'}{_number(x)} {_number(y)}"


def _fill(colour: str) -> str:
    return f' fill="{colour}"'


def _opacity(opacity: float) -> str:
    return "" if opacity == 1.0 else f' fill-opacity="{opacity:.2g}"'


def _stroke(colour: str, width: float) -> str:
    if colour == "none" or not width:
        return ""
    return f' stroke="{colour}" stroke-width="{_number(width)}"'


def _dashes(dash: Dash) -> str:
    lengths = DASHES[dash]
    return f' stroke-dasharray="{" ".join(map(_number, lengths))}"' if lengths else ""


def _number(value: float) -> str:
    """At most one place, and no more than it needs: pictures are to stay small."""
    text = f"{value:.1f}"
    text = text.removesuffix(".0")
    return "0" if text == "-0" else text
