"""The text form of loops: compact pseudo-Python, one line per node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from polyopt.emit.loops import Comment, For, If, Instance, Loops, Node, Promote
from polyopt.model.affine import Affine

_INDENT = "    "


def show_loops(loops: Loops) -> str:
    """Loops as text, with what each loop is and which arrays need no storage."""
    lines = list(_lines(loops.body, 0)) or ["pass"]
    if loops.unused:
        lines.append(f"# no storage of their own: {', '.join(loops.unused)}")
    if loops.apart:
        lines.append(f"# one for each thread: {', '.join(loops.apart)}")
    return "\n".join(lines)


def _lines(nodes: Iterable[Node], depth: int) -> Iterator[str]:
    for node in nodes:
        yield from _node(node, depth)


def _node(node: Node, depth: int) -> Iterator[str]:
    margin = _INDENT * depth
    match node:
        case Instance(statement, values):
            yield f"{margin}{statement}({', '.join(map(str, values))})"
        case For():
            yield f"{margin}for {node.variable} in range({_range(node)}):{_notes(node)}"
            yield from _body(node.body, depth)
        case If(condition, then, otherwise):
            yield f"{margin}if {condition}:"
            yield from _body(then, depth)
            if otherwise:
                yield f"{margin}else:"
                yield from _body(otherwise, depth)
        case Promote():
            yield f"{margin}with {_promotion(node)}:"
            yield from _body(node.body, depth)
        case Comment(text):
            yield f"{margin}# {text}"


def _body(nodes: tuple[Node, ...], depth: int) -> Iterator[str]:
    yield from _lines(nodes, depth + 1) if nodes else [_INDENT * (depth + 1) + "pass"]


def _range(node: For) -> str:
    step = "" if node.step == 1 else f", {node.step}"
    return f"{node.lower}, {node.upper}{step}"


def _notes(node: For) -> str:
    notes = [word for word, on in (("parallel", node.parallel), ("vector", node.vector)) if on]
    notes += [f"partials {node.partials}"] if node.partials else []
    notes += ["pipeline"] if node.pipeline else []
    notes += ["scan"] if node.scan else []
    notes += ["synced"] if node.synced else []
    notes += [f"region {node.region}"] if node.region else []
    notes += ["nowait"] if node.nowait else []
    notes += [node.grid] if node.grid else []
    if node.unroll:
        notes.append("unroll" if node.unroll < 0 else f"unroll {node.unroll}")
    if node.loop != node.variable:
        notes.append(f"loop {node.loop}")
    return f"  # {', '.join(notes)}" if notes else ""


def _promotion(node: Promote) -> str:
    extents: list[int | Affine] = list(node.shape or (1,) * len(node.origin))
    for dimension, span in node.spans:
        extents[dimension] = span
    block = ", ".join(
        str(o) if extent == 1 else f"{o} : {o + extent}"
        for o, extent in zip(node.origin, extents, strict=True)
    )
    packed = node.layout is not None
    flow = [w for w, on in (("load", node.load and not packed), ("store", node.store)) if on]
    flow += ["local"] if node.local else []
    flow += ["clipped"] if node.ends or node.limits else []
    flow += [f"packed: {node.layout}"] if packed else []
    flow += [f"{node.reduction} reduction"] if node.reduction else []
    return f"{node.array}[{block}] as {node.name}{f' ({chr(44).join(flow)})' if flow else ''}"
