/* Plain values of an engine whose columns take any value become canonical rows: core/packing.py in C.
 *
 * Only what is common is done here; for the rest the twin is asked, value by value, so that it alone says what a misfit
 * is and what a moment may look like.
 */
#include "rows.h"

typedef struct {
    int kind;
    PyObject *packer; /* the twin's function for the kind */
} Column;

static Fault put_by_twin(Out *out, const Column *column, PyObject *value)
{
    PyObject *cell = PyObject_CallFunctionObjArgs(column->packer, value, NULL);
    if (!cell)
        return RAISED;
    if (!PyBytes_Check(cell)) {
        Py_DECREF(cell);
        return BAD_VALUE;
    }
    bool put = out_append(out, (const uint8_t *)PyBytes_AS_STRING(cell), (size_t)PyBytes_GET_SIZE(cell));
    Py_DECREF(cell);
    return put ? FINE : NO_MEMORY;
}

/* -- moments ---------------------------------------------------------------------------------------------------- */

/* As many digits as `count` says; -1: there aren't. */
static int64_t read_digits(const char *text, size_t count)
{
    int64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + text[i] - '0';
    }
    return value;
}

static bool read_day(const char *text, int64_t *days)
{
    int64_t year = read_digits(text, 4), month = read_digits(text + 5, 2), day = read_digits(text + 8, 2);
    if (year < 0 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-')
        return false;
    Date date = {year, (unsigned)month, (unsigned)day};
    if (!date_exists(date))
        return false;
    *days = days_of_date(date);
    return true;
}

/* HH:MM:SS, and up to six digits of a second. */
static bool read_clock(const char *text, size_t size, int64_t *microseconds)
{
    if (size < 8 || size == 9 || size > 15 || text[2] != ':' || text[5] != ':' || (size > 8 && text[8] != '.'))
        return false;
    size_t digits = size > 8 ? size - 9 : 0;
    int64_t hour = read_digits(text, 2), minute = read_digits(text + 3, 2), second = read_digits(text + 6, 2);
    int64_t fraction = digits ? read_digits(text + 9, digits) : 0;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || fraction < 0)
        return false;
    for (; digits < 6; digits++)
        fraction *= 10;
    *microseconds = ((hour * 60 + minute) * 60 + second) * 1000000 + fraction;
    return true;
}

/* The common forms, without a zone: a day, for a moment with a clock perhaps. False: another, or none. */
static bool read_moment(const char *text, size_t size, int kind, int64_t *value)
{
    int64_t days, clock = 0;
    if (size < 10 || !read_day(text, &days))
        return false;
    if (size > 10
        && (kind == KIND_DATE || (text[10] != ' ' && text[10] != 'T') || !read_clock(text + 11, size - 11, &clock)))
        return false;
    *value = kind == KIND_DATE ? days : days * DAY + clock;
    return true;
}

/* -- values ----------------------------------------------------------------------------------------------------- */

static Fault put_int(Out *out, const Column *column, PyObject *value)
{
    int beyond;
    int64_t number = PyLong_AsLongLongAndOverflow(value, &beyond);
    if (number == -1 && PyErr_Occurred())
        return RAISED;
    if (!beyond)
        switch (column->kind) {
        case KIND_INTEGER:
            return put_integer(out, number);
        case KIND_DECIMAL:
            return put_decimal_integer(out, number);
        case KIND_DOUBLE:
        case KIND_SINGLE:
            return put_whole_as_binary(out, number, column->kind == KIND_SINGLE);
        }
    return put_by_twin(out, column, value);
}

static Fault put_float(Out *out, const Column *column, PyObject *value)
{
    double number = PyFloat_AS_DOUBLE(value);
    switch (column->kind) {
    case KIND_DECIMAL:
        return put_decimal_double(out, number);
    case KIND_DOUBLE:
        return put_double(out, number);
    case KIND_SINGLE:
        return put_single(out, number);
    }
    return put_by_twin(out, column, value);
}

static Fault put_str(Out *out, const Column *column, PyObject *value)
{
    Py_ssize_t size;
    int64_t moment;
    const char *text = PyUnicode_AsUTF8AndSize(value, &size);
    if (!text) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return RAISED;
        PyErr_Clear(); /* half a character, which UTF-8 has no form for */
        return put_by_twin(out, column, value);
    }
    switch (column->kind) {
    case KIND_TEXT:
    case KIND_JSON:
        return put_bytes(out, TEXT, (const uint8_t *)text, (size_t)size);
    case KIND_UUID:
        return put_uuid_of_text(out, (const uint8_t *)text, (size_t)size);
    case KIND_DATE:
    case KIND_TIMESTAMP:
    case KIND_INSTANT:
        if (read_moment(text, (size_t)size, column->kind, &moment))
            return put_moment(out, moment);
    }
    return put_by_twin(out, column, value);
}

static Fault put_value(Out *out, const Column *column, PyObject *value)
{
    if (value == Py_None)
        return put_null(out);
    if (PyLong_CheckExact(value))
        return put_int(out, column, value);
    if (PyFloat_CheckExact(value))
        return put_float(out, column, value);
    if (PyUnicode_CheckExact(value))
        return put_str(out, column, value);
    if (PyBytes_CheckExact(value) && column->kind == KIND_BYTES)
        return put_bytes(out, BYTES, (const uint8_t *)PyBytes_AS_STRING(value), (size_t)PyBytes_GET_SIZE(value));
    return put_by_twin(out, column, value);
}

/* -- rows ------------------------------------------------------------------------------------------------------- */

static Fault put_row(Out *out, const Column *columns, size_t count, size_t key, PyObject *row)
{
    size_t start = row_begin(out), key_end = start + 8;
    Fault fault = FINE;
    if (start == SIZE_MAX)
        return NO_MEMORY;
    for (size_t i = 0; !fault && i < count; i++) {
        fault = put_value(out, &columns[i], PyTuple_GET_ITEM(row, (Py_ssize_t)i));
        if (i + 1 == key)
            key_end = out->size;
    }
    return fault ? fault : row_end(out, start, key_end);
}

static Fault put_rows(Out *out, const Column *columns, size_t count, size_t key, PyObject *rows)
{
    PyObject *given;
    Fault fault = FINE;
    while (!fault && (given = PyIter_Next(rows))) {
        PyObject *row = PySequence_Tuple(given); /* the same one if it is a tuple */
        Py_DECREF(given);
        if (!row)
            return RAISED;
        fault = (size_t)PyTuple_GET_SIZE(row) == count ? put_row(out, columns, count, key, row) : BAD_ROW;
        Py_DECREF(row);
    }
    return fault ? fault : PyErr_Occurred() ? RAISED : FINE;
}

static bool read_kinds(Column *columns, PyObject *kinds)
{
    PyObject *packers = imported("functions.comparer.core.packing", "PACKERS");
    bool read = packers != NULL;
    for (Py_ssize_t i = 0; read && i < PyTuple_GET_SIZE(kinds); i++) {
        PyObject *kind = PyTuple_GET_ITEM(kinds, i);
        columns[i].kind = (int)PyLong_AsLong(kind);
        if (!PyErr_Occurred())
            columns[i].packer = PyObject_GetItem(packers, kind);
        read = columns[i].packer != NULL;
    }
    Py_XDECREF(packers);
    return read;
}

static PyObject *packed(PyObject *rows, PyObject *kinds, size_t key)
{
    Out out = {0};
    PyObject *block = NULL;
    Py_ssize_t count = PyTuple_GET_SIZE(kinds);
    Column *columns = PyMem_Calloc((size_t)count + 1, sizeof *columns);
    if (!columns)
        return PyErr_NoMemory();
    if (read_kinds(columns, kinds)) {
        Decoder words = {.count = (size_t)count}; /* what errors speak of */
        Fault fault = put_rows(&out, columns, (size_t)count, key, rows);
        block = fault ? raise_fault(&words, fault)
                      : PyBytes_FromStringAndSize((const char *)out.data, (Py_ssize_t)out.size);
    }
    for (Py_ssize_t i = 0; i < count; i++)
        Py_XDECREF(columns[i].packer);
    PyMem_Free(columns);
    out_free(&out);
    return block;
}

PyObject *pack(PyObject *Py_UNUSED(module), PyObject *args, PyObject *names)
{
    static char *known[] = {"rows", "kinds", "key", NULL};
    PyObject *given_rows, *given_kinds, *block = NULL;
    Py_ssize_t key;
    if (!PyArg_ParseTupleAndKeywords(args, names, "OOn", known, &given_rows, &given_kinds, &key))
        return NULL;
    PyObject *kinds = PySequence_Tuple(given_kinds), *rows = kinds ? PyObject_GetIter(given_rows) : NULL;
    if (rows && (key < 0 || key > PyTuple_GET_SIZE(kinds)))
        PyErr_Format(PyExc_ValueError, "%zd columns can't have a key of %zd", PyTuple_GET_SIZE(kinds), key);
    else if (rows)
        block = packed(rows, kinds, (size_t)key);
    Py_XDECREF(kinds);
    Py_XDECREF(rows);
    return block;
}
