"""Kernels in files, by name, and what is made of them for programs without Python."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from polyopt.errors import BadArgumentError
from polyopt.kernel import Kernel


def kernel_in(place: str) -> Kernel:
    """The kernel `NAME` of `FILE.py:NAME`; the file is run as a module.

    Raises BadArgumentError where there is no such file or kernel, and what the file raises.
    """
    file, _, name = place.rpartition(":")
    path = Path(file)
    if not file or not name or not path.is_file():
        raise BadArgumentError(f"{place!r} names no kernel: write FILE.py:NAME, of a file there is")
    module_name = f"_polyopt_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise BadArgumentError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    found = getattr(module, name, None)
    if isinstance(found, Kernel):
        return found
    kernels = [n for n, value in vars(module).items() if isinstance(value, Kernel)]
    raise BadArgumentError(f"{path} has no kernel {name}: it has {', '.join(kernels) or 'none'}")


def build(place: str, folder: Path, *, extension: bool = False) -> tuple[Path, ...]:
    """Write the C and the header of an annotated kernel, `FILE.py:NAME`, into a folder.

    With `extension` also what makes an extension module of Python of them.

    Raises BadArgumentError as `kernel_in` does, and where the arguments have no types.
    """
    kernel = kernel_in(place)
    if not kernel.py_func.__annotations__:
        raise BadArgumentError(
            f"{kernel.__name__} has no argument types, and C needs them: annotate its arguments, "
            "as in A: po.f64[N, M], n: int"
        )
    return kernel.specialize().write_c(folder, extension=extension)
