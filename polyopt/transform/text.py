"""The text form of a schedule tree, read back: what `restructure` takes.

    t = [S1 S2: t]
      i = [S1: i, S2: i + 1]
        S1
        S2

One line a loop, `name = [statements: row, …]`, with its marks (`parallel, vector 8, unroll 4`)
behind it; deeper lines are inside; a line of statement names ends a path; lines of one depth run
one after another. `str(schedule.tree)` has the same form; parts of statements' instances and
promoted blocks (`where` and `mark` lines) are made by steps and cannot be written.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from polyopt._isl import Frame
from polyopt.errors import BadArgumentError
from polyopt.model.affine import Affine
from polyopt.model.order import time_vectors
from polyopt.model.scop import Scop
from polyopt.model.tree import Band, Filter, Leaf, Member, Node, Sequence, Tree, children
from polyopt.transform.edit import normal, whole
from polyopt.transform.reducing import MOST_CHUNK, MOST_PARTIALS

_LOOP = re.compile(r"^(\w+) = \[(.*)\]\s*(.*)$")
_MARK = re.compile(
    r"^(?:(parallel)|vector (\d+)|unroll (-1|\d+)|((?:group|item)[012])|(pipeline)|partials (\d+)"
    r"|(scan))$"
)
_DEEPEST = 64
_MOST = 1024
"""Lanes or iterations side by side: as many as `vectorize` and `unroll` take."""


@dataclass(frozen=True)
class _Line:
    depth: int
    text: str
    number: int


def parse_affine(text: str | int) -> Affine:
    """A row such as `2*t + i//4 - 1`.

    Raises BadArgumentError where it is not quasi-affine.
    """
    text = str(text)
    try:
        return _affine(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, TypeError) as error:
        raise BadArgumentError(
            f'"{text.strip()}" is not a quasi-affine row: add iterators and parameters, multiply, '
            f"floor-divide or take remainders by integer constants only."
        ) from error


def _affine(node: ast.expr) -> Affine:
    match node:
        case ast.Name(id=name):
            return Affine.name(name)
        case ast.Constant(value=int(value)):
            return Affine.integer(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_affine(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _combine(op, _affine(left), _affine(right))
    raise TypeError(ast.dump(node))


def _combine(op: ast.operator, left: Affine, right: Affine) -> Affine:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult() if right.is_constant:
            return left * right.constant
        case ast.Mult() if left.is_constant:
            return right * left.constant
        case ast.FloorDiv() if right.is_constant and right.constant > 0:
            return left.floordiv(right.constant)
        case ast.Mod() if right.is_constant and right.constant > 0:
            return left.mod(right.constant)
    raise TypeError("not quasi-affine")


def parse_tree(text: str, iterators: Mapping[str, frozenset[str]]) -> Tree:
    """The tree that a text describes, over the statements that it names.

    `iterators` gives, per statement, the names its rows may use (parameters included).
    Raises BadArgumentError where a line cannot be read, a statement is twice or unknown, a loop has
    no row for a statement below it, or two loops around one statement share a name.
    """
    lines = [
        _Line(len(raw) - len(raw.lstrip()), raw.strip(), number)
        for number, raw in enumerate(text.splitlines(), 1)
        if raw.strip()
    ]
    deep = len({line.depth for line in lines})
    if deep > _DEEPEST:
        raise BadArgumentError(f"an order has at most {_DEEPEST} loops in one another, not {deep}.")
    seen: list[str] = []
    items, rest = _block(lines, seen, iterators)
    if rest:
        raise BadArgumentError(f"line {rest[0].number} is indented less than the first line.")
    root: Node = items[0].child if len(items) == 1 else Sequence(tuple(items))
    tree = (
        Tree(tuple(s for s in iterators if s in seen), normal(root)) if items else Tree((), Leaf())
    )
    _check_names(tree.root, ())
    return tree


def reordered(tree: Tree, order: Tree) -> Tree:
    """The tree with some of its top-level nests, whose statements `order` has, in that order; the
    others stay where they are.

    Raises BadArgumentError where a statement of a nest is missing.
    """
    root, named = tree.root, set(order.statements)
    items = root.children if isinstance(root, Sequence) else (whole(tree.statements, root),)
    touched = [bool(named & set(item.statements)) for item in items]
    nests = [item for item, is_named in zip(items, touched, strict=True) if is_named]
    wanted = {s for item in nests or items for s in item.statements}
    missing = [s for s in tree.statements if s in wanted - named]
    if missing:
        raise BadArgumentError(
            f"restructure must order every statement of a nest, and {', '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing."
        )
    if not named:
        return tree
    kept = [item for item, is_named in zip(items, touched, strict=True) if not is_named]
    kept.insert(touched.index(True), whole(order.statements, order.root))
    return replace(tree, root=normal(Sequence(tuple(kept))))


def _check_names(node: Node, around: tuple[str, ...]) -> None:
    """Raise BadArgumentError where a loop is called like one around it."""
    if isinstance(node, Band):
        for member in node.members:
            if member.name in around:
                raise BadArgumentError(
                    f'two loops, one inside the other, are called "{member.name}". '
                    f"Names tell loops apart: give one another name."
                )
            around = (*around, member.name)
    for child in children(node):
        _check_names(child, around)


def check_complete(tree: Tree, scop: Scop) -> None:
    """Raise BadArgumentError where two instances of a statement have one place in the order."""
    for name, vector in time_vectors(tree.root, tree.statements).items():
        statement = scop.statement(name)
        frame = Frame(scop.parameter_names, name, statement.iterators)
        time = frame.access("time", vector).intersect_domain(statement.domain)
        if not time.is_injective():
            left = [i for i in statement.iterators if not any(i in r.names() for r in vector)]
            fix = f"a loop over {' and over '.join(left)}" if left else "one more loop"
            raise BadArgumentError(
                f"the loops of {name} do not tell all its instances apart: {name} needs {fix}."
            )


def _block(
    lines: list[_Line], seen: list[str], iterators: Mapping[str, frozenset[str]]
) -> tuple[list[Filter], list[_Line]]:
    """The items of one depth, and the lines that follow them."""
    items: list[Filter] = []
    if not lines:
        return items, lines
    depth = lines[0].depth
    while lines and lines[0].depth == depth:
        line, lines = lines[0], lines[1:]
        loop = _LOOP.match(line.text)
        if loop is None:
            _check_writable(line)
            items += [_leaf(name, line, seen, iterators) for name in line.text.split()]
            continue
        if not loop[1].isidentifier() or keyword.iskeyword(loop[1]) or loop[1] in iterators:
            raise BadArgumentError(
                f'line {line.number}: "{loop[1]}" cannot name a loop. Use an identifier that no '
                f"statement has."
            )
        if not lines or lines[0].depth <= depth:
            raise BadArgumentError(f"line {line.number}: nothing is inside the loop {loop[1]}.")
        inner, lines = _block(lines, seen, iterators)
        rows = _rows(loop[1], loop[2], inner, line, iterators)
        member = _marked(Member(loop[1], rows), loop[3], line)
        child: Node = inner[0].child if len(inner) == 1 else Sequence(tuple(inner))
        items.append(whole(member.statements, normal(Band((member,), child))))
    if lines and lines[0].depth > depth:
        raise BadArgumentError(f"line {lines[0].number} is indented more than its neighbours.")
    return items, lines


def _leaf(
    name: str, line: _Line, seen: list[str], iterators: Mapping[str, frozenset[str]]
) -> Filter:
    if name not in iterators:
        known = ", ".join(iterators)
        raise BadArgumentError(
            f'line {line.number}: "{name}" is neither a loop nor one of {known}.'
        )
    if name in seen:
        raise BadArgumentError(f"line {line.number}: {name} is ordered twice.")
    seen.append(name)
    return whole((name,), Leaf())


def _check_writable(line: _Line) -> None:
    word = line.text.split()[0]
    if word in ("where", "mark", "region"):
        raise BadArgumentError(
            f'line {line.number}: a "{word}" line cannot be written. '
            f"restructure orders whole statements; take the other steps after it."
        )


def _marked(member: Member, text: str, line: _Line) -> Member:
    """The loop with the marks that stand behind it."""
    for word in filter(None, (part.strip() for part in text.split(","))):
        mark = _MARK.match(word)
        if mark is None:
            raise BadArgumentError(
                f'line {line.number}: "{word}" is no mark. Marks are "parallel", "vector 8" and '
                f'"unroll 4".'
            )
        count = int(mark[2] or mark[3] or 1)
        if mark[6] and not 2 <= int(mark[6]) <= (MOST_CHUNK if member.parallel else MOST_PARTIALS):
            raise BadArgumentError(
                f'line {line.number}: "{word}" needs a number from 2 to {MOST_PARTIALS}, '
                f"{MOST_CHUNK} behind parallel."
            )
        if count != -1 and not 1 <= count <= _MOST:
            raise BadArgumentError(
                f'line {line.number}: "{word}" needs a number from 1 to {_MOST}.'
            )
        if mark[1]:
            member = replace(member, parallel=True)
        elif mark[2]:
            member = replace(member, vector=int(mark[2]))
        elif mark[4]:
            member = replace(member, parallel=True, grid=mark[4])
        elif mark[5]:
            member = replace(member, pipeline=True)
        elif mark[6]:
            member = replace(member, partials=int(mark[6]))
        elif mark[7]:
            member = replace(member, scan=True)
        else:
            member = replace(member, unroll=int(mark[3]))
    return member


def _rows(
    name: str,
    body: str,
    inner: list[Filter],
    line: _Line,
    iterators: Mapping[str, frozenset[str]],
) -> tuple[tuple[str, Affine], ...]:
    """The row of every statement below a loop."""
    rows: dict[str, Affine] = {}
    for group in body.split(","):
        names, colon, row = group.partition(":")
        if not colon:
            raise BadArgumentError(f'line {line.number}: "{group.strip()}" needs "S1: row".')
        for statement in names.split():
            if statement in rows:
                raise BadArgumentError(f"line {line.number}: {statement} has two rows.")
            rows[statement] = parse_affine(row)
    below = tuple(s for item in inner for s in item.statements)
    surplus = [s for s in rows if s not in below]
    if surplus:
        raise BadArgumentError(
            f"line {line.number}: {surplus[0]} has a row, and is not inside the loop {name}."
        )
    for statement in below:
        if statement not in rows:
            raise BadArgumentError(
                f"line {line.number}: the loop {name} has no row for {statement}, which is inside."
            )
        unknown = rows[statement].names() - iterators[statement]
        if unknown:
            raise BadArgumentError(
                f"line {line.number}: {statement} has no iterator {', '.join(sorted(unknown))}. "
                f"It has {', '.join(sorted(iterators[statement]))}."
            )
    return tuple((s, rows[s]) for s in below)
