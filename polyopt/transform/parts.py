"""Steps on one top-level nest of a program, as if it were all there is.

A step on one nest leaves the others as they are, and with them every dependence between nests,
whose order stays. So it is taken on a schedule of the nest alone, with the dependences inside it:
what it costs then depends on the nest and not on the length of the program. The steps are those of
the whole schedule; a loop whose name another nest has too is called by its statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from polyopt.errors import BadArgumentError, IllegalScheduleError, NoSuchLoopError
from polyopt.model.dependences import Dependence, Dependences
from polyopt.model.tree import Filter, Node, Sequence, Tree
from polyopt.transform.edit import normal, taken_names, whole
from polyopt.transform.legality import Judge
from polyopt.transform.schedule import Schedule
from polyopt.transform.script import Step

Change = Callable[[Schedule], Schedule]


def nests(schedule: Schedule) -> tuple[Filter, ...]:
    """The top-level nests, where there are several and each holds whole statements."""
    root = schedule.tree.root
    items = root.children if isinstance(root, Sequence) else ()
    names = [name for item in items for name, _ in item.instances]
    return items if len(set(names)) == len(names) else ()


def by_nests(schedule: Schedule, change: Change) -> Schedule:
    """The schedule with every top-level nest changed, one after another, each on its own."""
    items = nests(schedule)
    if not items:
        return change(schedule)
    inside = _inside(schedule, items)
    roots: list[Node] = [item.child for item in items]
    names = [_loop_names(item) for item in items]
    taken = Counter(name for known in names for name in known)
    steps: list[Step] = []
    stored: list[Step] = []
    for number, item in enumerate(items):
        taken.subtract(names[number])
        others = frozenset(name for name, count in taken.items() if count)
        before = _part(schedule, item, inside[number], others)
        after = change(before)
        taken.update(taken_names(replace(after.tree, others=frozenset())))
        if after.scop is not before.scop:  # of the model the whole schedule has its own
            stored += after.steps
            continue
        steps += after.steps
        roots[number] = after.tree.root
    whole_ = _joined(schedule, items, roots, steps)
    return _replayed(whole_, stored)


def _inside(schedule: Schedule, items: tuple[Filter, ...]) -> list[list[Dependence]]:
    """Per nest the dependences inside it."""
    owner = {name: number for number, item in enumerate(items) for name in item.statements}
    found: list[list[Dependence]] = [[] for _ in items]
    for dependence in schedule.dependences:
        if owner[dependence.source] == owner[dependence.sink]:
            found[owner[dependence.source]].append(dependence)
    return found


def _loop_names(item: Filter) -> set[str]:
    return taken_names(Tree(item.statements, item.child))


def _part(
    schedule: Schedule, item: Filter, inside: list[Dependence], others: frozenset[str]
) -> Schedule:
    """One nest as a schedule of its own, without steps."""
    labels = tuple(label for label in schedule.tree.labels if label[1] in item.statements)
    tree = Tree(item.statements, item.child, labels, others)
    scop = schedule.scop.part(tree)
    dependences = Dependences(tuple(inside))
    judge = Judge(scop, dependences, schedule.fp, schedule.judge)
    return replace(schedule, scop=scop, dependences=dependences, tree=tree, steps=(), judge=judge)


def _joined(
    schedule: Schedule, items: tuple[Filter, ...], roots: list[Node], steps: list[Step]
) -> Schedule:
    """The nests in their order again, after the steps of all."""
    parts = (whole(item.statements, root) for item, root in zip(items, roots, strict=True))
    tree = replace(schedule.tree, root=normal(Sequence(tuple(parts))))
    return replace(schedule, tree=tree, steps=(*schedule.steps, *steps))


def _replayed(schedule: Schedule, steps: list[Step]) -> Schedule:
    """The schedule after steps that a part allowed; before them where the whole does not."""
    made = schedule
    try:
        for step in steps:
            made = step.on(made)
    except (IllegalScheduleError, BadArgumentError, NoSuchLoopError):
        return schedule
    return made
