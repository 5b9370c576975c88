"""Where a kernel runs: small values that name a target and its options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from polyopt.errors import BadArgumentError

Model = Literal["cpu", "gpu"]


def check_threads(threads: object, what: str = "threads") -> int | None:
    """A number of threads: a positive int, or None for what OMP_NUM_THREADS or the machine says.

    Raises BadArgumentError for anything else.
    """
    if threads is None:
        return None
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise BadArgumentError(
            f"{what} is a number of threads, 1 or more, not {threads!r}: "
            "give a positive int, or None to follow OMP_NUM_THREADS"
        )
    return int(threads)


@dataclass(frozen=True, slots=True)
class Target:
    """The base of all targets. `kind` is the name that `target=` also takes as a string."""

    kind: ClassVar[str] = ""

    @property
    def openmp(self) -> bool:
        """Whether emitted code is C with OpenMP."""
        return False

    @property
    def is_parallel(self) -> bool:
        """Whether parallel loops run on several threads or work items."""
        return self.openmp

    def __str__(self) -> str:
        return self.kind


@dataclass(frozen=True, slots=True)
class C(Target):
    """C for one thread."""

    kind: ClassVar[str] = "c"


@dataclass(frozen=True, slots=True)
class OpenMP(Target):
    """C with OpenMP. `threads` of None follows OMP_NUM_THREADS, or else uses every core."""

    threads: int | None = None
    kind: ClassVar[str] = "openmp"

    def __post_init__(self) -> None:
        check_threads(self.threads, "OpenMP's threads")

    @property
    def openmp(self) -> bool:
        """Whether emitted code may run on several threads."""
        return True


@dataclass(frozen=True, slots=True)
class OpenCL(Target):
    """OpenCL C on the device chosen by name or number, or on that of a `queue` of pyopencl.

    `platform` and `device` are numbers or parts of names; without them PYOPENCL_CTX decides, then
    a GPU goes before a CPU. `model` is what code is written for, by default what the device is.
    """

    platform: str | int | None = None
    device: str | int | None = None
    model: Model | None = None
    queue: object = None
    kind: ClassVar[str] = "opencl"

    def __post_init__(self) -> None:
        if self.model not in (None, "cpu", "gpu"):
            raise BadArgumentError(f'OpenCL\'s model is "cpu", "gpu" or None, not {self.model!r}')
        for what, value in (("platform", self.platform), ("device", self.device)):
            if isinstance(value, bool) or not isinstance(value, str | int | None):
                raise BadArgumentError(
                    f"OpenCL's {what} is a part of a name, a number or None, not {value!r}"
                )
        if self.queue is not None and not hasattr(self.queue, "device"):
            raise BadArgumentError(
                f"OpenCL's queue is a pyopencl.CommandQueue or None, not {self.queue!r}"
            )
        if self.queue is not None and (self.platform, self.device) != (None, None):
            raise BadArgumentError(
                "OpenCL's queue has a platform and device of its own: give either"
            )

    @property
    def is_parallel(self) -> bool:
        """Whether parallel loops run on several threads or work items."""
        return True


NAMES: dict[str, type[Target]] = {"c": C, "opencl": OpenCL, "openmp": OpenMP}
"""The targets by the string that names them."""


def resolve(target: object) -> Target:
    """The target for a string such as `"openmp"`, or the Target itself.

    Raises BadArgumentError for anything else.
    """
    if isinstance(target, Target) and type(target) is not Target:
        return target
    if isinstance(target, str) and target in NAMES:
        return NAMES[target]()
    listed = ", ".join(f'"{name}"' for name in sorted(NAMES))
    raise BadArgumentError(
        f"no target {target!r}: target is one of {listed}, "
        "or an object such as po.OpenMP(threads=2) or po.C()"
    )
