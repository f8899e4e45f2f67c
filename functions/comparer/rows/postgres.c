/* PostgreSQL's rows, as COPY ... TO STDOUT (FORMAT binary) sends them, become canonical ones.
 *
 * https://www.postgresql.org/docs/current/protocol-message-formats.html and .../sql-copy.html#id-1.9.55.9.4 say what
 * comes. Of the values: postgres_values.c.
 */
#include "rows.h"

#define SIGNATURE "PGCOPY\n\377\r\n"
#define SIGNATURE_SIZE 11 /* with the NUL */
#define EXTENSION_MOST (1 << 20)
#define CRITICAL 0xFFFF0000u

typedef struct {
    Decoder base;
    PgForm *forms;  /* one for each column */
    Out rest;       /* the beginning of a row (or of the header) whose end has yet to come */
    bool in_rows;   /* the header is over */
} PgDecoder;

/* -- rows ------------------------------------------------------------------------------------------------------- */

enum { WHOLE, CUT, LAST, WRONG };

/* Whether a whole row lies in `size` bytes, and of how many. Looking first, and decoding only what is whole, spares
 * the decoding itself every check but that of a value's own length. */
static int row_size(size_t columns, const uint8_t *data, size_t size, size_t *found)
{
    if (size < 2)
        return CUT;
    int64_t count = (int16_t)big_16(data);
    *found = 2;
    if (count == -1)
        return LAST;
    if (count < 0 || (size_t)count != columns)
        return WRONG;
    for (size_t at = 2, i = 0; i < columns; i++, *found = at) {
        if (size - at < 4)
            return CUT;
        int64_t length = (int32_t)big_32(data + at);
        at += 4;
        if (length < -1)
            return WRONG;
        if (length < 0)
            continue;
        if (size - at < (size_t)length)
            return CUT;
        at += (size_t)length;
    }
    return WHOLE;
}

/* A row that `row_size` found whole. */
static Fault decode_row(PgDecoder *self, const uint8_t *data)
{
    Out *out = &self->base.out;
    size_t start = row_begin(out), key_end = start + 8;
    Fault fault = start == SIZE_MAX ? NO_MEMORY : FINE;
    data += 2;
    for (size_t i = 0; !fault && i < self->base.count; i++) {
        int32_t length = (int32_t)big_32(data);
        data += 4;
        self->base.column = i;
        fault = length < 0 ? put_null(out) : self->forms[i].put(out, data, (size_t)length);
        data += length < 0 ? 0 : length;
        if (i + 1 == self->base.key)
            key_end = out->size;
    }
    if (!fault)
        fault = row_end(out, start, key_end);
    if (fault && start != SIZE_MAX)
        out->size = start; /* what was decoded before stays */
    return fault;
}

/* The header: a signature, flags, an extension with its length. `found`: its size; 0: it is cut. */
static Fault header_size(const uint8_t *data, size_t size, size_t *found)
{
    *found = 0;
    if (memcmp(data, SIGNATURE, size < SIGNATURE_SIZE ? size : SIGNATURE_SIZE))
        return BAD_STREAM;
    if (size < SIGNATURE_SIZE + 8)
        return FINE;
    uint64_t extension = big_32(data + SIGNATURE_SIZE + 4);
    /* The upper flags change what follows; none of a server since 2019 sets one. */
    if (big_32(data + SIGNATURE_SIZE) & CRITICAL || extension > EXTENSION_MOST)
        return BAD_STREAM;
    if (size >= SIGNATURE_SIZE + 8 + extension)
        *found = SIGNATURE_SIZE + 8 + (size_t)extension;
    return FINE;
}

/* Decodes as much as is whole. */
static Fault decode_whole(PgDecoder *self, const uint8_t *data, size_t size, size_t *used)
{
    size_t found = 0;
    Fault fault = FINE;
    for (*used = 0; *used < size; *used += found) {
        const uint8_t *at = data + *used;
        if (!self->in_rows) {
            fault = header_size(at, size - *used, &found);
            if (fault || !found)
                return fault;
            self->in_rows = true;
            continue;
        }
        switch (row_size(self->base.count, at, size - *used, &found)) {
        case CUT:
            return FINE;
        case WRONG:
            return BAD_ROW;
        case LAST:
            self->in_rows = false; /* what comes next is another COPY */
            break;
        default:
            fault = decode_row(self, at);
            if (fault)
                return fault;
        }
    }
    return FINE;
}

/* Content in pieces: what is cut waits for the rest. */
static Fault decode_content(Decoder *base, const uint8_t *data, size_t size, size_t *used)
{
    PgDecoder *self = (PgDecoder *)base;
    Fault fault;
    size_t whole;
    *used = size;
    if (self->rest.size) {
        if (!out_append(&self->rest, data, size))
            return NO_MEMORY;
        fault = decode_whole(self, self->rest.data, self->rest.size, &whole);
        out_drop(&self->rest, whole);
        return fault;
    }
    fault = decode_whole(self, data, size, &whole);
    if (!fault && !out_append(&self->rest, data + whole, size - whole))
        return NO_MEMORY;
    return fault;
}

/* CopyOutResponse: the form of all (1 is binary), how many columns there are, and the form of each. A COPY that was
 * broken off leaves nothing behind. */
static Fault begin_copy(PgDecoder *self, const uint8_t *data, size_t size)
{
    self->in_rows = false;
    self->rest.size = 0;
    return size >= 3 && data[0] == 1 && big_16(data + 1) == self->base.count ? FINE : BAD_STREAM;
}

static Fault decode_messages(Decoder *base, const uint8_t *data, size_t size, size_t *used)
{
    PgDecoder *self = (PgDecoder *)base;
    size_t ignored;
    *used = 0;
    while (size - *used >= 5) {
        const uint8_t *at = data + *used;
        const uint8_t type = at[0];
        size_t length = big_32(at + 1);
        if (type != 'd' && type != 'H')
            break;
        if (length < 4 || length > INT32_MAX)
            return BAD_STREAM;
        if (length > size - *used - 1)
            break;
        Fault fault = type == 'd' ? decode_content(base, at + 5, length - 4, &ignored)
                                  : begin_copy(self, at + 5, length - 4);
        if (fault)
            return fault;
        *used += 1 + length;
    }
    return FINE;
}

/* -- the type --------------------------------------------------------------------------------------------------- */

static bool read_columns(PgDecoder *self, PyObject *columns)
{
    self->forms = PyMem_Calloc(self->base.count + 1, sizeof *self->forms);
    if (!self->forms) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < self->base.count; i++) {
        int kind;
        const char *wire;
        PyObject *column = PySequence_Tuple(PyTuple_GET_ITEM(columns, (Py_ssize_t)i));
        if (!column)
            return false;
        bool found = PyArg_ParseTuple(column, "is", &kind, &wire) && pg_form(kind, wire, &self->forms[i]);
        Py_DECREF(column);
        if (!found)
            return false;
        self->base.needs_lock |= self->forms[i].needs_lock;
    }
    return true;
}

static PyObject *pg_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *known[] = {"columns", "key", NULL};
    PyObject *given;
    Py_ssize_t key;
    if (!PyArg_ParseTupleAndKeywords(args, names, "On", known, &given, &key))
        return NULL;
    PyObject *columns = PySequence_Tuple(given);
    PgDecoder *self = columns ? (PgDecoder *)type->tp_alloc(type, 0) : NULL;
    if (self && (!decoder_of(&self->base, PyTuple_GET_SIZE(columns), key) || !read_columns(self, columns)))
        Py_CLEAR(self);
    Py_XDECREF(columns);
    return (PyObject *)self;
}

static void pg_dealloc(PyObject *object)
{
    PgDecoder *self = (PgDecoder *)object;
    out_free(&self->base.out);
    out_free(&self->rest);
    PyMem_Free(self->forms);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *pg_messages(PyObject *object, PyObject *view)
{
    size_t used;
    Fault fault = decoder_run((Decoder *)object, decode_messages, view, &used);
    return fault ? raise_fault((Decoder *)object, fault) : PyLong_FromSize_t(used);
}

static PyObject *pg_content(PyObject *object, PyObject *view)
{
    size_t used;
    Fault fault = decoder_run((Decoder *)object, decode_content, view, &used);
    return fault ? raise_fault((Decoder *)object, fault) : Py_NewRef(Py_None);
}

static PyMethodDef pg_methods[] = {
    {"messages", pg_messages, METH_O, "Decode the messages at the start of what was received; returns their bytes."},
    {"content", pg_content, METH_O, "Decode what a COPY's messages hold, in pieces of any size."},
    {"rows", decoder_rows, METH_NOARGS, "The canonical rows that wait; then none does."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef pg_members[] = {
    {"waiting", decoder_waiting, NULL, "How many bytes of canonical rows wait.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject pg_decoder_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "functions.comparer._rows.PgDecoder",
    .tp_doc = "PostgreSQL's rows, as COPY sends them in binary, become canonical ones.",
    .tp_basicsize = sizeof(PgDecoder),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = pg_new,
    .tp_dealloc = pg_dealloc,
    .tp_methods = pg_methods,
    .tp_getset = pg_members,
};
