"""The explorer's panels as HTML, from a `State`: verdict, loops, script, code, picture.

Styles are inline and nothing is linked, so that the same text serves the widget and the page
that stands where no widget can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import TYPE_CHECKING

import islpy as isl

from polyopt._spaces import mangle
from polyopt.errors import PolyoptError
from polyopt.explore.domains import dependences, domain, violations
from polyopt.explore.orders import order
from polyopt.explore.picture import Picture
from polyopt.explore.state import State, named_places
from polyopt.explore.tiling import tiles

if TYPE_CHECKING:
    from polyopt.kernel import Specialization
    from polyopt.transform.legality import Level
    from polyopt.transform.schedule import Schedule

MONO = "font-family:'DejaVu Sans Mono',Consolas,Menlo,monospace;font-size:12px;line-height:1.35"
_BLUE, _RED, _INK, _FRAME = "#0072B2", "#B03A00", "#222222", "#D0D0D0"
_MOST_LINES = 400

PICTURES: Mapping[str, Callable[..., Picture]] = {
    "dependences": dependences,
    "iteration domain": domain,
    "order of execution": order,
    "tiles": tiles,
}
"""By the name in the menu; an order that is refused is drawn by `violations`."""

_OF_THE_MODEL = frozenset({"dependences", "iteration domain"})


def size_names(schedule: Schedule) -> tuple[str, ...]:
    """The sizes that say which instances there are: those of pictures."""
    found = {name for s in schedule.scop.statements for name in _bounding(s.domain, schedule)}
    return tuple(n for n in schedule.scop.parameter_names if n in found)


def _bounding(instances: isl.Set, schedule: Schedule) -> Iterator[str]:
    plain = instances.gist_params(schedule.scop.context)
    for name in schedule.scop.parameter_names:
        number = plain.find_dim_by_name(isl.dim_type.param, mangle(name))
        if number >= 0 and plain.involves_dims(isl.dim_type.param, number, 1):
            yield name


def first_sizes(state: State) -> tuple[tuple[str, int], ...]:
    """The sizes that a picture picks by itself, of those that bound it."""
    picked = dict(domain(state.schedule).sizes)
    return tuple((n, picked[n]) for n in size_names(state.schedule))


def picture_key(state: State, kind: str, statement: str | None = None) -> tuple[object, ...]:
    """What the picture depends on, by identity: equal keys of states that are both alive mean
    the same picture. Domains and dependences stay where only the order changes."""
    shown = state.shown
    model = (kind, statement, state.sizes, id(shown.scop), id(shown.dependences))
    moves = not state.is_legal or kind not in _OF_THE_MODEL
    return (*model, id(shown.tree)) if moves else model


def picture(state: State, kind: str, statement: str | None = None) -> Picture:
    """The picture of what is shown; of an order that is refused, what it breaks.

    Raises PolyoptError for sizes at which the kernel is never called.
    """
    sizes = dict(state.sizes)
    if not state.is_legal and state.trial and state.trial.made is not None:
        return violations(state.trial.error, sizes)
    return PICTURES[kind](state.shown, statement, sizes)


def picture_html(state: State, kind: str, statement: str | None = None) -> str:
    """The picture as an image; in its place the reason why there is none."""
    try:
        return picture(state, kind, statement).html
    except PolyoptError as error:
        return f'<div style="color:{_INK};padding:8px">No picture: {escape(str(error))}</div>'


def verdict_html(state: State) -> str:
    """Whether the step looked at is legal; if not, why, with the two instances that clash."""
    trial = state.trial
    if trial is None:
        head = _head(_BLUE, "✓", f"legal: {_count(state)}")
        return head + _loops_html(state.schedule)
    if trial.error is None:
        head = _head(_BLUE, "✓", f"legal: {trial.step.short}")
        return head + _loops_html(state.shown)
    word = "illegal" if trial.made is not None else "does not apply"
    head = _head(_RED, "✗", f"{word}: {trial.step.short}")
    note = "" if trial.made is None else _note("It is drawn, and cannot be taken or run.")
    return f"{head}{note}{_pre(str(trial.error), height=400, space='pre-wrap')}"


def _count(state: State) -> str:
    taken = len(state.schedule.steps)
    return "source order" if not taken else f"{taken} step{'s' if taken > 1 else ''} taken"


def _head(colour: str, sign: str, text: str) -> str:
    return (
        f'<div style="color:{colour};font-weight:bold;font-size:15px;margin:2px 0 6px 0">'
        f"{sign} {escape(text)}</div>"
    )


def _note(text: str) -> str:
    return f'<div style="color:{_INK};margin:0 0 6px 0">{escape(text)}</div>'


def _loops_html(schedule: Schedule) -> str:
    """A row per loop: how it runs, and what it carries."""
    cell = "text-align:left;padding:1px 14px 1px 0;vertical-align:top;background:transparent"
    rows = [("loop", "runs", "carries")]
    rows += [(n, _runs(level), _carries(level)) for n, level in named_places(schedule)]
    body = "".join(
        "<tr>"
        + "".join(
            f'<{"th" if number == 0 else "td"} style="{cell}">{escape(text)}'
            f"</{'th' if number == 0 else 'td'}>"
            for text in row
        )
        + "</tr>"
        for number, row in enumerate(rows)
    )
    table = f"{MONO};border-collapse:collapse;color:{_INK}"
    return f'<table style="{table}">{body}</table>'


def _runs(level: Level) -> str:
    member = level.member
    if member.parallel:
        return "in parallel"
    if member.pipeline:
        return "in a pipeline"
    if member.vector:
        return f"in {member.vector} lanes"
    if member.scan:
        return "as a scan"
    return f"unrolled by {member.unroll}" if member.unroll > 0 else "in sequence"


def _carries(level: Level) -> str:
    if level.is_parallel:
        return "nothing: may run in parallel"
    kinds = [f"{d.kind} through {d.array}" for d in (*level.carried, *level.reductions)]
    text = ", ".join(dict.fromkeys(kinds))
    return f"{text}: may run in vectors" if level.is_vector else text


def script_html(state: State) -> str:
    """The script of the result, the step looked at behind it."""
    lines = state.schedule.script
    if state.trial is not None:
        lines += f"\n# looked at: s = s.{state.trial.step}"
    return _pre(lines, height=200)


def code_html(state: State, spec: Specialization) -> str:
    """The code of what can run."""
    note = ""
    if not state.is_legal:
        note = _note("No code is made of a refused step: this is the code before it.")
    return note + _pre(code(state, spec), height=320)


def code(state: State, spec: Specialization) -> str:
    """The emitted source of what can run; in its place the reason why there is none."""
    try:
        lines = spec.with_schedule(state.legal).source.splitlines()
    except PolyoptError as error:
        return str(error)
    if len(lines) > _MOST_LINES:
        left = len(lines) - _MOST_LINES
        lines = [*lines[:_MOST_LINES], f"… and {left} more lines: explorer.source has them all"]
    return "\n".join(lines)


def _pre(text: str, height: int, space: str = "pre") -> str:
    # As wide as what is around it and no wider: long lines scroll.
    wide = "width:0;min-width:100%;box-sizing:border-box"
    box = f"{wide};border:1px solid {_FRAME};padding:6px;margin:0;color:{_INK};background:#FAFAFA"
    scroll = f"overflow:auto;max-height:{height}px;white-space:{space}"
    return f'<pre style="{MONO};{box};{scroll}">{escape(text)}</pre>'


def titled(title: str, html: str) -> str:
    """A panel with its title."""
    style = f"font-weight:bold;color:{_INK};margin:8px 0 3px 0"
    return f'<div style="{style}">{escape(title)}</div>{html}'


def page(state: State, kind: str, spec: Specialization) -> str:
    """Everything below each other, for where there is no widget."""
    parts = [
        titled(spec.name, picture_html(state, kind)),
        titled("verdict", verdict_html(state)),
        titled("script", script_html(state)),
        titled("code", code_html(state, spec)),
    ]
    return f'<div style="max-width:900px">{"".join(parts)}</div>'
