"""Plain C beside the kernels: a person's code in the original loop order, compiled and called.

The sources are `baselines/NAME.c`; `baselines/baseline.h` describes their parameters.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import platformdirs

from ._benchmark import COUNT, REAL, Array, Benchmark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ._benchmark import DType, Sizes

SOURCES: Final = Path(__file__).parent / "baselines"
FLAGS: Final = ("-O3", "-march=native")
C_TYPES: Final = {"float64": "double", "float32": "float", "int32": "int32_t", "int64": "int64_t"}
CTYPES: Final[dict[str, Any]] = {
    "float64": ctypes.c_double,
    "float32": ctypes.c_float,
    "int32": ctypes.c_int32,
    "int64": ctypes.c_int64,
}


class BaselineError(RuntimeError):
    """A baseline could not be compiled; the message has the command and the compiler's words."""


@dataclass(frozen=True)
class Baseline:
    """A compiled baseline; calling it takes the kernel's arguments and works in place.

    Attributes:
        benchmark: What it computes.
        dtype: Element type of its arrays.
        constants: The only sizes it takes, where they were compiled in.
        command: How it was compiled.
        function: The C function.
        file: The library it stands in.
    """

    benchmark: Benchmark
    dtype: np.dtype[Any]
    constants: Sizes | None
    command: tuple[str, ...]
    function: Callable[..., None]
    file: Path

    def __call__(self, *arguments: Any) -> None:  # noqa: ANN401
        """Check the arguments and run once."""
        self.bind(*arguments)()

    def bind(self, *arguments: Any) -> Callable[[], None]:  # noqa: ANN401
        """A function without parameters that runs on these arguments: for timing.

        Raises:
            ValueError: The arrays' shapes disagree with each other or with the constants.
            TypeError: An array has another element type, or is not C-contiguous.
        """
        sizes = self.benchmark.sizes_of(arguments)
        if self.constants is not None and sizes != dict(self.constants):
            raise ValueError(
                f"this {self.benchmark.name} was compiled for {dict(self.constants)}, not {sizes}"
            )
        converted: list[Any] = list(sizes.values())
        for name, value in self.benchmark.named(arguments).items():
            kind = self.benchmark.parameters[name]
            if kind == REAL:
                converted.append(value)
            elif kind != COUNT:
                converted.append(self._address(name, value))

        def run(function: Callable[..., None] = self.function, _alive: object = arguments) -> None:
            function(*converted)

        return run

    def _address(self, name: str, array: Array) -> int:
        wanted = np.dtype(np.int32) if name in self.benchmark.indices else self.dtype
        if array.dtype != wanted:
            raise TypeError(f"{name} has elements of {array.dtype}, this baseline of {wanted}")
        if not array.flags.c_contiguous:
            raise TypeError(f"{name} must be C-contiguous: np.ascontiguousarray({name})")
        return array.ctypes.data


def load_baseline(
    benchmark: Benchmark,
    *,
    constants: Sizes | None = None,
    dtype: DType | None = None,
    flags: Iterable[str] = FLAGS,
    cache: Path | None = None,
    compiler: str | None = None,
    limit: float | None = None,
) -> Baseline:
    """The plain C of a benchmark, compiled if it is not in the cache.

    Args:
        benchmark: Whose plain C.
        constants: Sizes to compile in; without them they are read from the arguments at the call.
        dtype: Element type, the benchmark's own by default.
        flags: Compiler options.
        cache: Folder of compiled libraries, the user's cache folder by default.
        compiler: The C compiler, by default what CC names, or gcc.
        limit: Seconds that compiling may take.

    Raises:
        BaselineError: The compiler is missing, refuses the source or takes too long.
    """
    element = benchmark.dtype if dtype is None else np.dtype(dtype)
    named = [compiler] if compiler else shlex.split(os.environ.get("CC", "") or "gcc")
    command = (*named, *_options(benchmark, element, constants, tuple(flags)))
    library = _library(benchmark, command, cache or _default_cache(), limit)
    function = ctypes.CDLL(str(library))[f"kernel_{benchmark.name.replace('-', '_')}"]
    function.restype = None
    kinds = benchmark.parameters.values()
    scalar, pointer = CTYPES[element.name], ctypes.c_void_p
    function.argtypes = [
        *(ctypes.c_int64 for _ in benchmark.sizes["MINI"]),
        *(scalar if kind == REAL else pointer for kind in kinds if kind != COUNT),
    ]
    return Baseline(benchmark, element, constants, command, function, library)


def _default_cache() -> Path:
    return platformdirs.user_cache_path("polyopt") / "baselines"


def _options(
    benchmark: Benchmark, element: np.dtype[Any], constants: Sizes | None, flags: tuple[str, ...]
) -> tuple[str, ...]:
    """What follows the compiler in its command, without the output."""
    definitions = [f"-DDATA_TYPE={C_TYPES[element.name]}"]
    if constants is not None:
        definitions += ["-DPOLYBENCH_CONST", *(f"-D{name}={constants[name]}" for name in constants)]
    source = str(SOURCES / f"{benchmark.name}.c")
    return (*flags, *definitions, "-fPIC", "-shared", source, "-lm")


def _library(
    benchmark: Benchmark, command: tuple[str, ...], cache: Path, limit: float | None
) -> Path:
    """The compiled library, from the cache where it is there."""
    files = (SOURCES / f"{benchmark.name}.c", SOURCES / "baseline.h")
    facts = "\0".join([*command, *(file.read_text() for file in files)])
    key = hashlib.sha256((facts + _target(command[: command.index("-fPIC")])).encode()).hexdigest()
    library = cache / f"{benchmark.name}-{key[:32]}.so"
    if not library.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            built = Path(folder) / library.name
            _run([*command, "-o", str(built)], limit)
            built.replace(library)
    return library


@functools.cache
def _target(compiler: tuple[str, ...]) -> str:
    """What the compiler predefines: its version, and what -march=native means on this machine."""
    return _run([*compiler, "-dM", "-E", "-x", "c", os.devnull])


def _run(command: list[str], limit: float | None = None) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=limit)
    except FileNotFoundError:
        raise BaselineError(f"no C compiler: {command[0]} was not found; set CC") from None
    except subprocess.TimeoutExpired:
        raise BaselineError(f"{shlex.join(command)}\nended after {limit:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise BaselineError(f"{shlex.join(command)}\n{error.stderr}") from None
    return done.stdout
