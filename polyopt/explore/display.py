"""What notebooks show of kernels, models, dependences, schedules, code and measurements.

Each is self-contained HTML of less than 100 KB with a plain text beside it: pictures are images
that hold their data, and styles stand in the elements.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

import sympy

from polyopt.bench.report import DASH, Results, duration, ratio_text, summary
from polyopt.bench.rows import SELF
from polyopt.displayed import ExplainedText, SourceText
from polyopt.errors import CallError, PolyoptError
from polyopt.explain import Explanation, Row, explanation
from polyopt.explore import html
from polyopt.explore.code_html import highlighted, numbered, statement_colour
from polyopt.explore.comparison import Comparison
from polyopt.explore.domains import domain
from polyopt.explore.tree_picture import tree
from polyopt.frontend.source import FunctionSource
from polyopt.kernel import Kernel, Specialization
from polyopt.model.counts import Cost
from polyopt.model.dependences import Dependence, Dependences
from polyopt.model.scop import Scop
from polyopt.transform.edit import places
from polyopt.transform.schedule import Schedule

_MOST_ROWS = 60
_WORDS = 110
_FEW = 6
"""Statements whose instances share a picture."""


def bundle(value: object) -> dict[str, str]:
    """A value as IPython shows it: HTML where there is a form for it, and text."""
    text = str(value)
    for kind, draw in _FORMS.items():
        if isinstance(value, kind):
            drawn = draw(value)
            if len(drawn.encode()) < html.MOST + 4000:
                return {"text/html": drawn, "text/plain": text}
    return {"text/plain": text}


# ---- kernels ---------------------------------------------------------------------------------


def kernel_html(kernel: Kernel) -> str:
    """A kernel's source, with a mark per loop where its types are known by annotations."""
    source = FunctionSource.of(kernel.py_func)
    known = known_specialization(kernel)
    if isinstance(known, Specialization):
        return specialization_html(known)
    note = known or "call it, or give it types with specialize(), to see its loops"
    lines = enumerate(source.lines, source.first_line)
    return html.page(html.heading(f"kernel {source.name}", note), numbered(lines, {}, {}))


def known_specialization(kernel: Kernel) -> Specialization | str:
    """The specialisation made last, or that of the annotations; "" where there is none, and the
    words of an error where it cannot be made."""
    made = kernel.specializations
    if made:
        return made[-1]
    try:
        return kernel.specialize()
    except CallError:
        return ""
    except PolyoptError as error:
        return str(error).partition("\n")[0]


def specialization_html(spec: Specialization) -> str:
    """The source with a mark for what each loop became."""
    source = spec.function_source
    try:
        notes = loop_notes(source, spec.schedule, explanation(spec.schedule, spec.options))
    except PolyoptError as error:
        notes, words = {}, str(error).partition("\n")[0]
    else:
        words = f'for {spec.options.target}, fp="{spec.options.fp}"'
    lines = enumerate(source.lines, source.first_line)
    return html.page(html.heading(str(spec), words), numbered(lines, notes, {}))


def loop_notes(source: FunctionSource, schedule: Schedule, why: Explanation) -> dict[int, str]:
    """Per line of a `for`, what became of the loop: chips with the reasons as their tooltips."""
    notes: dict[int, str] = {}
    for node in ast.walk(source.node):
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            line, last = node.lineno, node.end_lineno or node.lineno
            inside = {
                s.name
                for s in schedule.scop.statements
                if s.location.file == source.file and line <= s.location.line <= last
            }
            found = list(_became(node.target.id, inside, schedule, why))
            if found:
                chips = (run_chip(row, text) for row, text in found)
                notes[line] = "".join([*chips, _reason([row for row, _ in found])])
    return notes


def _reason(rows: list[Row]) -> str:
    """Why no part of a loop is parallel or a vector."""
    if any(word in row.runs for row in rows for word in ("parallel", "vector", "pipeline")):
        return ""
    reasons = [r.because for r in rows if not r.because.startswith("nothing is carried")]
    words = reasons[-1].partition(";")[0] if reasons else ""
    return html.grey(words if len(words) <= _WORDS else f"{words[:_WORDS]}…")


def _became(
    variable: str, inside: set[str], schedule: Schedule, why: Explanation
) -> Iterator[tuple[Row, str]]:
    """The loops that run the iterations of a source loop, and what is said of each."""
    for place, row in zip(places(schedule.tree), why.rows, strict=True):
        member = place.member
        own = [r for s, r in member.rows if s in inside]
        if own and variable in (member.name, *member.aliases, member.name.partition("_")[0]):
            name = "" if member.name == variable else f"{member.name}: "
            yield row, f"{name}{row.runs}"


def run_chip(row: Row, text: str = "") -> str:
    """How a loop runs, in the colour of the best of it."""
    kinds = ("parallel", "vector", "pipeline", "tiles", "unrolled")
    kind = next((k for k in kinds if k in row.runs), "sequential")
    return html.chip(text or row.runs, kind, row.because)


# ---- the model -------------------------------------------------------------------------------


def scop_html(scop: Scop) -> str:
    """Statements with their domains and accesses, as sets, and the arrays."""
    known = html.typeset(scop.context_text)
    rows = []
    for s in scop.statements[:_MOST_ROWS]:
        reads = ", ".join(dict.fromkeys(_access(a.array, a.subscripts) for a in s.accesses[:-1]))
        update = f" ({s.reduction.op} reduction)" if s.reduction is not None else ""
        rows.append(
            (
                _statement(s.name),
                html.code(s.location.text.strip()),
                html.typeset(s.domain_text),
                _access(s.array, s.subscripts) + update,
                reads,
            )
        )
    more = _more(len(scop.statements))
    arrays = ", ".join(f"{a.name}: {a.dtype}[{', '.join(map(str, a.shape))}]" for a in scop.arrays)
    order = Schedule.source_order(scop, Dependences(()), "strict")
    few = 0 < len(scop.statements) <= _FEW
    return html.page(
        html.heading(f"scop {scop.name}", f"line {scop.location.line}"),
        f"<div>context {known}</div><div>arrays {html.code(arrays)}</div>",
        html.table(("", "statement", "domain", "writes", "reads"), rows),
        more,
        domain(order).html if few else "",
    )


def _access(array: str, subscripts: tuple[object, ...]) -> str:
    return html.code(f"{array}[{', '.join(map(str, subscripts))}]" if subscripts else array)


def _statement(name: str) -> str:
    return f'<b style="border-left:6px solid {statement_colour(name)};padding-left:5px">{name}</b>'


def _more(count: int) -> str:
    left = count - _MOST_ROWS
    return f"<div>… and {left} more: print() shows them all</div>" if left > 0 else ""


def dependences_html(found: Dependences) -> str:
    """A row per dependence, with its relation."""
    if not found.items:
        return html.page(html.heading("no dependences", "every order of the instances is legal"))
    rows = [
        (
            html.chip(d.kind),
            f"{_statement(d.source)} → {_statement(d.sink)}",
            html.code(d.array),
            relation_html(d),
        )
        for d in found.items[:_MOST_ROWS]
    ]
    count = len(found.items)
    title = f"{count} dependence{'s' if count > 1 else ''}"
    return html.page(
        html.heading(title, "the source runs before the sink"),
        html.table(("kind", "source → sink", "through", "pairs"), rows),
        _more(count),
    )


def relation_html(dependence: Dependence) -> str:
    """A dependence's relation, typeset."""
    text = (
        dependence.text.partition("->")[2].strip() if dependence.text[0] == "[" else dependence.text
    )
    return html.typeset(text if len(text) < 900 else f"{text[:900]} …")


# ---- schedules and code ----------------------------------------------------------------------


def schedule_html(schedule: Schedule) -> str:
    """The tree as a diagram, and the script beside it."""
    head = html.heading(f"schedule of {schedule.scop.name}", f'fp="{schedule.fp}"')
    words = schedule.script if schedule.steps else "source order: no step was taken"
    beside = "display:inline-block;vertical-align:top;margin-right:24px"
    return html.page(
        head,
        f'<div style="{beside}">{tree(schedule).html}</div>',
        f'<div style="{beside}">{html.block(html.plain(words))}</div>',
    )


def source_html(text: SourceText) -> str:
    """Emitted code with colours; comments that name a statement lead to its source line."""
    scop = text.model
    if not isinstance(scop, Scop):
        return html.page(highlighted(str(text)))
    mark = sha256(str(text).encode()).hexdigest()[:8]
    ids = {s.location.line: f"polyopt-{mark}-{s.location.line}" for s in scop.statements}
    named = {s.name: ids[s.location.line] for s in scop.statements}
    lines = {s.location.line: s.location.text for s in scop.statements}
    marks = {
        s.location.line: f'<span style="color:{statement_colour(s.name)}">■</span> {s.name}'
        for s in scop.statements
    }
    lines_of_code = len(str(text).splitlines())
    return html.page(
        html.heading(f"{scop.name}: emitted code", f"{lines_of_code} lines"),
        numbered(sorted(lines.items())[:_MOST_ROWS], marks, ids),
        highlighted(str(text), named),
    )


# ---- explanations and measurements -----------------------------------------------------------


def explanation_html(why: Explanation) -> str:
    """The table of loops, with what was done to sums and functions."""
    rows = [
        (
            html.block(html.plain(row.loop)),
            html.plain(row.around),
            run_chip(row),
            f'<span style="white-space:normal">{html.plain(row.because)}</span>',
        )
        for row in why.rows
    ]
    return html.page(
        html.heading(why.title),
        html.block(html.plain("\n".join(why.statements))) if why.statements else "",
        html.table(("loop", "around", "runs", "because"), rows) if rows else "<div>no loops</div>",
        html.block(html.plain("\n".join(why.script))),
        "".join(f"<div>{html.plain(note)}</div>" for note in why.notes),
    )


def results_html(results: Results) -> str:
    """Times per kernel and tool, with bars; slower ones are named below."""
    parts = []
    for threads in results.threads:
        rows = []
        for kernel in results.kernels:
            own = results.row(kernel, threads, SELF)
            cells = [html.code(kernel), duration(own.seconds) if own and own.valid else "failed"]
            for peer in results.peers:
                row = results.row(kernel, threads, peer)
                value = results.ratio(kernel, threads, peer)
                cells.append(duration(row.seconds) if row and row.valid else DASH)
                cells.append(_bar(value, str(ratio_text(value))))
            rows.append(cells)
        head = ["kernel", SELF, *(h for p in results.peers for h in (p, "times faster"))]
        title = f"{results.size}, {results.dtype}, {threads} thread{'s' if threads > 1 else ''}"
        parts.append(html.heading(title) + html.table(head, rows))
    words = "".join(f"<div>{html.plain(line)}</div>" for line in summary(results))
    return html.page(*parts, words)


def cost_html(cost: Cost) -> str:
    """The formulas, typeset in plain characters, which need no help of the page."""
    rows = [
        (html.plain(name), html.block(html.plain(sympy.pretty(value, use_unicode=True))))
        for name, value in cost.rows[:_MOST_ROWS]
    ]
    head = html.heading(f"{cost.scop.name}: what it costs", "for sizes that are not negative")
    return html.page(head, html.table(("", "formula"), rows), _more(len(cost.rows)))


def _bar(ratio: float | None, text: str) -> str:
    if ratio is None:
        return DASH
    kind = "parallel" if ratio >= 1 else "broken"
    width = round(min(ratio, 20.0) * 6)
    colour = html.COLOURS[kind]
    bar = (
        f'<span style="display:inline-block;height:9px;width:{width}px;background:{colour}"></span>'
    )
    return f"{bar} {html.plain(text)}"


_FORMS: Mapping[type, Callable[..., str]] = {
    Kernel: kernel_html,
    Specialization: specialization_html,
    Scop: scop_html,
    Dependences: dependences_html,
    Schedule: schedule_html,
    SourceText: source_html,
    ExplainedText: lambda text: explanation_html(text.explanation),
    Explanation: explanation_html,
    Results: results_html,
    Cost: cost_html,
    Comparison: lambda found: found.html,
}
