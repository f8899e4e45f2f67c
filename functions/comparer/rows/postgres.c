/* PostgreSQL's rows, as COPY ... TO STDOUT (FORMAT binary) sends them, become canonical ones.
 *
 * https://www.postgresql.org/docs/current/protocol-message-formats.html and .../sql-copy.html#id-1.9.55.9.4 say what
 * comes. The binary forms of the types are those of the functions of src/backend/utils/adt whose names end in _send.
 */
#include "rows.h"

#define EPOCH_DAYS 10957 /* from 1970 to 2000, when PostgreSQL's time begins */
#define SIGNATURE "PGCOPY\n\377\r\n"
#define SIGNATURE_SIZE 11 /* with the NUL */
#define EXTENSION_MOST (1 << 20)
#define CRITICAL 0xFFFF0000u

typedef Fault (*Put)(Out *out, const uint8_t *data, size_t size);

typedef struct {
    Decoder base;
    Put *puts;      /* one for each column */
    Out rest;       /* the beginning of a row (or of the header) whose end has yet to come */
    bool in_rows;   /* the header is over */
} PgDecoder;

/* -- values ----------------------------------------------------------------------------------------------------- */

static bool read_integer(const uint8_t *data, size_t size, int64_t *value)
{
    if (size == 4)
        *value = (int32_t)big_32(data);
    else if (size == 8)
        *value = (int64_t)big_64(data);
    else if (size == 2)
        *value = (int16_t)big_16(data);
    else
        return false;
    return true;
}

static bool read_double(const uint8_t *data, size_t size, double *value)
{
    if (size != 8)
        return false;
    uint64_t bits = big_64(data);
    memcpy(value, &bits, sizeof bits);
    return true;
}

static bool read_single(const uint8_t *data, size_t size, double *value)
{
    float found;
    if (size != 4)
        return false;
    uint32_t bits = big_32(data);
    memcpy(&found, &bits, sizeof bits);
    *value = found;
    return true;
}

static Fault integer(Out *out, const uint8_t *data, size_t size)
{
    int64_t value;
    return read_integer(data, size, &value) ? put_integer(out, value) : BAD_VALUE;
}

static Fault integer_of_truth(Out *out, const uint8_t *data, size_t size)
{
    return size == 1 ? put_integer(out, data[0] != 0) : BAD_VALUE;
}

static Fault decimal_of_integer(Out *out, const uint8_t *data, size_t size)
{
    int64_t value;
    return read_integer(data, size, &value) ? put_decimal_integer(out, value) : BAD_VALUE;
}

static Fault decimal_of_truth(Out *out, const uint8_t *data, size_t size)
{
    return size == 1 ? put_decimal_integer(out, data[0] != 0) : BAD_VALUE;
}

/* Four shorts (how many digits to the base of 10,000; the power of the first of them; the sign; the scale, which says
 * only how it is shown), then the digits, as shorts too. */
static Fault decimal(Out *out, const uint8_t *data, size_t size)
{
    enum { PLUS = 0, MINUS = 0x4000, NAN_SIGN = 0xC000, PLUS_INFINITE = 0xD000, MINUS_INFINITE = 0xF000 };
    if (size < 8)
        return BAD_VALUE;
    size_t count = big_16(data);
    int64_t weight = (int16_t)big_16(data + 2);
    unsigned sign = big_16(data + 4);
    if (count != (size - 8) / 2 || size % 2)
        return BAD_VALUE;
    if (sign == NAN_SIGN)
        return put_decimal_special(out, Py_NAN);
    if (sign == PLUS_INFINITE || sign == MINUS_INFINITE)
        return put_decimal_special(out, sign == PLUS_INFINITE ? 1.0 : -1.0);
    if (sign != PLUS && sign != MINUS)
        return BAD_VALUE;
    uint8_t *digits = digits_room(out, count * 4);
    if (!digits)
        return NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        unsigned group = big_16(data + 8 + 2 * i);
        if (group > 9999)
            return BAD_VALUE;
        digits[4 * i] = (uint8_t)(group / 1000);
        digits[4 * i + 1] = (uint8_t)(group / 100 % 10);
        digits[4 * i + 2] = (uint8_t)(group / 10 % 10);
        digits[4 * i + 3] = (uint8_t)(group % 10);
    }
    return put_digits(out, sign == MINUS, digits, count * 4, (weight + 1) * 4);
}

static Fault decimal_of_double(Out *out, const uint8_t *data, size_t size)
{
    double value;
    return read_double(data, size, &value) ? put_decimal_double(out, value) : BAD_VALUE;
}

static Fault decimal_of_single(Out *out, const uint8_t *data, size_t size)
{
    double value;
    return read_single(data, size, &value) ? put_decimal_single(out, value) : BAD_VALUE;
}

static Fault double_of_double(Out *out, const uint8_t *data, size_t size)
{
    double value;
    return read_double(data, size, &value) ? put_double(out, value) : BAD_VALUE;
}

static Fault double_of_single(Out *out, const uint8_t *data, size_t size)
{
    double value;
    return read_single(data, size, &value) ? put_double(out, value) : BAD_VALUE;
}

static Fault double_of_integer(Out *out, const uint8_t *data, size_t size)
{
    int64_t value;
    return read_integer(data, size, &value) ? put_whole_as_binary(out, value, false) : BAD_VALUE;
}

static Fault single_of_double(Out *out, const uint8_t *data, size_t size)
{
    double value;
    return read_double(data, size, &value) ? put_single(out, value) : BAD_VALUE;
}

static Fault single_of_integer(Out *out, const uint8_t *data, size_t size)
{
    int64_t value;
    return read_integer(data, size, &value) ? put_whole_as_binary(out, value, true) : BAD_VALUE;
}

static size_t without_spaces(const uint8_t *data, size_t size)
{
    while (size && data[size - 1] == ' ')
        size--;
    return size;
}

static Fault text(Out *out, const uint8_t *data, size_t size)
{
    return put_bytes(out, TEXT, data, size);
}

static Fault text_of_padded(Out *out, const uint8_t *data, size_t size)
{
    return put_bytes(out, TEXT, data, without_spaces(data, size));
}

static Fault binary(Out *out, const uint8_t *data, size_t size)
{
    return put_bytes(out, BYTES, data, size);
}

static Fault uuid(Out *out, const uint8_t *data, size_t size)
{
    return size == 16 ? put_uuid(out, data) : BAD_VALUE;
}

static Fault uuid_of_padded(Out *out, const uint8_t *data, size_t size)
{
    return put_uuid_of_text(out, data, without_spaces(data, size));
}

/* Days since 2000 as days since 1970. False: it was one of the infinities, which is put. */
static bool read_date(Out *out, const uint8_t *data, int64_t *days, Fault *fault)
{
    int32_t value = (int32_t)big_32(data);
    *days = (int64_t)value + EPOCH_DAYS;
    if (value != INT32_MAX && value != INT32_MIN)
        return true;
    *fault = put_moment(out, value > 0 ? PLUS_INFINITY : MINUS_INFINITY);
    return false;
}

static Fault date(Out *out, const uint8_t *data, size_t size)
{
    int64_t days;
    Fault fault = BAD_VALUE;
    return size == 4 && read_date(out, data, &days, &fault) ? put_moment(out, days) : fault;
}

static Fault timestamp_of_date(Out *out, const uint8_t *data, size_t size)
{
    int64_t days;
    Fault fault = BAD_VALUE;
    return size == 4 && read_date(out, data, &days, &fault) ? put_moment_of(out, days, 0) : fault;
}

static Fault timestamp(Out *out, const uint8_t *data, size_t size)
{
    const int64_t epoch = EPOCH_DAYS * DAY;
    if (size != 8)
        return BAD_VALUE;
    int64_t value = (int64_t)big_64(data);
    if (value == INT64_MAX || value == INT64_MIN)
        return put_moment(out, value > 0 ? PLUS_INFINITY : MINUS_INFINITY);
    if (value < 0)
        return put_moment(out, value + epoch);
    return put_moment_of(out, value / DAY + EPOCH_DAYS, value % DAY);
}

static Fault time_of_day(Out *out, const uint8_t *data, size_t size)
{
    return size == 8 ? put_moment(out, (int64_t)big_64(data)) : BAD_VALUE;
}

/* What a column's bytes are written as, by its kind and its wire. */
static const struct {
    int kind;
    char wire;
    Put put;
} forms[] = {
    {KIND_INTEGER, 'i', integer},
    {KIND_INTEGER, 'o', integer_of_truth},
    {KIND_DECIMAL, 'n', decimal},
    {KIND_DECIMAL, 'i', decimal_of_integer},
    {KIND_DECIMAL, 'o', decimal_of_truth},
    {KIND_DECIMAL, 'd', decimal_of_double},
    {KIND_DECIMAL, 'f', decimal_of_single},
    {KIND_DOUBLE, 'd', double_of_double},
    {KIND_DOUBLE, 'f', double_of_single},
    {KIND_DOUBLE, 'i', double_of_integer},
    {KIND_SINGLE, 'd', single_of_double},
    {KIND_SINGLE, 'f', double_of_single}, /* it is one of 32 bits already */
    {KIND_SINGLE, 'i', single_of_integer},
    {KIND_TEXT, 't', text},
    {KIND_TEXT, 'p', text_of_padded},
    {KIND_BYTES, 'b', binary},
    {KIND_DATE, 'D', date},
    {KIND_TIME, 'T', time_of_day},
    {KIND_TIMESTAMP, 'S', timestamp},
    {KIND_TIMESTAMP, 'D', timestamp_of_date},
    {KIND_INSTANT, 'S', timestamp},
    {KIND_INSTANT, 'D', timestamp_of_date},
    {KIND_UUID, 'u', uuid},
    {KIND_UUID, 't', put_uuid_of_text},
    {KIND_UUID, 'p', uuid_of_padded},
    {KIND_UUID, 'b', put_uuid_of_bytes},
    {KIND_JSON, 't', text},
    {KIND_JSON, 'p', text_of_padded},
};

static Put form_of(int kind, const char *wire)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(forms); i++)
        if (forms[i].kind == kind && forms[i].wire == wire[0] && !wire[1])
            return forms[i].put;
    PyErr_Format(PyExc_ValueError, "no value of the wire '%s' can be one of the kind %d", wire, kind);
    return NULL;
}

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
        fault = length < 0 ? put_null(out) : self->puts[i](out, data, (size_t)length);
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
    self->puts = PyMem_Calloc(self->base.count + 1, sizeof *self->puts);
    if (!self->puts) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < self->base.count; i++) {
        int kind;
        const char *wire;
        PyObject *column = PySequence_Tuple(PyTuple_GET_ITEM(columns, (Py_ssize_t)i));
        if (!column)
            return false;
        bool parsed = PyArg_ParseTuple(column, "is", &kind, &wire);
        self->puts[i] = parsed ? form_of(kind, wire) : NULL;
        Py_DECREF(column);
        if (!self->puts[i])
            return false;
        self->base.needs_lock |= self->puts[i] == decimal_of_double || self->puts[i] == decimal_of_single;
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
    PyMem_Free(self->puts);
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
