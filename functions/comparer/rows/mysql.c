/* Rows of MySQL's and MariaDB's binary protocol become canonical ones.
 *
 * https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html says what comes, and
 * page_protocol_basic_packets.html of packets. Of the values: mysql_values.c.
 */
#include "rows.h"

#define CONTINUED 0xFFFFFFu /* the length of a packet that the next one goes on with */
#define HEAD 4              /* of a packet: its length, its number */

enum { ROW_PACKET = 0x00, EOF_PACKET = 0xFE, ERR_PACKET = 0xFF };

typedef struct {
    Decoder base;
    MysqlColumn *columns;
    Out joined; /* a row of more than one packet */
} MysqlDecoder;

/* -- rows ------------------------------------------------------------------------------------------------------- */

/* A zero, a bit for each column (from the third bit on) whether it is NULL, then the values that are not. */
static Fault decode_values(MysqlDecoder *self, Packet packet, size_t start)
{
    Out *out = &self->base.out;
    const uint8_t *nulls = take(&packet, 1 + (self->base.count + 9) / 8);
    size_t key_end = start + 8;
    if (!nulls)
        return BAD_ROW;
    for (size_t i = 0; i < self->base.count; i++) {
        bool is_null = nulls[1 + (i + 2) / 8] >> (i + 2) % 8 & 1;
        self->base.column = i;
        Fault fault = is_null ? put_null(out) : self->columns[i].read(out, &self->columns[i], &packet);
        if (fault)
            return fault;
        if (i + 1 == self->base.key)
            key_end = out->size;
    }
    return packet.left ? BAD_ROW : row_end(out, start, key_end);
}

static Fault decode_row(MysqlDecoder *self, const uint8_t *data, size_t size)
{
    size_t start = row_begin(&self->base.out);
    if (start == SIZE_MAX)
        return NO_MEMORY;
    Fault fault = decode_values(self, (Packet){data, size}, start);
    if (fault)
        self->base.out.size = start; /* what was decoded before stays */
    return fault;
}

/* How many bytes the packets of one row take, and in how many packets; 0: they are not all there. */
static size_t row_size(const uint8_t *data, size_t size, size_t *packets)
{
    size_t at = 0, length;
    *packets = 0;
    do {
        if (size - at < HEAD)
            return 0;
        length = little_16(data + at) | (size_t)data[at + 2] << 16;
        at += HEAD;
        if (size - at < length)
            return 0;
        at += length;
        ++*packets;
    } while (length == CONTINUED);
    return at;
}

/* Puts the packets of a row together. */
static bool join(Out *joined, const uint8_t *data, size_t size)
{
    joined->size = 0;
    for (size_t at = 0; at < size;) {
        size_t length = little_16(data + at) | (size_t)data[at + 2] << 16;
        if (!out_append(joined, data + at + HEAD, length))
            return false;
        at += HEAD + length;
    }
    return true;
}

static Fault decode_joined(MysqlDecoder *self, const uint8_t *data, size_t size)
{
    Fault fault = join(&self->joined, data, size) ? decode_row(self, self->joined.data, self->joined.size) : NO_MEMORY;
    out_free(&self->joined); /* so large a row is rarely followed by another */
    return fault;
}

static Fault decode_packets(Decoder *base, const uint8_t *data, size_t size, size_t *used)
{
    MysqlDecoder *self = (MysqlDecoder *)base;
    size_t whole, packets;
    for (*used = 0; (whole = row_size(data + *used, size - *used, &packets)); *used += whole) {
        const uint8_t *at = data + *used;
        if (whole == HEAD)
            return BAD_STREAM;
        if (at[HEAD] == EOF_PACKET || at[HEAD] == ERR_PACKET) /* or OK in the place of EOF */
            return FINE;
        if (at[HEAD] != ROW_PACKET)
            return BAD_STREAM;
        Fault fault = packets == 1 ? decode_row(self, at + HEAD, whole - HEAD) : decode_joined(self, at, whole);
        if (fault)
            return fault;
    }
    return FINE;
}

/* -- the type --------------------------------------------------------------------------------------------------- */

static bool read_columns(MysqlDecoder *self, PyObject *columns)
{
    self->columns = PyMem_Calloc(self->base.count + 1, sizeof *self->columns);
    if (!self->columns) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < self->base.count; i++) {
        MysqlColumn *column = &self->columns[i];
        PyObject *given = PySequence_Tuple(PyTuple_GET_ITEM(columns, (Py_ssize_t)i));
        int is_unsigned;
        bool parsed = given && PyArg_ParseTuple(given, "iip", &column->kind, &column->type, &is_unsigned);
        Py_XDECREF(given);
        if (!parsed || !mysql_form(column))
            return false;
        column->is_unsigned = is_unsigned;
        self->base.needs_lock |= column->needs_lock;
    }
    return true;
}

static PyObject *mysql_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *known[] = {"columns", "key", NULL};
    PyObject *given;
    Py_ssize_t key;
    if (!PyArg_ParseTupleAndKeywords(args, names, "On", known, &given, &key))
        return NULL;
    PyObject *columns = PySequence_Tuple(given);
    MysqlDecoder *self = columns ? (MysqlDecoder *)type->tp_alloc(type, 0) : NULL;
    if (self && (!decoder_of(&self->base, PyTuple_GET_SIZE(columns), key) || !read_columns(self, columns)))
        Py_CLEAR(self);
    Py_XDECREF(columns);
    return (PyObject *)self;
}

static void mysql_dealloc(PyObject *object)
{
    MysqlDecoder *self = (MysqlDecoder *)object;
    out_free(&self->base.out);
    out_free(&self->joined);
    PyMem_Free(self->columns);
    Py_TYPE(object)->tp_free(object);
}

static PyObject *mysql_packets(PyObject *object, PyObject *view)
{
    size_t used;
    Fault fault = decoder_run((Decoder *)object, decode_packets, view, &used);
    return fault ? raise_fault((Decoder *)object, fault) : PyLong_FromSize_t(used);
}

static PyMethodDef mysql_methods[] = {
    {"packets", mysql_packets, METH_O, "Decode the rows at the start of what was received; returns their bytes."},
    {"rows", decoder_rows, METH_NOARGS, "The canonical rows that wait; then none does."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef mysql_members[] = {
    {"waiting", decoder_waiting, NULL, "How many bytes of canonical rows wait.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

PyTypeObject mysql_decoder_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "functions.comparer._rows.MysqlDecoder",
    .tp_doc = "Rows of MySQL's binary protocol become canonical ones.",
    .tp_basicsize = sizeof(MysqlDecoder),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = mysql_new,
    .tp_dealloc = mysql_dealloc,
    .tp_methods = mysql_methods,
    .tp_getset = mysql_members,
};
