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
enum { NOTHING = -1, MADE = -1 }; /* MADE: in the place of an array's position, the result's memory */
enum { FROM_ARGUMENT, FROM_EXTENT, FROM_STRIDE };
enum { C_CONTIGUOUS = 0x1, ALIGNED = 0x100, WRITEABLE = 0x400 };
enum { MOST_ARGUMENTS = 32, MOST_NUMBERS = 96 };

static const int WARN_ON_WRITE = (int)(1u << 31);
static const int64_t SAFE = (int64_t)1 << 40; /* sums of such parameters do not overflow */
static const int64_t SHORT = 1 << 15;         /* work below which the lock is not worth a release */

typedef struct {
    int64_t rows, arguments, positional;
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
    int64_t numbers, scalars, arrays, extents, pairs;
    int64_t result, size; /* what it returns: a kind and its bytes, or NOTHING */
    Object *type;         /* NumPy's class of it, or NULL: Python's own number */
} Row;

typedef union {
    int64_t integer;
    double real;
} Value;

typedef struct {
    Object **values;
    Value scalar[MOST_ARGUMENTS];
    int64_t bytes[MOST_ARGUMENTS];
    int64_t number[MOST_NUMBERS];
    int64_t made; /* the memory of a returned number */
} Call;

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

static int apart(const Argument *arguments, int64_t one, int64_t other, const Call *call)
{
    const int64_t position[2] = {one, other};
    const char *start[2];
    int64_t span[2];
    for (int k = 0; k < 2; k++) {
        const Argument *argument = &arguments[position[k]];
        const Array *array = (const Array *)call->values[position[k]];
        int64_t before = 0;
        span[k] = argument->strided ? strided_span(argument, array, &before) : call->bytes[position[k]];
        start[k] = array->data - before;
        if (span[k] == 0)
            return 1;
    }
    return start[0] + span[0] <= start[1] || start[1] + span[1] <= start[0];
}

/* ---- the call ------------------------------------------------------------------------------ */

/* Whether other threads of Python should run meanwhile. A release costs as much as a small call,
   so what is surely short keeps the lock. */
static int is_long(const Row *row, const Argument *argument, int64_t count, const Call *call)
{
    double work = row->heavy ? (double)SHORT : 1.0;
    int64_t bytes = 0;
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

/* Run a row: -1 where it is not for these arguments, else 0 with the entry's result in `code`. */
static int try_row(const Row *row, int64_t count, Call *call, int64_t *code)
{
    const Argument *arguments = (const Argument *)(row + 1);
    if (!arguments_taken(arguments, count, call))
        return -1;
    const Number *numbers = (const Number *)(arguments + count);
    if (!numbers_taken(numbers, row->numbers, arguments, call))
        return -1;
    const Scalar *scalar = (const Scalar *)(numbers + row->numbers);
    const int64_t *array = (const int64_t *)(scalar + row->scalars);
    const int64_t *pair = extents_agree(array + row->arrays, row->extents, call);
    if (pair == NULL)
        return -1;
    for (int64_t i = 0; i < row->pairs; i++, pair += 2)
        if (!apart(arguments, pair[0], pair[1], call))
            return -1;
    Value scalars[MOST_ARGUMENTS];
    char *data[MOST_ARGUMENTS];
    for (int64_t i = 0; i < row->scalars; i++, scalar++) {
        const Argument *argument = &arguments[scalar->position];
        scalars[i] = call->scalar[scalar->position];
        if (scalar->is_float && argument->kind != FLOAT)
            scalars[i].real = (double)scalars[i].integer;
        else if (!scalar->is_float
                 && (scalars[i].integer < scalar->least || scalars[i].integer > scalar->most))
            return -1;
    }
    for (int64_t i = 0; i < row->arrays; i++)
        data[i] = array[i] == MADE ? (char *)&call->made
                                   : ((const Array *)call->values[array[i]])->data;
    *code = run(row, is_long(row, arguments, count, call), call, scalars, data);
    return 0;
}

/* The number that a kernel returned, as Python's own or NumPy's. */
static Object *returned(const Row *row, const int64_t *made)
{
    Value value;
    Object *plain;
    if (row->result == NOTHING) {
        Py_IncRef(&_Py_NoneStruct);
        return &_Py_NoneStruct;
    }
    raw(row->result, (int)row->size, made, &value);
    switch (row->result) {
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
    if (row->type == NULL || plain == NULL)
        return plain;
    Object *number = PyObject_CallFunction((Object *)row->type, "O", plain);
    Py_DecRef(plain);
    return number;
}

static Object *item(const Tuple *tuple, int64_t index)
{
    return ((Object *const *)((const char *)tuple + items_at))[index];
}

/* The arguments in the order of the definition; 0 where Python's own rules must speak. */
static int collect(const Head *head, const Name *name, const Tuple *args, Object *kwargs,
                   Object **values)
{
    int64_t left = kwargs ? PyDict_Size(kwargs) : 0;
    if (head->arguments > MOST_ARGUMENTS || args->size > head->positional)
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

static Object *call_kernel(Object *self, Object *args, Object *kwargs)
{
    Object *table = *(Object **)((char *)self + table_at);
    if (table == NULL || table == &_Py_NoneStruct)
        return by_python(self, args, kwargs);
    const Head *head = (const Head *)PyBytes_AsString(table);
    const Name *names = (const Name *)(head + 1);
    Object *values[MOST_ARGUMENTS];
    if (!collect(head, names, (const Tuple *)args, kwargs, values))
        return by_python(self, args, kwargs);
    Call call;
    call.values = values;
    const int64_t *at = (const int64_t *)(names + head->arguments);
    for (int64_t i = 0; i < head->rows; i++, at += *at) {
        int64_t code;
        Object *result = NULL;
        Py_IncRef(table); /* another thread may replace it while the kernel runs */
        const int status = try_row((const Row *)at, head->arguments, &call, &code);
        if (status == 0 && code == 0)
            result = returned((const Row *)at, &call.made);
        Py_DecRef(table);
        if (status == 0)
            return code == 0 ? result : failed(self, args, kwargs, i, code);
    }
    return by_python(self, args, kwargs);
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
