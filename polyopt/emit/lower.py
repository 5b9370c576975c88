"""Schedule tree to loops: isl generates the scan, we walk its AST into our own loop form.

Every band member stands under a mark of its own, so that each loop of the AST is known by the
member it came from; a member whose loop runs once leaves no loop. No callback is ever given to
isl: original iterators come as the arguments of the user expressions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

import islpy as isl

from polyopt._isl import NoFormError, affine_from_expr, condition_from_expr, is_choice
from polyopt._spaces import integer, mangle
from polyopt.emit.borders import with_borders
from polyopt.emit.data_bounds import with_data_bounds
from polyopt.emit.exits import with_exits
from polyopt.emit.guards import with_guards
from polyopt.emit.isl_tree import IslTree, Places, has_fronts
from polyopt.emit.loops import For, If, Instance, Loops, Node, Promote
from polyopt.emit.periods import Ranges, fixed_ranges, is_shifted, settled, tile_length
from polyopt.emit.pieces import cut, joined, private_places, spread
from polyopt.emit.widening import widened
from polyopt.emit.work import instances, unguarded, with_work
from polyopt.errors import IllegalScheduleError
from polyopt.model.affine import Affine, Not
from polyopt.model.scop import Scop
from polyopt.model.tree import Member
from polyopt.transform.array_sums import ArraySums, array_sums
from polyopt.transform.blocks import Point, Promotion
from polyopt.transform.promotion import accumulator, invariants, places_apart, required_blocks
from polyopt.transform.regions import Share, shares
from polyopt.transform.schedule import Schedule


def lower(schedule: Schedule) -> Loops:
    """The loops that run a schedule.

    Raises IllegalScheduleError where a vector loop's reduction cannot have an accumulator, a
    privatised scalar no bounded block, or the order no form as loops; parallel and vector marks
    are judged once more here.
    """
    if not schedule.scop.statements:
        return Loops(())
    promotions = plan(schedule)
    apart = places_apart(schedule.judge.footprints, schedule.tree)
    body = _nodes(schedule, promotions, apart)
    guarded = with_guards(body, schedule.scop)
    whole = widened(with_work(guarded, schedule.scop), schedule.scop)
    return Loops(
        with_borders(
            with_exits(with_data_bounds(whole, schedule.scop), schedule.scop), schedule.scop
        ),
        tuple(sorted(schedule.scop.private_scalars)),
        tuple(apart),
    )


def _nodes(
    schedule: Schedule, promotions: tuple[Promotion, ...], apart: Mapping[str, Point]
) -> tuple[Node, ...]:
    """The nodes, private blocks in one piece, and what uses an array that each thread has: where
    isl cuts them, held together by force."""
    nodes = joined(_formed(schedule, promotions, frozenset()))
    if cut(nodes, schedule.dependences) is None and not spread(nodes, apart, schedule.scop):
        return nodes
    held = private_places(promotions) | {(p.path, p.position) for p in apart.values()}
    nodes = joined(_formed(schedule, promotions, held))
    array = cut(nodes, schedule.dependences)
    if array is not None:
        raise IllegalScheduleError(
            f'the private copies of "{array}" would be cut up between statements here. '
            f"Leave out the last step on the loops around them."
        )
    return nodes


def _formed(
    schedule: Schedule, promotions: tuple[Promotion, ...], held: Places
) -> tuple[Node, ...]:
    """The nodes with each loop in one piece or in isl's: the other way where one has no form."""
    whole = has_fronts(schedule.tree)
    try:
        return _scanned(schedule, promotions, held, whole=whole)
    except NoFormError:
        pass
    try:
        return _scanned(schedule, promotions, held, whole=not whole)
    except NoFormError as form:
        raise IllegalScheduleError(
            f"this order needs a case distinction, {form}, that loops do not have. "
            f"Split the loop there, or leave out the last step on loops of different sizes."
        ) from form


def _scanned(
    schedule: Schedule, promotions: tuple[Promotion, ...], held: Places, *, whole: bool
) -> tuple[Node, ...]:
    """isl's scan of the schedule as nodes."""
    teams = shares(schedule.tree, schedule.scop, schedule.dependences)
    builder = IslTree(schedule.scop, promotions, teams, held, whole)
    root = builder.schedule(schedule.tree)
    # A loop's variable is the schedule's value, also where that takes strides: blocks refer to it.
    isl.DEFAULT_CONTEXT.set_ast_build_scale_strides(0)
    build = isl.AstBuild.from_context(schedule.scop.facts)
    ast = build.node_from_schedule(root)
    walker = _Walker(schedule.scop, builder, promotions, in_copies(schedule))
    names = {mangle(p): Affine.name(p) for p in schedule.scop.parameter_names}
    return walker.node(ast, _Scope(names, {}, {}, frozenset()))


def plan(schedule: Schedule) -> tuple[Promotion, ...]:
    """Every block that the schedule needs: private scalars' and vector reductions'."""
    footprints, tree = schedule.judge.footprints, schedule.tree
    verdict = schedule.judged("the final order")
    found = list(required_blocks(footprints, tree, verdict))
    for level in verdict.levels:
        if level.member.vector:
            found += invariants(footprints, tree, level)
    return tuple(found)


def in_copies(schedule: Schedule) -> dict[Member, ArraySums]:
    """The loops whose parts have copies of whole arrays, with these."""
    footprints, tree = schedule.judge.footprints, schedule.tree
    parts = [lv for lv in schedule.verdict.levels if lv.member.parallel and lv.member.partials]
    found = {
        level.member: array_sums(schedule.scop, level)
        for level in parts
        if accumulator(footprints, tree, level) is None
    }
    return {member: sums for member, sums in found.items() if sums}


_ALONE = Share(0, nowait=False)


@dataclass(frozen=True)
class _Scope:
    """What is in force at a point of the AST: values of isl's identifiers, the member at each
    loop depth with the value of its loop, the variables in use, the depths of loops at which the
    iterations of a pipeline wait, and those of loops that are there to run more than once."""

    values: Mapping[str, Affine]
    members: Mapping[int, Member]
    loops: Mapping[int, Affine]
    taken: frozenset[str]
    synced: frozenset[int] = frozenset()
    running: frozenset[int] = frozenset()
    share: Share = _ALONE


class _Walker:
    """isl's AST to our loops."""

    def __init__(
        self,
        scop: Scop,
        tree: IslTree,
        promotions: tuple[Promotion, ...],
        sums: Mapping[Member, ArraySums],
    ) -> None:
        self.scop = scop
        self.tree = tree
        self.sums = sums
        self.promotions = promotions
        self.reserved = frozenset(
            (
                *scop.parameter_names,
                *(a.name for a in scop.arrays),
                *(a.name for a in scop.arguments),
            )
        )

    def node(self, ast: isl.AstNode, scope: _Scope) -> tuple[Node, ...]:
        kind = ast.get_type()
        t = isl.ast_node_type
        if kind == t.block:
            children = ast.block_get_children()
            parts = [self.node(children.get_at(i), scope) for i in range(children.n_ast_node())]
            return tuple(n for part in parts for n in part)
        if kind == t.for_:
            return self._for(ast, scope)
        if kind == t.if_:
            return self._if(ast, scope)
        if kind == t.mark:
            return self._mark(ast, scope)
        instance = self._instance(ast, scope)
        return () if instance.statement in self.tree.hold_names else (instance,)

    def _instance(self, ast: isl.AstNode, scope: _Scope) -> Instance:
        call = ast.user_get_expr()
        name = call.get_op_arg(0).get_id().get_name()
        values = tuple(
            affine_from_expr(call.get_op_arg(i), scope.values)
            for i in range(1, call.get_op_n_arg())
        )
        return Instance(name, values)

    def _if(self, ast: isl.AstNode, scope: _Scope) -> tuple[Node, ...]:
        condition = condition_from_expr(ast.if_get_cond(), scope.values)
        then = self.node(ast.if_get_then_node(), scope)
        otherwise = self.node(ast.if_get_else_node(), scope) if ast.if_has_else_node() else ()
        if not then:
            return (If(Not(condition), otherwise, ()),) if otherwise else ()
        return (If(condition, then, otherwise),)

    def _mark(self, ast: isl.AstNode, scope: _Scope) -> tuple[Node, ...]:
        name = ast.mark_get_id().get_name()
        inner = ast.mark_get_node()
        if name.startswith("member"):
            number = int(name.removeprefix("member"))
            depth = len(scope.members)
            members = {**scope.members, depth: self.tree.members[number]}
            synced = scope.synced | ({depth} if number in self.tree.synced else set())
            share = self.tree.shares.get(number, _ALONE)
            return self.node(inner, replace(scope, members=members, synced=synced, share=share))
        return self._promote(self.promotions[int(name.removeprefix("promote"))], inner, scope)

    def _promote(self, item: Promotion, inner: isl.AstNode, scope: _Scope) -> tuple[Node, ...]:
        name = self._block_name(item, scope)
        body = self.node(inner, replace(scope, taken=scope.taken | {name}))
        used = {n for o in item.origin for n in o.names()}
        depths = [d for d in range(len(scope.members)) if f"c{d}" in used]
        users = self._users(item, body)
        # Of a block of one element that nothing is copied to or from, the place is never used.
        is_sure = users[0] in unguarded(body) or not (
            item.load or item.store or max((1, *item.shape)) > 1
        )
        value = partial(
            self._loop_value, users=users, scope=scope, ranges=fixed_ranges(body), is_sure=is_sure
        )
        values = {f"c{d}": value(d) for d in depths}
        origin = tuple(o.substitute(values) for o in item.origin)
        return (
            Promote(
                item.array,
                name,
                origin,
                item.shape,
                body,
                item.load,
                item.store,
                item.reduction,
                item.targets,
                item.layout,
                item.ends,
                item.local,
                item.limits,
                item.spans,
            ),
        )

    def _block_name(self, item: Promotion, scope: _Scope) -> str:
        """The name of a block; that of a packed buffer is its own in the whole program."""
        if item.layout is not None:
            packed = [p for p in self.promotions if p.layout is not None and p.array == item.array]
            number = packed.index(item)
            return _fresh(f"{item.array}_pack{number + 1 if number else ''}", self.reserved)
        wanted = f"{item.array}_acc" if item.load or item.store else item.array
        return _fresh(wanted, scope.taken | (self.reserved if wanted != item.array else set()))

    def _users(self, item: Promotion, body: tuple[Node, ...]) -> tuple[Instance, ...]:
        """The instances inside a block that use it, those first that no condition guards; where
        none does, all of them."""
        named = {name for name, _ in item.targets} or {
            s.name for s in self.scop.statements if any(a.array == item.array for a in s.accesses)
        }
        every = tuple(dict.fromkeys((*unguarded(body), *instances(body))))
        return tuple(i for i in every if i.statement in named) or every

    def _loop_value(
        self,
        depth: int,
        users: tuple[Instance, ...],
        scope: _Scope,
        ranges: Ranges,
        *,
        is_sure: bool,
    ) -> Affine:
        """The value of a loop at a place inside it, for the instances that use a block there.

        Of a loop that runs once, isl may leave no trace; then any instance inside tells, `is_sure`:
        the first, also where others under conditions look different. And
        statements whose values are of different residues share a loop that has the value of one:
        then the others differ from it, by a constant or by one once floors are taken.
        """
        values = [settled(self._value_at(depth, user, scope), ranges) for user in users]
        known = {n for v in scope.values.values() for n in v.names()}
        known |= set(self.scop.parameter_names)
        if depth not in scope.loops:
            if values[0].names() <= known and (is_sure or len(set(values)) == 1):
                return values[0]
            raise IllegalScheduleError(
                f"a local block is needed where the loop {scope.members[depth].name} runs once, "
                f"with the value {values[0]}, which is not known outside it. Leave out the last "
                f"strip."
            )
        loop = scope.loops[depth]
        shifted = [v for v in values if is_shifted(v, loop) and v.names() <= known]
        if shifted and len(set(values)) > 1:
            raise IllegalScheduleError(
                f"a local block is needed in the loop {scope.members[depth].name}, in whose one "
                f"turn statements stand at different values. Leave out the last step there."
            )
        return shifted[0] if shifted else loop

    def _value_at(self, depth: int, user: Instance, scope: _Scope) -> Affine:
        """The value of a loop for one statement instance."""
        row = scope.members[depth].row(user.statement)
        iterators = self.scop.statement(user.statement).iterators
        return row.substitute(dict(zip(iterators, user.values, strict=True)))

    def _for(self, ast: isl.AstNode, scope: _Scope) -> tuple[Node, ...]:
        last = None if ast.for_is_degenerate() else ast.for_get_cond().get_op_arg(1)
        return self._ranged(ast, scope, ast.for_get_init(), last)

    def _ranged(
        self, ast: isl.AstNode, scope: _Scope, first: isl.AstExpr, last: isl.AstExpr | None
    ) -> tuple[Node, ...]:
        """A loop between two bounds; where one is a choice, a loop for each of its cases."""
        if is_choice(first):
            test, *cases = (first.get_op_arg(i) for i in range(3))
            then, otherwise = (self._ranged(ast, scope, case, last) for case in cases)
        elif last is not None and is_choice(last):
            test, *cases = (last.get_op_arg(i) for i in range(3))
            then, otherwise = (self._ranged(ast, scope, first, case) for case in cases)
        else:
            return self._plain_for(ast, scope, first, last)
        return (If(condition_from_expr(test, scope.values), then, otherwise),)

    def _plain_for(
        self, ast: isl.AstNode, scope: _Scope, first: isl.AstExpr, last: isl.AstExpr | None
    ) -> tuple[Node, ...]:
        isl_name = ast.for_get_iterator().get_id().get_name()
        # isl numbers its loops on its own: statements with offset strides get one loop more.
        depth = len(scope.members) - 1
        member = scope.members[depth]
        lower = affine_from_expr(first, scope.values)
        if last is None:
            values = {**scope.values, isl_name: lower}
            loops = {depth: lower, **scope.loops}
            return self.node(ast.for_get_body(), replace(scope, values=values, loops=loops))
        step = integer(ast.for_get_inc().get_val())
        variable = _fresh(member.name, scope.taken | self.reserved)
        upper = affine_from_expr(last, scope.values)
        if ast.for_get_cond().get_op_type() != isl.ast_expr_op_type.lt:
            upper = upper + 1
        value = Affine.name(variable)
        # The loop around it that waits may be none: then no other one's iterations wait here.
        waits = depth in scope.synced and depth - 1 in scope.running
        synced = waits and depth not in scope.loops
        if (upper - lower).is_constant and not lower.is_constant and not synced:
            # A short loop of constant length counts from 0: the compiler then sees constant
            # subscripts into promoted blocks, and unrolls.
            value, lower, upper = value + lower, Affine(), upper - lower
        within = _tile(depth, scope) if step == 1 and value.single_name else None
        values = {**scope.values, isl_name: value}
        is_first = depth not in scope.loops
        loops = {depth: value, **scope.loops}
        inside = replace(
            scope,
            values=values,
            loops=loops,
            taken=scope.taken | {variable},
            running=scope.running | {depth},
        )
        return (
            For(
                variable=variable,
                lower=lower,
                upper=upper,
                step=step,
                body=self.node(ast.for_get_body(), inside),
                loop=member.name,
                parallel=member.parallel and is_first,
                vector=bool(member.vector) and is_first,
                unroll=member.unroll,
                pipeline=member.pipeline and is_first,
                synced=synced,
                region=scope.share.region if member.parallel and is_first else 0,
                nowait=scope.share.nowait and member.parallel and is_first,
                grid=member.grid if member.parallel and is_first else "",
                within=within,
                partials=member.partials if is_first else 0,
                sums=self.sums.get(member, ()) if is_first else (),
                scan=member.scan and is_first,
            ),
        )


def _tile(depth: int, scope: _Scope) -> tuple[Affine, int] | None:
    """The start and length of the smallest tile around the loop at a depth."""
    member = scope.members[depth]
    found = [
        (scope.loops[outer] * length, length)
        for outer in range(depth)
        if outer in scope.loops and (length := tile_length(member, scope.members[outer]))
    ]
    return min(found, key=lambda tile: tile[1], default=None)


def _fresh(wanted: str, taken: frozenset[str]) -> str:
    if wanted not in taken:
        return wanted
    number = 2
    while f"{wanted}{number}" in taken:
        number += 1
    return f"{wanted}{number}"
