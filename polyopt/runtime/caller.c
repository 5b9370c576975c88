/* Calls of compiled kernels that never enter Python: check the arguments against a table, run.

   Any doubt ends in the kernel's Python method `_checked`, which knows all the words. So this file
   only says yes, and every refusal is spelt in one place.

   Compiled once per machine, without headers of Python or NumPy: the functions below belong to
   CPython's stable ABI, and the places of struct members are proved at load by `caller_prove`
   (see caller.py), which refuses an interpreter or a NumPy where any of them differs. */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct Object {
    intptr_t references;
    struct Object *type;
} Object;

typedef struct {
    Object head;
    intptr_t size;
} Tuple; /* then, `items_at` bytes from the beginning, the items */

typedef struct {
    Object head;
    Object *scalar;
    char kind, letter, order, flags;
    int number;
} DType;

typedef struct {
    Object head;
    char *data;
    int rank;
    const int64_t *extents, *strides;
    Object *base;
    const DType *dtype;
    int flags;
} Array;

typedef struct {
    int slot;
    void *value;
} Slot;

typedef struct {
    const char *name;
    int size, itemsize;
    unsigned flags;
    const Slot *slots;
} Spec;

extern Object *PyType_FromSpecWithBases(Spec *spec, Object *bases);
extern Object *PyObject_GetAttrString(Object *object, const char *name);
extern Object *PyObject_Call(Object *callable, Object *args, Object *kwargs);
extern Object *PyObject_CallFunction(Object *callable, const char *format, ...);
extern Object *PyObject_CallFunctionObjArgs(Object *callable, ...);
extern Object *PyTuple_New(intptr_t size);
extern int PyTuple_SetItem(Object *tuple, intptr_t index, Object *item);
extern Object *PyDict_GetItemWithError(Object *dict, Object *key);
extern intptr_t PyDict_Size(Object *dict);
extern Object *PyErr_Occurred(void);
extern void PyErr_Clear(void);
extern char *PyBytes_AsString(Object *bytes);
extern long long PyLong_AsLongLongAndOverflow(Object *number, int *overflow);
extern Object *PyFloat_FromDouble(double value);
extern Object *PyLong_FromLongLong(long long value);
extern Object *PyLong_FromUnsignedLongLong(unsigned long long value);
extern Object *PyBool_FromLong(long value);
extern void *PyEval_SaveThread(void);
extern void PyEval_RestoreThread(void *state);
extern void Py_IncRef(Object *object);
extern void Py_DecRef(Object *object);
extern Object _Py_NoneStruct, _Py_TrueStruct;

/* ---- the table -----------------------------------------------------------------------------

   One bytes object of 64-bit words, written by table.py: a head, then rows one after another. */

enum { ARRAY, PYTHON_INT, PYTHON_BOOL, FLOAT, SIGNED, UNSIGNED };
enum { GIVEN, NEW, NUMBER, SEVERAL }; /* results: an argument, an array that the call makes, … */
enum { FROM_ARGUMENT, FROM_EXTENT, FROM_STRIDE };
enum { C_CONTIGUOUS = 0x1, ALIGNED = 0x100, WRITEABLE = 0x400 };
enum { MOST_ARGUMENTS = 32, MOST_NUMBERS = 96 };

static const int WARN_ON_WRITE = (int)(1u << 31);
static const int64_t SAFE = (int64_t)1 << 40; /* sums of such parameters do not overflow */
static const int64_t SHORT = 1 << 15;         /* work below which the lock is not worth a release */

typedef struct {
    int64_t rows, arguments, positional;
    Object *out; /* the name of the keyword for results; NULL where it is an argument's */
} Head;

typedef struct {
    Object *name, *value; /* both borrowed from the kernel's signature; NULL: there is none */
} Name;

typedef struct {
    int64_t kind, size;
    Object *type, *other;    /* the exact types that are taken */
    int64_t number, twin_of; /* NumPy's number of the dtype; the earlier position or -1 */
    int64_t rank, written;
    int64_t strided, unit; /* strided: `unit` is the dimension with stride 1, or -1 */
} Argument;

typedef struct {
    int64_t from, position, dim, least, most;
} Number;

typedef struct {
    int64_t position, is_float, least, most;
} Scalar;

typedef struct {
    int64_t position, dim, constant, terms; /* then (number, factor) pairs */
} Extent;

typedef struct {
    int64_t words; /* of the whole row */
    int64_t (*run)(const int64_t *numbers, const void *scalars, char *const *arrays);
    int (*get_threads)(void);
    void (*set_threads)(int);
    int64_t threads, heavy;
    int64_t numbers, scalars, arrays, extents, pairs, made, results;
    Object *empty; /* NumPy's function */
    int64_t first; /* of what is made, the array that a lone `out` takes the place of, or -1 */
} Row;

/* What the call makes: an array, or with dtype NULL eight bytes for a number. */
typedef struct {
    Object *dtype, *type;
    int64_t number, size, rank; /* then for each dimension constant, terms, (number, factor) pairs */
} Made;

typedef struct {
    int64_t what, index; /* of an argument, of what is made, or SEVERAL: how many come next */
    int64_t kind, size;
    Object *type; /* a number's class in NumPy, or NULL: Python's own */
} Result;

typedef union {
    int64_t integer;
    double real;
} Value;

typedef struct {
    Object **values;
    Value scalar[MOST_ARGUMENTS];
    int64_t bytes[MOST_ARGUMENTS];
    int64_t number[MOST_NUMBERS];
    Object *out;                    /* what the caller gives for a result, or NULL */
    Object *array[MOST_ARGUMENTS];  /* of what is made; references of the call's own */
    int64_t memory[MOST_ARGUMENTS]; /* numbers that are made */
    int64_t bytes_made;
} Call;

/* Where the parts of a row stand. */
typedef struct {
    const Argument *arguments;
    const Scalar *scalars;
    const int64_t *arrays; /* positions; what is made comes behind the arguments */
    const Made *made;
    const Result *results;
} Parts;

static intptr_t table_at; /* where a kernel keeps its table */
static intptr_t items_at; /* where a tuple keeps its items: from 3.14 on behind its hash */
static int forked;        /* a child has none of OpenMP's workers */

static void in_child(void)
{
    forked = 1;
}

/* ---- one argument ------------------------------------------------------------------------ */

static int raw(int64_t kind, int size, const void *at, Value *into)
{
    if (kind == FLOAT) {
        float narrow;
        if (size == 8)
            memcpy(&into->real, at, 8);
        else {
            memcpy(&narrow, at, 4);
            into->real = narrow;
        }
        return 1;
    }
    uint64_t bits = 0;
    memcpy(&bits, at, (size_t)size);
    const int unused = 64 - 8 * size;
    into->integer = kind == SIGNED ? (int64_t)(bits << unused) >> unused : (int64_t)bits;
    return kind == SIGNED || into->integer >= 0;
}

static int number_taken(const Argument *argument, Object *value, Value *into)
{
    int overflow = 0;
    switch (argument->kind) {
    case PYTHON_INT:
        into->integer = PyLong_AsLongLongAndOverflow(value, &overflow);
        return !overflow;
    case PYTHON_BOOL:
        into->integer = value == &_Py_TrueStruct;
        return 1;
    default:
        return raw(argument->kind, (int)argument->size, value + 1, into);
    }
}

/* The bytes from an array's first element to its last; 0 where it has none. */
static int64_t strided_span(const Argument *argument, const Array *array, int64_t *before)
{
    int64_t below = 0, above = 0;
    for (int d = 0; d < array->rank; d++) {
        if (array->extents[d] == 0)
            return 0;
        const int64_t reach = (array->extents[d] - 1) * array->strides[d];
        *(reach < 0 ? &below : &above) += reach;
    }
    *before = -below;
    return above - below + argument->size;
}

/* Whether each dimension steps over all that those with smaller steps reach: then no two elements
   are one. Of other views Python decides. */
static int spread(const Argument *argument, const Array *array)
{
    int64_t reach = argument->size - 1;
    uint64_t done = 0;
    if (array->rank > 64)
        return 0;
    for (int k = 0; k < array->rank; k++) {
        int next = -1;
        int64_t least = INT64_MAX;
        for (int d = 0; d < array->rank; d++) {
            const int64_t step = array->strides[d] < 0 ? -array->strides[d] : array->strides[d];
            if (!(done >> d & 1) && array->extents[d] > 1 && step < least) {
                least = step;
                next = d;
            }
        }
        if (next < 0)
            break;
        if (least <= reach)
            return 0;
        reach += least * (array->extents[next] - 1);
        done |= (uint64_t)1 << next;
    }
    return 1;
}

static int layout_taken(const Argument *argument, const Array *array)
{
    if (!argument->strided)
        return array->flags & C_CONTIGUOUS;
    if (argument->written && !spread(argument, array))
        return 0;
    for (int d = 0; d < array->rank; d++) {
        const int64_t stride = array->strides[d];
        if (stride % argument->size != 0 || (d == argument->unit && stride != argument->size))
            return 0;
    }
    return 1;
}

static int array_taken(const Argument *argument, const Array *array, int64_t *bytes)
{
    const DType *dtype = array->dtype;
    const int needed = ALIGNED | (argument->written ? WRITEABLE : 0);
    if (dtype->number != argument->number || array->rank != argument->rank)
        return 0;
    if ((dtype->order != '=' && dtype->order != '|') || (array->flags & needed) != needed)
        return 0;
    if (argument->written && (array->flags & WARN_ON_WRITE))
        return 0;
    if (!layout_taken(argument, array))
        return 0;
    *bytes = argument->size;
    for (int d = 0; d < array->rank; d++)
        *bytes *= array->extents[d];
    return 1;
}

static int same_array(const Array *one, const Array *other)
{
    if (one == other)
        return 1;
    const size_t bytes = (size_t)one->rank * sizeof(int64_t);
    return one->data == other->data && one->rank == other->rank
           && one->dtype->number == other->dtype->number
           && memcmp(one->extents, other->extents, bytes) == 0
           && memcmp(one->strides, other->strides, bytes) == 0;
}

static int arguments_taken(const Argument *argument, int64_t count, Call *call)
{
    for (int64_t i = 0; i < count; i++, argument++) {
        Object *value = call->values[i];
        if (value->type != argument->type && value->type != argument->other)
            return 0;
        if (argument->kind != ARRAY) {
            if (!number_taken(argument, value, &call->scalar[i]))
                return 0;
        } else if (!array_taken(argument, (const Array *)value, &call->bytes[i]))
            return 0;
        if (argument->twin_of >= 0) {
            const Object *first = call->values[argument->twin_of];
            if (call->bytes[i] == 0 || !same_array((const Array *)first, (const Array *)value))
                return 0;
        }
    }
    return 1;
}

/* ---- what the arguments say together ------------------------------------------------------- */

static int numbers_taken(const Number *number, int64_t count, const Argument *arguments, Call *call)
{
    for (int64_t i = 0; i < count; i++, number++) {
        const Array *array = (const Array *)call->values[number->position];
        int64_t value;
        if (number->from == FROM_ARGUMENT)
            value = call->scalar[number->position].integer;
        else if (number->from == FROM_EXTENT)
            value = array->extents[number->dim];
        else
            value = array->strides[number->dim] / arguments[number->position].size;
        if (value < number->least || value > number->most || value >= SAFE || value <= -SAFE)
            return 0;
        call->number[i] = value;
    }
    return 1;
}

static const int64_t *extents_agree(const int64_t *at, int64_t count, const Call *call)
{
    for (int64_t i = 0; i < count; i++) {
        const Extent *extent = (const Extent *)at;
        const int64_t *term = at + sizeof(Extent) / sizeof(int64_t);
        int64_t wanted = extent->constant;
        for (int64_t t = 0; t < extent->terms; t++, term += 2)
            wanted += term[1] * call->number[term[0]];
        if (((const Array *)call->values[extent->position])->extents[extent->dim] != wanted)
            return NULL;
        at = term;
    }
    return at;
}

typedef struct {
    const char *start;
    int64_t bytes;
} Span;

static Span span_of(const Argument *argument, const Array *array, int64_t bytes)
{
    int64_t before = 0;
    if (argument->strided)
        bytes = strided_span(argument, array, &before);
    return (Span){array->data - before, bytes};
}

static int disjoint(Span one, Span other)
{
    return one.bytes == 0 || other.bytes == 0 || one.start + one.bytes <= other.start
           || other.start + other.bytes <= one.start;
}

static int apart(const Argument *arguments, int64_t one, int64_t other, const Call *call)
{
    const Array *first = (const Array *)call->values[one];
    const Array *second = (const Array *)call->values[other];
    return disjoint(span_of(&arguments[one], first, call->bytes[one]),
                    span_of(&arguments[other], second, call->bytes[other]));
}

/* Whether the call's arguments are a row's; then where the row's parts stand, but for results. */
static int row_fits(const Row *row, int64_t count, Call *call, Parts *parts)
{
    const Argument *arguments = parts->arguments = (const Argument *)(row + 1);
    if (!arguments_taken(arguments, count, call))
        return 0;
    const Number *numbers = (const Number *)(arguments + count);
    if (!numbers_taken(numbers, row->numbers, arguments, call))
        return 0;
    parts->scalars = (const Scalar *)(numbers + row->numbers);
    parts->arrays = (const int64_t *)(parts->scalars + row->scalars);
    const int64_t *pair = extents_agree(parts->arrays + row->arrays, row->extents, call);
    if (pair == NULL)
        return 0;
    for (int64_t i = 0; i < row->pairs; i++, pair += 2)
        if (!apart(arguments, pair[0], pair[1], call))
            return 0;
    parts->made = (const Made *)pair;
    return 1;
}

/* ---- results --------------------------------------------------------------------------------- */

/* An extent: constant, terms and (number, factor) pairs. NULL where it is none of 64 bits, else
   what stands behind it. */
static const int64_t *extent_at(const int64_t *at, const Call *call, int64_t *extent)
{
    const int64_t terms = at[1];
    *extent = at[0];
    at += 2;
    for (int64_t t = 0; t < terms; t++, at += 2) {
        int64_t product;
        if (__builtin_mul_overflow(at[1], call->number[at[0]], &product)
            || __builtin_add_overflow(*extent, product, extent))
            return NULL;
    }
    return *extent < 0 ? NULL : at;
}

static const Made *behind(const Made *made)
{
    const int64_t *at = (const int64_t *)(made + 1);
    for (int64_t d = 0; d < made->rank; d++)
        at += 2 + 2 * at[1];
    return (const Made *)at;
}

static Object *new_array(const Row *row, const Made *made, const Call *call)
{
    const int64_t *at = (const int64_t *)(made + 1);
    Object *shape = PyTuple_New(made->rank), *array = NULL;
    if (shape == NULL)
        return NULL;
    for (int64_t d = 0; d < made->rank; d++) {
        int64_t extent;
        at = extent_at(at, call, &extent);
        Object *number = at ? PyLong_FromLongLong(extent) : NULL;
        if (number == NULL || PyTuple_SetItem(shape, d, number) != 0)
            goto end;
    }
    array = PyObject_CallFunctionObjArgs(row->empty, shape, made->dtype, NULL);
end:
    Py_DecRef(shape);
    return array;
}

/* Whether an array is of the type and shape of what is made, and C can write it. */
static int holds_result(const Made *made, const Array *array, Call *call, int64_t *bytes)
{
    const int needed = C_CONTIGUOUS | ALIGNED | WRITEABLE;
    if (array->head.type != made->type || array->dtype->number != made->number)
        return 0;
    if ((array->dtype->order != '=' && array->dtype->order != '|') || array->rank != made->rank)
        return 0;
    if ((array->flags & needed) != needed || (array->flags & WARN_ON_WRITE))
        return 0;
    const int64_t *at = (const int64_t *)(made + 1);
    *bytes = made->size;
    for (int64_t d = 0; d < made->rank; d++) {
        int64_t extent;
        at = extent_at(at, call, &extent);
        if (at == NULL || array->extents[d] != extent)
            return 0;
        *bytes *= extent;
    }
    return 1;
}

static int apart_from_all(const Argument *argument, int64_t count, Span span, const Call *call)
{
    for (int64_t i = 0; i < count; i++, argument++) {
        if (argument->kind != ARRAY)
            continue;
        const Array *array = (const Array *)call->values[i];
        if (!disjoint(span, span_of(argument, array, call->bytes[i])))
            return 0;
    }
    return 1;
}

static void drop_made(const Row *row, Call *call)
{
    for (int64_t k = 0; k < row->made; k++) {
        Py_DecRef(call->array[k]);
        call->array[k] = NULL;
    }
}

/* Make the arrays of the results, the caller's own among them; 0 where Python must speak. */
static int make_arrays(const Row *row, const Parts *parts, Call *call)
{
    const Made *made = parts->made;
    for (int64_t k = 0; k < row->made; k++, made = behind(made)) {
        if (made->dtype == NULL)
            continue;
        if (call->out != NULL && k == row->first) {
            Py_IncRef(call->out);
            call->array[k] = call->out;
        } else if ((call->array[k] = new_array(row, made, call)) == NULL) {
            PyErr_Clear(); /* without memory: Python tries once more, and has the words */
            return 0;
        }
    }
    return 1;
}

/* Whether what was made is what the arguments ask for. */
static int made_fits(const Row *row, int64_t count, Parts *parts, Call *call)
{
    const Made *made = parts->made;
    call->bytes_made = 0;
    for (int64_t k = 0; k < row->made; k++, made = behind(made)) {
        const Array *array = (const Array *)call->array[k];
        int64_t bytes = 0;
        if (array != NULL && !holds_result(made, array, call, &bytes))
            return 0;
        if (array != NULL && (const Object *)array == call->out
            && !apart_from_all(parts->arguments, count, (Span){array->data, bytes}, call))
            return 0;
        call->bytes_made += bytes;
    }
    parts->results = (const Result *)made;
    return 1;
}

/* ---- the call ------------------------------------------------------------------------------ */

/* Whether other threads of Python should run meanwhile. A release costs as much as a small call,
   so what is surely short keeps the lock. */
static int is_long(const Row *row, const Argument *argument, int64_t count, const Call *call)
{
    double work = row->heavy ? (double)SHORT : 1.0;
    int64_t bytes = call->bytes_made;
    for (int64_t i = 0; i < count; i++, argument++) {
        if (argument->kind == ARRAY)
            bytes += call->bytes[i];
        else if (argument->kind == PYTHON_INT || argument->kind == SIGNED
                 || argument->kind == UNSIGNED)
            work *= call->scalar[i].integer > 1 ? (double)call->scalar[i].integer : 1.0;
    }
    return work * (double)(bytes > 0 ? bytes : 8) >= (double)SHORT;
}

static int64_t run(const Row *row, int release, const Call *call, const Value *scalars,
                   char *const *arrays)
{
    void *state = release ? PyEval_SaveThread() : NULL;
    int before = 0;
    if (row->set_threads) {
        before = row->get_threads();
        row->set_threads(forked ? 1 : (int)row->threads);
    }
    const int64_t code = row->run(call->number, scalars, arrays);
    if (row->set_threads)
        row->set_threads(before);
    if (release)
        PyEval_RestoreThread(state);
    return code;
}

/* The numbers and addresses that C gets; 0 where Python has the words for a number. */
static int passed(const Row *row, int64_t count, const Parts *parts, Call *call, Value *scalars,
                  char **data)
{
    const Scalar *scalar = parts->scalars;
    for (int64_t i = 0; i < row->scalars; i++, scalar++) {
        const Argument *argument = &parts->arguments[scalar->position];
        scalars[i] = call->scalar[scalar->position];
        if (scalar->is_float && argument->kind != FLOAT)
            scalars[i].real = (double)scalars[i].integer;
        else if (!scalar->is_float
                 && (scalars[i].integer < scalar->least || scalars[i].integer > scalar->most))
            return 0;
    }
    for (int64_t i = 0; i < row->arrays; i++) {
        const int64_t k = parts->arrays[i] - count;
        const Object *array = k < 0 ? call->values[parts->arrays[i]] : call->array[k];
        data[i] = array ? ((const Array *)array)->data : (char *)&call->memory[k];
    }
    return 1;
}

/* Run a row: -1 where it is not for these arguments, else 0 with the entry's result in `code`.
   What it makes is the caller's to drop. */
static int try_row(const Row *row, int64_t count, Call *call, Parts *parts, int64_t *code)
{
    Value scalars[MOST_ARGUMENTS];
    char *data[MOST_ARGUMENTS];
    if ((call->out != NULL && row->first < 0) || !row_fits(row, count, call, parts))
        return -1;
    if (!make_arrays(row, parts, call))
        return -1;
    /* Memory that is asked for may have others collected, whose finalizers may do anything. */
    if (row->first >= 0 && !row_fits(row, count, call, parts))
        return -1;
    if (!made_fits(row, count, parts, call) || !passed(row, count, parts, call, scalars, data))
        return -1;
    *code = run(row, is_long(row, parts->arguments, count, call), call, scalars, data);
    return 0;
}

/* A number that a kernel returned, as Python's own or NumPy's. */
static Object *number_of(const Result *result, const int64_t *memory)
{
    Value value;
    Object *plain;
    raw(result->kind, (int)result->size, memory, &value);
    switch (result->kind) {
    case FLOAT:
        plain = PyFloat_FromDouble(value.real);
        break;
    case SIGNED:
        plain = PyLong_FromLongLong(value.integer);
        break;
    case PYTHON_BOOL:
        plain = PyBool_FromLong(value.integer != 0);
        break;
    default:
        plain = PyLong_FromUnsignedLongLong((unsigned long long)value.integer);
    }
    if (result->type == NULL || plain == NULL)
        return plain;
    Object *number = PyObject_CallFunction(result->type, "O", plain);
    Py_DecRef(plain);
    return number;
}

/* What a kernel returned; `at` moves behind it. */
static Object *returned(const Result **at, const Call *call)
{
    const Result *result = (*at)++;
    if (result->what == NUMBER)
        return number_of(result, &call->memory[result->index]);
    if (result->what == SEVERAL) {
        Object *several = PyTuple_New(result->index);
        for (int64_t i = 0; several != NULL && i < result->index; i++) {
            Object *item = returned(at, call);
            if (item == NULL || PyTuple_SetItem(several, i, item) != 0) {
                Py_DecRef(several);
                return NULL;
            }
        }
        return several;
    }
    Object *array = result->what == GIVEN ? call->values[result->index] : call->array[result->index];
    Py_IncRef(array);
    return array;
}

static Object *result_of(const Row *row, const Parts *parts, const Call *call)
{
    const Result *at = parts->results;
    if (row->results > 0)
        return returned(&at, call);
    Py_IncRef(&_Py_NoneStruct);
    return &_Py_NoneStruct;
}

static Object *item(const Tuple *tuple, int64_t index)
{
    return ((Object *const *)((const char *)tuple + items_at))[index];
}

/* What the caller gives for a result, NULL for nothing; 0 where Python must speak. */
static int collect_out(const Head *head, Object *kwargs, int64_t *left, Object **out)
{
    *out = NULL;
    if (*left == 0 || head->out == NULL)
        return 1;
    Object *found = PyDict_GetItemWithError(kwargs, head->out);
    if (found == NULL && PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    *left -= found != NULL;
    *out = found == &_Py_NoneStruct ? NULL : found;
    return 1;
}

/* The arguments in the order of the definition; 0 where Python's own rules must speak. */
static int collect(const Head *head, const Name *name, const Tuple *args, Object *kwargs,
                   Object **values, Object **out)
{
    int64_t left = kwargs ? PyDict_Size(kwargs) : 0;
    if (head->arguments > MOST_ARGUMENTS || args->size > head->positional)
        return 0;
    if (!collect_out(head, kwargs, &left, out))
        return 0;
    for (int64_t i = 0; i < head->arguments; i++, name++) {
        Object *found = i < args->size ? item(args, i) : NULL;
        if (found == NULL && left > 0 && name->name != NULL) {
            found = PyDict_GetItemWithError(kwargs, name->name);
            if (found == NULL && PyErr_Occurred()) { /* of a name of a class of its own */
                PyErr_Clear();
                return 0;
            }
            left -= found != NULL;
        }
        values[i] = found ? found : name->value;
        if (values[i] == NULL)
            return 0;
    }
    return left == 0;
}

static Object *by_python(Object *self, Object *args, Object *kwargs)
{
    Object *checked = PyObject_GetAttrString(self, "_checked");
    if (checked == NULL)
        return NULL;
    Object *result = PyObject_Call(checked, args, kwargs);
    Py_DecRef(checked);
    return result;
}

static Object *failed(Object *self, Object *args, Object *kwargs, int64_t row, int64_t code)
{
    Object *method = PyObject_GetAttrString(self, "_failed");
    if (method == NULL)
        return NULL;
    Object *keywords = kwargs ? kwargs : &_Py_NoneStruct;
    Object *result = PyObject_CallFunction(method, "LLOO", (long long)row, (long long)code, args, keywords);
    Py_DecRef(method);
    return result;
}

/* The row that a call fits, run: its number, with the entry's result and the call's; -1 where
   there is none. */
static int64_t run_rows(const Head *head, const int64_t *at, Call *call, int64_t *code,
                        Object **result)
{
    for (int64_t i = 0; i < head->rows; i++, at += *at) {
        const Row *row = (const Row *)at;
        Parts parts;
        memset(call->array, 0, sizeof *call->array * (size_t)row->made);
        const int status = try_row(row, head->arguments, call, &parts, code);
        if (status == 0 && *code == 0)
            *result = result_of(row, &parts, call);
        drop_made(row, call);
        if (status == 0)
            return i;
    }
    return -1;
}

static Object *call_kernel(Object *self, Object *args, Object *kwargs)
{
    Object *table = *(Object **)((char *)self + table_at);
    if (table == NULL || table == &_Py_NoneStruct)
        return by_python(self, args, kwargs);
    const Head *head = (const Head *)PyBytes_AsString(table);
    const Name *names = (const Name *)(head + 1);
    Object *values[MOST_ARGUMENTS], *result = NULL;
    Call call;
    call.values = values;
    if (!collect(head, names, (const Tuple *)args, kwargs, values, &call.out))
        return by_python(self, args, kwargs);
    int64_t code = 0;
    Py_IncRef(table); /* another thread may replace it while the kernel runs */
    const int64_t row = run_rows(head, (const int64_t *)(names + head->arguments), &call, &code, &result);
    Py_DecRef(table);
    if (row < 0)
        return by_python(self, args, kwargs);
    return code == 0 ? result : failed(self, args, kwargs, row, code);
}

/* ---- loading ------------------------------------------------------------------------------- */

/* Before anything else: where tuples keep their items. */
void caller_begin(intptr_t items)
{
    items_at = items;
    pthread_atfork(NULL, NULL, in_child);
}

/* The class of kernels that are called here: `base` with `call_kernel` in the place of its own
   `__call__`. Its instances keep their tables `offset` bytes from their beginning. */
Object *caller_type(Object *bases, intptr_t offset)
{
    enum { TP_CALL = 50 };
    static const Slot slots[] = {{TP_CALL, (void *)call_kernel}, {0, NULL}};
    static Spec spec = {"polyopt.kernel.Kernel", 0, 0, 0, slots};
    table_at = offset;
    return PyType_FromSpecWithBases(&spec, bases);
}

/* What this file reads of an array and of a tuple, for comparison with the truth. */
void caller_prove(const Array *array, const Tuple *tuple, int64_t *found)
{
    const int64_t seen[] = {
        (int64_t)array->head.type, (int64_t)array->data, array->rank, array->extents[0],
        array->extents[1], array->strides[0], array->strides[1], (int64_t)array->base,
        (int64_t)array->dtype, array->flags, (int64_t)array->dtype->scalar, array->dtype->kind,
        array->dtype->letter, array->dtype->order, array->dtype->number, tuple->size,
        (int64_t)item(tuple, 0), (int64_t)item(tuple, 1),
    };
    memcpy(found, seen, sizeof seen);
}

void caller_prove_scalar(const Object *object, int64_t kind, int64_t size, Value *found)
{
    raw(kind, (int)size, object + 1, found);
}
