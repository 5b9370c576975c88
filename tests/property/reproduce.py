"""Failures made small and written down as files that show them."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from engine import SIZES, Failure, Steps
from oracle import Case, Difference, HeavyError, PlainError, bounded
from random_program import Program
from random_script import Call
from reduce_case import reduced

from polyopt.errors import InternalError, PolyoptError
from polyopt.model.types import FpMode
from polyopt.pipeline import auto_schedule as auto
from polyopt.transform.schedule import Schedule

_SECONDS = 90.0


def outcome(program: Program, fp: FpMode, steps: Steps, seed: int) -> str | None:
    """What goes wrong, without names and numbers; None where nothing does."""
    stage = "model"
    try:
        case = Case.of(program)
        stage = "step"
        schedule = case.original(fp)
        schedule = bounded(auto, schedule) if steps == "auto" else _applied(schedule, steps)
        stage = "lower"
        runner = case.runner(schedule)
        stage = "run"
        for offset in range(3):
            case.check(runner, fp, SIZES, seed + offset)
    except (HeavyError, PlainError):
        return None
    except Difference:
        return "run difference"
    except InternalError as error:
        return f"{stage} {_shape(error)}"
    except PolyoptError:
        return None
    except Exception as error:  # noqa: BLE001 whatever it is, it is the failure
        bounds = isinstance(error, IndexError) and stage == "run"
        return "run difference" if bounds else f"{stage} {_shape(error)}"
    return None


def _applied(schedule: Schedule, steps: Steps) -> Schedule:
    for call in steps:
        assert isinstance(call, Call)
        schedule = bounded(call.apply, schedule)
    return schedule


def _shape(error: Exception) -> str:
    return f"{type(error).__name__} {re.sub(r'[0-9]+', '', str(error))[:60]}"


def minimised(failure: Failure) -> Failure:
    """The failure cut down as far as a minute and a half allows."""
    wanted = outcome(failure.program, failure.fp, failure.steps, failure.seed)
    if wanted is None:
        return failure
    end = time.monotonic() + _SECONDS

    def fails(program: Program, calls: tuple[Call, ...]) -> bool:
        steps: Steps = "auto" if failure.steps == "auto" else calls
        return (
            time.monotonic() < end and outcome(program, failure.fp, steps, failure.seed) == wanted
        )

    calls = () if isinstance(failure.steps, str) else failure.steps
    program, calls = reduced(failure.program, calls, fails)
    return replace(failure, program=program, steps="auto" if failure.steps == "auto" else calls)


_FORM = '''"""{title}

{message}

Run from the project's root:  python {file}
"""

import math
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "property")]

from oracle import Case, compare, copied, run_plain  # noqa: E402
from random_program import ArraySpec, Program  # noqa: E402

import polyopt as po  # noqa: E402

SOURCE = """
{source}"""

PROGRAM = Program({name!r}, SOURCE[1:], {arrays}, {scalars!r}, {exact}, {sizes_from!r})


def schedule(s):
{script}
    return s


{data}

case = Case.of(PROGRAM)
made = schedule(case.original({fp!r}))
print(made.tree)
expected, found = copied(ARGUMENTS), copied(ARGUMENTS)
run_plain(PROGRAM, expected)
compiled = po.kernel(fp={fp!r}, schedule=schedule, cache=False)(PROGRAM.function)
compiled(*found.values())
compare({sizes}, expected, found)
print("the compiled kernel gives the expected result")
runner = case.runner(made)
for seed in range(20):
    found = copied(ARGUMENTS)
    runner(found, seed)
    compare({sizes}, expected, found)
print("so does the loop form")
'''


def write(failure: Failure, folder: Path) -> Path:
    """A file that shows the failure: program, script and data."""
    folder.mkdir(exist_ok=True)
    name = f"{failure.stage}_{failure.seed}_{failure.fp}_{abs(hash(str(failure.steps))) % 10000}.py"
    sizes = _sizes(failure)
    if failure.steps == "auto":
        script = "    s = po.auto(s)"
    else:
        script = "\n".join(f"    s = s.{c}" for c in failure.steps) or "    # source order"
    program = failure.program
    text = _FORM.format(
        title=f"{program.name} fails in {failure.stage}.",
        message=failure.message.replace("\\", "/").replace('"""', "'''"),
        file=f"{folder.name}/{name}", source=program.source, name=program.name,
        arrays=repr(program.arrays), scalars=program.scalars, exact=program.exact,
        sizes_from=program.sizes_from, script=script, data=_data(failure, sizes), fp=failure.fp,
        sizes=sizes,
    )  # fmt: skip
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def _sizes(failure: Failure) -> tuple[int, int]:
    found = re.search(r"N, M = \((\d+), (\d+)\)", failure.message)
    return (int(found[1]), int(found[2])) if found else (4, 3)


def _data(failure: Failure, sizes: tuple[int, int]) -> str:
    rough = failure.fp == "strict" and (failure.seed + sizes[0]) % 2 == 0
    arguments = failure.program.arguments(*sizes, failure.seed, rough=rough)
    lines = ["ARGUMENTS = {"]
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            shown = f"np.array({value.ravel().tolist()}, np.{value.dtype}).reshape({value.shape})"
        else:
            shown = repr(value)
        lines.append(f"    {name!r}: {shown},")
    return "\n".join([*lines, "}"])
