"""Which device runs a kernel, and what is said where none can."""

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pyopencl as cl
import pytest
import shapes

import polyopt as po
from polyopt.emit.launches import LaunchProgram
from polyopt.runtime import opencl, opencl_device

POCL = "Portable Computing Language"
INSTALL = 'pip install "polyopt[opencl]" brings pyopencl and PoCL, a device on every CPU'


def run(target):
    x, out = np.linspace(-1, 1, 20), np.zeros(20)
    shapes.elementwise.with_options(target=target)(x, x.copy(), out)
    np.testing.assert_array_equal(out, np.sqrt(np.abs(x)) + x * 2.0)


def program():
    kernel = shapes.elementwise.with_options(target=po.OpenCL(model="cpu"))
    made = kernel.specialize(*[po.f64[...]] * 3).entry.program
    assert isinstance(made, LaunchProgram)
    return made


def test_a_device_by_parts_of_names_and_by_number():
    device = opencl_device.devices()[0]
    for target in (
        po.OpenCL(platform=device.platform[:8].lower()),
        po.OpenCL(platform=0, device=0),
        po.OpenCL(device=device.name[:4]),
    ):
        run(target)


def test_one_context_for_all_kernels():
    first, second = (opencl_device.find(t) for t in (po.OpenCL(), po.OpenCL(platform=0)))
    assert first is opencl_device.find(po.OpenCL())
    assert first.context == second.context or first.handle != second.handle


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("PYOPENCL_CTX", "0:0")
    run(po.OpenCL())
    monkeypatch.setenv("PYOPENCL_CTX", "no such platform")
    with pytest.raises(po.TargetUnavailableError, match="has platform 'no such platform'"):
        opencl_device.find(po.OpenCL())


def test_a_users_own_queue():
    handle = opencl_device.handles()[0]
    queue = cl.CommandQueue(cl.Context([handle]))
    run(po.OpenCL(queue=queue))
    assert opencl_device.find(po.OpenCL(queue=queue)).queue is queue


def test_a_device_that_is_not_there_is_told_with_those_that_are():
    listed = "\n".join(f"  {d.platform}: {d.name}" for d in opencl_device.devices())
    with pytest.raises(po.TargetUnavailableError) as caught:
        run(po.OpenCL(platform=0, device="quantum"))
    assert str(caught.value) == (
        f"no OpenCL device has platform 0 and device 'quantum'. These are here:\n{listed}\n"
        f"Give a part of such a name, or its number. {INSTALL}"
    )


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"platform": 1.5}, "OpenCL's platform is a part of a name, a number or None, not 1.5"),
        ({"device": True}, "OpenCL's device is a part of a name, a number or None, not True"),
        ({"queue": 3}, "OpenCL's queue is a pyopencl.CommandQueue or None, not 3"),
    ],
)
def test_wrong_targets(options, text):
    with pytest.raises(po.BadArgumentError) as caught:
        po.OpenCL(**options)
    assert str(caught.value) == text


def test_without_pyopencl_the_target_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    opencl_device.driver.cache_clear()
    try:
        with pytest.raises(po.TargetUnavailableError, match="needs pyopencl") as caught:
            opencl_device.driver()
        assert INSTALL in str(caught.value)
    finally:
        monkeypatch.undo()
        opencl_device.driver.cache_clear()


def limited(**facts):
    device = opencl_device.find(po.OpenCL())
    return replace(device, model=replace(device.model, **facts))


def test_a_device_without_doubles():
    made = replace(program(), source="#pragma OPENCL EXTENSION cl_khr_fp64 : enable")
    with pytest.raises(po.TargetUnavailableError, match=r"elementwise computes in f64, and .* has"):
        opencl.Launcher(made, limited(doubles=False))


def test_arguments_beyond_the_limit():
    source = shapes.elementwise.with_options(target=po.OpenCL(model="cpu"))
    made = replace(program(), source=source.specialize(*[po.f64[...]] * 3).source)
    with pytest.raises(po.TargetUnavailableError, match=r"has arguments of 32 bytes, and .* 16"):
        opencl.Launcher(made, limited(argument_bytes=16))


def test_arrays_beyond_the_limit():
    source = shapes.elementwise.with_options(target=po.OpenCL(model="cpu"))
    made = replace(program(), source=source.specialize(*[po.f64[...]] * 3).source)
    launcher = opencl.Launcher(made, limited(buffer_bytes=64))
    sizes = [9 for a in made.arguments if a.kind == "parameter"]
    x = np.ones(9)
    with pytest.raises(po.TargetUnavailableError, match=r"the array x has 72 bytes, and .* 64 byt"):
        launcher(*sizes, *[x.ctypes.data] * 3)


def test_a_build_failure_keeps_the_source():
    made = replace(program(), source="__kernel void elementwise_i() { no such thing; }")
    with pytest.raises(po.BuildError, match="the OpenCL compiler of") as caught:
        opencl.Launcher(made, opencl_device.find(po.OpenCL()))
    with open(caught.value.source_path, encoding="utf-8") as kept:  # noqa: PTH123
        assert "no such thing" in kept.read()
    assert caught.value.command.startswith("clBuildProgram")


def test_memory_is_copied_where_the_device_has_its_own():
    device = replace(opencl_device.find(po.OpenCL()), shares_memory=False)
    kernel = shapes.stencil.with_options(target=po.OpenCL(model="gpu"))
    spec = kernel.specialize(1, *[po.f64[..., ...]] * 2)
    launcher = opencl.Launcher(replace(spec.entry.program, source=spec.source), device)
    a, b = np.random.default_rng(1).random((2, 9, 9))
    expected = a.copy(), b.copy()
    kernel.py_func(4, *expected)
    sizes = [9 for x in launcher.program.arguments if x.kind == "parameter"][1:]
    launcher(4, *sizes, a.ctypes.data, b.ctypes.data)
    np.testing.assert_array_equal(a, expected[0])
    np.testing.assert_array_equal(b, expected[1])


def test_local_memory_and_items_beyond_the_limit():
    made = program()
    (launch,) = opencl.launches(made.host)
    many = replace(made, host=(replace(launch, items=(32, 8)),))
    with pytest.raises(
        po.TargetUnavailableError, match=r"has groups of 256 items, and .* has 128:"
    ):
        opencl.Launcher(many, limited(group_items=128))
    large = replace(made, host=(replace(launch, local=(("A_local", 2048), ("B_local", 512))),))
    with pytest.raises(
        po.TargetUnavailableError, match=r"has 2560 bytes of local memory a group, and .* has 2048:"
    ):
        opencl.Launcher(large, limited(local_memory=2048))


def test_checks_come_before_anything_is_written():
    @po.kernel(target="opencl")
    def beyond(x, n):
        for i in range(n):
            x[i] = 1.0

    x = np.zeros(3)
    with pytest.raises(po.BoundsError):
        beyond(x, 4)
    assert not x.any()


def test_a_forked_process_is_told():
    text = (
        "import os, numpy as np, polyopt as po, shapes\n"
        "k = shapes.elementwise.with_options(target='opencl')\n"
        "x = [np.ones(3) for _ in range(3)]\n"
        "k(*x)\n"
        "if os.fork() == 0:\n"
        "    try:\n"
        "        k(*x)\n"
        "    except po.TargetUnavailableError:\n"
        "        os._exit(7)\n"
        "    os._exit(1)\n"
        "print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)\n"
        "os._exit(0)\n"
    )
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", text],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.strip() == "7", done.stderr
