"""A compiler without OpenMP: kernels run on one thread, and it is said once."""

import dataclasses
import warnings

import pytest

import polyopt as po
from polyopt.bench import catalogue
from polyopt.runtime.alone import has_openmp
from polyopt.runtime.cache import cache_info, library_path
from polyopt.runtime.compiler import find_compiler

REFUSES = """\
for word in "$@"; do
    [ "$word" = -fopenmp ] && echo "error: unsupported option '-fopenmp'" && exit 1
done
exec gcc "$@"
"""


@pytest.fixture
def without(script, monkeypatch, cache_folder):
    monkeypatch.setenv("CC", str(script("cc1", REFUSES)))


def computed(name, **options):
    benchmark = catalogue.find(name)
    sizes, dtype = catalogue.sizes_of(benchmark, "MINI"), catalogue.dtype_of(benchmark, "")
    made, expected = (catalogue.arguments(benchmark, sizes, dtype) for _ in range(2))
    benchmark.kernel.with_options(**options)(*made)
    benchmark.kernel.py_func(*expected)
    return catalogue.difference(benchmark, expected, made, sizes)


@pytest.mark.usefixtures("without")
def test_kernels_run_on_one_thread_and_it_is_said_once():
    with pytest.warns(RuntimeWarning) as caught:
        assert computed("gemm") == ""
    assert [str(w.message) for w in caught] == [
        (
            f"{find_compiler().version} makes no OpenMP libraries, so kernels run on one thread. "
            "Install its OpenMP (Debian, Ubuntu: libomp-dev; macOS: brew install libomp, or gcc "
            "and CC=gcc-14), and then: polyopt cache clear"
        )
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in ("lu", "seidel-2d", "2mm"):  # pipelines, regions, packed blocks
            hand = catalogue.hand_schedule(catalogue.find(name))
            assert computed(name, schedule=hand) == ""
        assert computed("covariance", threads=4) == ""
    assert cache_info().entries >= 5


@pytest.mark.usefixtures("cache_folder")
def test_other_failures_stay_failures(script, monkeypatch):
    monkeypatch.setenv("CC", str(script("cc1", 'exec gcc "$@"')))
    broken = po.kernel_from_text("def f(x):\n    for i in range(len(x)):\n        x[i] = 1.0\n")
    program = broken.specialize(po.f64[...])._stages.program
    assert program.openmp
    with pytest.raises(po.BuildError, match="unknown_name"):
        library_path(dataclasses.replace(program, source="int f(void) { return unknown_name; }"))
    assert has_openmp(find_compiler())


@pytest.mark.usefixtures("cache_folder")
def test_a_compiler_that_hangs_is_not_asked_for_openmp_at_length(script, monkeypatch, scale):
    monkeypatch.setenv("CC", str(script("cc1", '[ "$1" = --version ] && exit 0\nexec sleep 600')))
    monkeypatch.setenv("POLYOPT_BUILD_SECONDS", "0.5")
    with pytest.raises(po.BuildError, match=r"stopped after 0\.5 s") as caught:
        library_path(dataclasses.replace(scale, openmp=True))
    assert "probe.c" not in str(caught.value)
