"""Loop nest to SCoP: exact domains, accesses, reductions and the source-order tree."""

from __future__ import annotations

from dataclasses import dataclass, replace

from polyopt._isl import Frame
from polyopt.model.affine import Affine, All, Compare, Condition, Not
from polyopt.model.bounds import in_bounds
from polyopt.model.indirection import not_empty, with_guards, with_named_bounds
from polyopt.model.nest import ENDLESS, Assign, Branch, DataBound, Exit, Loop, LoopNest, Node
from polyopt.model.reductions import recognise
from polyopt.model.scan import Verify, scan
from polyopt.model.scop import Scop, Statement, known_context
from polyopt.model.tree import Band, Filter, Leaf, Member, Sequence, Tree
from polyopt.model.tree import Node as TreeNode


@dataclass(frozen=True)
class _Path:
    """The loops and conditions around a point of the nest."""

    iterators: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    ranges: tuple[DataBound, ...] = ()
    loose: tuple[str, ...] = ()
    exits: tuple[Exit, ...] = ()

    def inside(self, loop: Loop, bounds: tuple[DataBound, ...] = ()) -> _Path:
        names = loop.lower.names() | loop.upper.names()
        ranges = tuple(b for b in bounds if b.name in names)
        ended = Exit(loop.variable, loop.flag, loop.upper == ENDLESS)
        return _Path(
            (*self.iterators, loop.variable),
            (*self.conditions, *_range(loop)),
            (*self.ranges, *ranges),
            (*self.loose, loop.variable) if ranges else self.loose,
            (*self.exits, ended) if loop.flag else self.exits,
        )

    def where(self, condition: Condition) -> _Path:
        return replace(self, conditions=(*self.conditions, condition))


def _range(loop: Loop) -> tuple[Condition, ...]:
    """The values that the loop variable takes, as conditions."""
    variable = Affine.name(loop.variable)
    zero = Affine.integer(0)
    if loop.step > 0:
        bounds = (Compare(">=", variable, loop.lower), Compare("<", variable, loop.upper))
    else:
        bounds = (Compare("<=", variable, loop.lower), Compare(">", variable, loop.upper))
    if abs(loop.step) == 1:
        return bounds
    return (*bounds, Compare("==", (variable - loop.lower).mod(abs(loop.step)), zero))


class _Extractor:
    """Walks a nest once, in textual order, and collects statements beside the tree."""

    def __init__(self, nest: LoopNest, late: tuple[tuple[Verify, ...], ...]) -> None:
        self.nest = nest
        self.late = late
        self.parameters = nest.parameter_names
        self.statements: list[Statement] = []

    def block(self, nodes: tuple[Node, ...], path: _Path) -> list[Filter]:
        """The children that a block's nodes make, in order."""
        return [child for node in nodes for child in self.node(node, path)]

    def node(self, node: Node, path: _Path) -> list[Filter]:
        match node:
            case Assign():
                statement = self.statement(node, path)
                return [Filter(((statement.name, ""),), Leaf())]
            case Branch(condition, then, otherwise):
                first = self.block(then, path.where(condition))
                return first + self.block(otherwise, path.where(Not(condition)))
            case Loop():
                return self.loop(node, path)

    def loop(self, loop: Loop, path: _Path) -> list[Filter]:
        inner = self.block(loop.body, path.inside(loop, self.nest.bounds))
        if not inner:
            return []
        names = tuple(name for child in inner for name in child.statements)
        row = Affine.name(loop.variable) * (1 if loop.step > 0 else -1)
        member = Member(loop.variable, tuple((name, row) for name in names))
        band = _join(member, sequence(inner))
        return [Filter(tuple((name, "") for name in names), band)]

    def statement(self, assign: Assign, path: _Path) -> Statement:
        name = f"S{len(self.statements) + 1}"
        frame = Frame(self.parameters, name, path.iterators)
        domain = frame.holds(All(path.conditions)).coalesce()
        statement = Statement(
            name=name,
            iterators=path.iterators,
            domain=domain,
            domain_text=str(domain),
            array=assign.array,
            subscripts=assign.subscripts,
            value=assign.value,
            guard=assign.guard,
            label=assign.label,
            location=assign.location,
            reduction=recognise(assign, self.nest.array(assign.array).dtype),
            ranges=path.ranges,
            loose=path.loose,
            exits=path.exits,
            late=self.late[len(self.statements)],
        )
        self.statements.append(statement)
        return statement


def sequence(children: list[Filter]) -> TreeNode:
    """Children in order; one alone needs no sequence node."""
    return children[0].child if len(children) == 1 else Sequence(tuple(children))


def _join(member: Member, child: TreeNode) -> Band:
    """A loop around `child`; perfectly nested loops share one band."""
    if isinstance(child, Band):
        return Band((member, *child.members), child.child)
    return Band((member,), child)


def extract(nest: LoopNest) -> Scop:
    """The polyhedral model of a loop nest.

    The context holds what is known of the parameters: extents are not negative, assumptions
    hold, and every access is inside its array (what is not provable is checked at the call).
    """
    nest = with_guards(nest)
    checked = scan(nest)
    named = with_named_bounds(nest)
    nest = replace(named, nonempty=not_empty(named))
    extractor = _Extractor(nest, checked.late)
    children = extractor.block(nest.body, _Path())
    root: TreeNode = sequence(children) if children else Leaf()
    statements = tuple(extractor.statements)
    context = known_context(nest)
    scop = Scop(
        name=nest.name,
        arguments=nest.arguments,
        parameters=nest.parameters,
        arrays=nest.arrays,
        assumptions=nest.assumptions,
        statements=statements,
        context=context,
        context_text=str(context),
        tree=Tree(
            tuple(s.name for s in statements),
            root,
            tuple((s.label, s.name) for s in statements if s.label is not None),
        ),
        captured=nest.captured,
        location=nest.location,
        result=nest.result,
        bounds=nest.bounds,
        nonempty=nest.nonempty,
        scan=checked.nodes,
        index_facts=nest.index_facts,
    )
    safe = context.intersect(in_bounds(scop)).coalesce()
    return replace(scop, context=safe, context_text=str(safe))
