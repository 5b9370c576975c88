"""A kernel as an extension module of Python: C for a wheel that needs neither polyopt nor NumPy.

The module has one function, of the kernel's name and arguments. Arrays are objects with the buffer
protocol (NumPy's among them), used in place; everything that polyopt checks at a call, this checks.
It is written for the stable ABI, so that one wheel serves every CPython from 3.11 on.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from polyopt.emit.binding import is_real
from polyopt.errors import BadArgumentError
from polyopt.model.types import ArrayType
from polyopt.runtime.plan import Plan, Range

if TYPE_CHECKING:
    from polyopt.emit.program import Check, Program
    from polyopt.runtime.compiler import Flags
    from polyopt.runtime.plan import ArrayPlan, ExtentPlan, Interface

MARK = "# Written by polyopt build --extension"
_OF_THIS_MACHINE = ("-march=native", "-mcpu=native", "-pipe")

_HEAD = """\
/* NAME: an extension module of Python; see setup.py. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <string.h>

#include "NAME.h"

/* Sums of sizes up to this do not overflow. */
#define MOST (1LL << 40)

/* An array argument, in place; 0 with an exception where it is not what the kernel takes. */
static int get_array(PyObject *object, Py_buffer *view, const char *name, const char *letters,
                     const char *type, int size, int rank, int written)
{
    const int flags = PyBUF_FORMAT | PyBUF_C_CONTIGUOUS | (written ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) != 0)
        return 0;
    const char *format = view->format ? view->format : "B";
    if (*format == '@' || *format == '=' || *format == '<')
        format++;
    int small = 1;
    for (int d = 0; d < view->ndim; d++)
        small = small && view->shape[d] <= MOST;
    if (!small)
        PyErr_Format(PyExc_ValueError, "NAME: argument %s has an extent beyond 2**40", name);
    else if (strlen(format) == 1 && strchr(letters, *format) && view->itemsize == size
        && view->ndim == rank && (uintptr_t)view->buf % (size_t)size == 0)
        return 1;
    else
        PyErr_Format(PyExc_TypeError,
                     "NAME: argument %s is an array of format '%s' and rank %d, and it must be an "
                     "aligned %s of rank %d", name, format, view->ndim, type, rank);
    PyBuffer_Release(view);
    return 0;
}

static int get_integer(PyObject *object, const char *name, long long least, long long most,
                       int64_t *value)
{
    PyObject *index = PyNumber_Index(object);
    if (index == NULL)
        return 0;
    const long long found = PyLong_AsLongLong(index);
    Py_DECREF(index);
    if (found == -1 && PyErr_Occurred())
        return 0;
    if (found < least || found > most) {
        PyErr_Format(PyExc_OverflowError, "NAME: argument %s is %lld, and it must be from %lld to "
                     "%lld", name, found, least, most);
        return 0;
    }
    *value = found;
    return 1;
}

static int overlap(const Py_buffer *one, const Py_buffer *other)
{
    const char *a = one->buf, *b = other->buf;
    return one->len && other->len && a < b + other->len && b < a + one->len;
}

static PyObject *call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    (void)self;
"""

_TAIL = """
static PyMethodDef methods[] = {
    {"NAME", (PyCFunction)(void (*)(void))call, METH_VARARGS | METH_KEYWORDS, DOC},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods};

PyMODINIT_FUNC PyInit_NAME(void)
{
    return PyModule_Create(&module);
}
"""

_SETUP = """\
{mark}. `pip wheel .` here makes the wheel, `python setup.py build_ext -i` the module.

from setuptools import Extension, setup

extension = Extension(
    "{name}",
    ["{name}.c", "{name}_module.c"],
    depends=["{name}.h"],
    extra_compile_args={compile},  # "-march=native" too, for this machine alone
    extra_link_args={link},
    py_limited_api=True,
)
setup(
    name="{name}",
    version="0.1.0",
    ext_modules=[extension],
    options={{"bdist_wheel": {{"py_limited_api": "cp311"}}}},
)
"""

_SIZE_BITS = 41

_LETTERS = {
    "f64": "d", "f32": "f", "f16": "e", "bool": "?", "i8": "b", "u8": "B", "i16": "h", "u16": "H",
    "i32": "il", "u32": "IL", "i64": "lq", "u64": "LQ",
}  # fmt: skip


def setup_text(name: str, flags: Flags) -> str:
    """The `setup.py` of the wheel."""
    compiled = [flag for flag in flags.compile if flag not in _OF_THIS_MACHINE]
    linked = [flag for flag in flags.link if flag.startswith("-l") or flag == "-fopenmp"]
    texts = {"compile": json.dumps(compiled), "link": json.dumps(linked)}
    return _SETUP.format(mark=MARK, name=name, **texts)


def module_text(interface: Interface, program: Program, signature: inspect.Signature) -> str:
    """The C of the module, beside the exported kernel and its header.

    Raises BadArgumentError for kernels that return values, and for extents that are no sums of
    parameters.
    """
    if interface.result is not None:
        raise BadArgumentError(
            f"{interface.name} returns a value, and a function of an extension module writes "
            "arrays: give it an array for that value"
        )
    if any(argument.type.dtype.is_complex for argument in interface.arguments):
        raise BadArgumentError(
            f"{interface.name} has complex arguments, and a function of an extension module takes "
            "none: pass real and imaginary parts as arrays of their own"
        )
    body = "\n".join(f"    {line}" for line in _body(interface, program, signature))
    doc = json.dumps(f"{interface.name}({', '.join(a.name for a in interface.arguments)})")
    head = _HEAD.replace("NAME", interface.name)
    tail = _TAIL.replace("NAME", interface.name).replace("DOC", doc)
    return f"{head}{body}\n}}\n{tail}"


# ---- the function --------------------------------------------------------------------------


def _body(interface: Interface, program: Program, signature: inspect.Signature) -> Iterator[str]:
    plan = Plan.of(interface, program, takes_overlap=False)
    names = [a.name for a in interface.arguments]
    hidden = inspect.Parameter.POSITIONAL_ONLY
    shown = ["" if signature.parameters[n].kind is hidden else n for n in names]
    yield f"static char *names[] = {{{', '.join([*map(json.dumps, shown), 'NULL'])}}};"
    yield from (f"PyObject *object{i} = NULL;" for i in range(len(names)))
    formats = _formats(signature)
    into = "".join(f", &object{i}" for i in range(len(names)))
    words = json.dumps(f"{formats}:{interface.name}")
    yield f"if (!PyArg_ParseTupleAndKeywords(args, kwargs, {words}, names{into}))"
    yield "    return NULL;"
    yield "PyObject *result = NULL;"
    yield f"Py_buffer views[{max(len(plan.arrays), 1)}];"
    yield "int held = 0;"
    yield from _numbers(interface, plan, signature)
    for index, array in enumerate(plan.arrays):
        yield from _array(interface, index, array)
    places = {array.position: index for index, array in enumerate(plan.arrays)}
    for name, position, dim in plan.shapes:
        yield f"const int64_t p_{name} = views[{places[position]}].shape[{dim}];"
    for extent in plan.extents:
        yield from _extent(interface, places[extent.position], extent)
    for one, other in plan.pairs:
        pair = f"&views[{places[one.position]}], &views[{places[other.position]}]"
        text = f"{interface.name}: arguments {one.name} and {other.name} overlap in memory"
        yield f"if (overlap({pair})) {{"
        yield f"    PyErr_SetString(PyExc_ValueError, {json.dumps(text)});"
        yield "    goto end;"
        yield "}"
    yield from _call(program, plan, places)


def _formats(signature: inspect.Signature) -> str:
    """The format of the arguments for Python's parser: one object each, some of them optional."""
    optional, keyword, text = False, False, ""
    for parameter in signature.parameters.values():
        if parameter.default is not inspect.Parameter.empty and not optional:
            optional, text = True, f"{text}|"
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and not keyword:
            keyword, text = True, f"{text}{'' if optional else '|'}$"
            optional = True
        text += "O"
    return text


def _numbers(interface: Interface, plan: Plan, signature: inspect.Signature) -> Iterator[str]:
    for each in plan.ints:
        name = f"p_{each.parameter}"
        range_ = Range(min(each.range.bits, _SIZE_BITS), each.range.signed)
        yield from _integer(interface, each.position, each.argument, name, range_, signature)
    for scalar in plan.scalars:
        position, name = scalar.position, scalar.argument.name
        if not is_real(scalar.argument):
            yield from _integer(interface, position, name, f"s_{name}", scalar.range, signature)
            continue
        yield f"double s_{name} = {_default(signature, name)};"
        yield from _required(interface, position, name, signature)
        yield f"if (object{position} != NULL) {{"
        yield f"    s_{name} = PyFloat_AsDouble(object{position});"
        yield f"    if (s_{name} == -1.0 && PyErr_Occurred())"
        yield "        goto end;"
        yield "}"


def _integer(
    interface: Interface,
    position: int,
    name: str,
    variable: str,
    range_: Range,
    signature: inspect.Signature,
) -> Iterator[str]:
    least, most = (_literal(v) for v in (range_.least, min(range_.most, 2**63 - 1)))
    yield f"int64_t {variable} = {_default(signature, name)};"
    yield from _required(interface, position, name, signature)
    words = f"object{position}, {json.dumps(name)}, {least}, {most}, &{variable}"
    yield f"if (object{position} != NULL && !get_integer({words}))"
    yield "    goto end;"


def _literal(value: int) -> str:
    return f"{value}LL" if value > -(2**63) else "(-9223372036854775807LL - 1)"


def _default(signature: inspect.Signature, name: str) -> str:
    default = signature.parameters[name].default
    if isinstance(default, bool | int | float):
        return repr(float(default)) if isinstance(default, float) else _literal(int(default))
    return "0"


def _required(
    interface: Interface, position: int, name: str, signature: inspect.Signature
) -> Iterator[str]:
    """Python's parser takes keyword-only arguments for optional ones."""
    parameter = signature.parameters[name]
    if (
        parameter.kind is inspect.Parameter.KEYWORD_ONLY
        and parameter.default is inspect.Parameter.empty
    ):
        text = json.dumps(f"{interface.name}: missing a required argument: '{name}'")
        yield f"if (object{position} == NULL) {{"
        yield f"    PyErr_SetString(PyExc_TypeError, {text});"
        yield "    goto end;"
        yield "}"


def _array(interface: Interface, index: int, plan: ArrayPlan) -> Iterator[str]:
    type_ = interface.arguments[plan.position].type
    assert isinstance(type_, ArrayType)
    dtype = str(type_.dtype)
    words = f"{json.dumps(plan.name)}, {json.dumps(_LETTERS[dtype])}, {json.dumps(dtype)}"
    sizes = f"{type_.dtype.bits // 8 or 1}, {type_.rank}, {int(plan.written)}"
    given = f"object{plan.position}, &views[{index}]"
    yield f"if (object{plan.position} == NULL || !get_array({given}, {words}, {sizes}))"
    yield "    goto end;"
    yield "held++;"


def _extent(interface: Interface, view: int, plan: ExtentPlan) -> Iterator[str]:
    if not plan.extent.is_linear:
        raise BadArgumentError(
            f"{interface.name}: the extent {plan.extent} of {plan.name} is no sum of sizes, which "
            "an extension module checks: declare such arrays with ..."
        )
    terms = [f"{factor} * p_{atom}" for atom, factor in plan.extent.terms]
    wanted = " + ".join([*terms, str(plan.extent.constant)])
    text = json.dumps(
        f"{interface.name}: argument {plan.name} has extent %lld in dimension {plan.dim}, and it "
        f"is declared {plan.declared}, here %lld".replace("%l", "\0").replace("%", "%%")
    ).replace("\\u0000", "%l")
    yield f"if (views[{view}].shape[{plan.dim}] != {wanted}) {{"
    yield f"    PyErr_Format(PyExc_ValueError, {text},"
    yield f"                 (long long)views[{view}].shape[{plan.dim}], (long long)({wanted}));"
    yield "    goto end;"
    yield "}"


def _call(program: Program, plan: Plan, places: dict[int, int]) -> Iterator[str]:
    arrays = iter(plan.arrays)
    passed = []
    for argument in program.arguments:
        if argument.kind == "array":
            passed.append(f"views[{places[next(arrays).position]}].buf")
        else:
            passed.append(f"{'p' if argument.kind == 'parameter' else 's'}_{argument.name}")
    yield "int64_t code;"
    yield "Py_BEGIN_ALLOW_THREADS"
    yield f"code = polyopt_{program.symbol}({', '.join(passed)});"
    yield "Py_END_ALLOW_THREADS"
    yield "if (code == 0)"
    yield "    result = Py_NewRef(Py_None);"
    yield "else if (code == -1)"
    yield "    PyErr_NoMemory();"
    for number, check in enumerate(program.checks, 1):
        yield f"else if (code == {number})"
        yield f"    {_failure(check, plan)};"
    yield "else"
    yield f'    PyErr_Format(PyExc_SystemError, "{program.symbol} returned %lld", (long long)code);'
    yield "end:"
    yield "while (held > 0)"
    yield "    PyBuffer_Release(&views[--held]);"
    yield "return result;"


def _failure(check: Check, plan: Plan) -> str:
    """The exception of a check, its parameters' values filled in by C."""
    kind = "PyExc_IndexError" if check.error == "bounds" else "PyExc_ValueError"
    known = {*plan.numbers, *(each.parameter for each in plan.ints), *(s[0] for s in plan.shapes)}
    pieces = re.split(r"\{(\w+)\}", check.message)
    text, values = pieces[0].replace("%", "%%"), ""
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        text += "%lld" if name in known else f"{{{name}}}"
        text += after.replace("%", "%%")
        values += f", (long long)p_{name}" if name in known else ""
    return f"PyErr_Format({kind}, {json.dumps(text)}{values})"
