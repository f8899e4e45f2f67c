/* What the files of the compiled module `_rows` share: canonical rows, as functions/comparer/core/cells.py says.
 *
 * Much of this runs without the interpreter's lock: what doesn't say that it needs the lock neither takes nor raises
 * Python objects, allocates by PyMem_Raw alone, and returns a Fault that its caller raises once it has the lock again.
 */
#ifndef PARITY_ROWS_H
#define PARITY_ROWS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The tags of cells; see core/cells.py. */
enum { NULL_CELL, INT, BIG, DECIMAL, DOUBLE, MOMENT, UUID_CELL, TEXT, BYTES, MISFIT, TAGS };

/* The kinds of columns; see core/kinds.py. */
enum {
    KIND_INTEGER = 1,
    KIND_DECIMAL,
    KIND_DOUBLE,
    KIND_SINGLE,
    KIND_TEXT,
    KIND_BYTES,
    KIND_DATE,
    KIND_TIME,
    KIND_TIMESTAMP,
    KIND_INSTANT,
    KIND_UUID,
    KIND_JSON
};

typedef enum {
    FINE,
    NO_MEMORY,
    BAD_VALUE,  /* a value that its column can't hold */
    BAD_ROW,    /* what can't be a row of these columns, or not be one at all */
    BAD_STREAM, /* what the protocol doesn't have here */
    TOO_LARGE,  /* a row whose length a canonical row can't say */
    RAISED      /* Python's error is set */
} Fault;

/* Bytes that grow at their end. */
typedef struct {
    uint8_t *data;
    size_t size, room;
} Out;

bool out_grow(Out *out, size_t more);

static inline bool out_reserve(Out *out, size_t more)
{
    return out->room - out->size >= more || out_grow(out, more);
}

/* Where the next `more` bytes are to be written; NULL: no memory. */
static inline uint8_t *out_more(Out *out, size_t more)
{
    if (!out_reserve(out, more))
        return NULL;
    uint8_t *at = out->data + out->size;
    out->size += more;
    return at;
}

bool out_append(Out *out, const uint8_t *data, size_t size);
void out_drop(Out *out, size_t size);
void out_free(Out *out);

/* Numbers as they lie on a wire; compilers make one instruction of each. */
static inline uint16_t big_16(const uint8_t *data)
{
    return (uint16_t)(data[0] << 8 | data[1]);
}

static inline uint32_t big_32(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static inline uint64_t big_64(const uint8_t *data)
{
    return (uint64_t)big_32(data) << 32 | big_32(data + 4);
}

static inline uint16_t little_16(const uint8_t *data)
{
    return (uint16_t)(data[1] << 8 | data[0]);
}

static inline uint32_t little_32(const uint8_t *data)
{
    return (uint32_t)data[3] << 24 | (uint32_t)data[2] << 16 | (uint32_t)data[1] << 8 | data[0];
}

static inline uint64_t little_64(const uint8_t *data)
{
    return (uint64_t)little_32(data + 4) << 32 | little_32(data);
}

static inline void write_little_32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8), at[2] = (uint8_t)(value >> 16), at[3] = (uint8_t)(value >> 24);
}

static inline void write_big_32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24), at[1] = (uint8_t)(value >> 16), at[2] = (uint8_t)(value >> 8), at[3] = (uint8_t)value;
}

static inline void write_big_64(uint8_t *at, uint64_t value)
{
    write_big_32(at, (uint32_t)(value >> 32));
    write_big_32(at + 4, (uint32_t)value);
}

/* cells.c: a cell more. */
Fault put_null(Out *out);
Fault put_integer(Out *out, int64_t value);
Fault put_unsigned(Out *out, uint64_t value);
Fault put_double(Out *out, double value);
Fault put_single(Out *out, double value);
Fault put_whole_as_binary(Out *out, int64_t value, bool single);
Fault put_moment(Out *out, int64_t value);
Fault put_bytes(Out *out, int tag, const uint8_t *data, size_t size);
Fault put_misfit(Out *out, char letter, const uint8_t *data, size_t size);
Fault put_uuid(Out *out, const uint8_t *data);
Fault put_uuid_of_text(Out *out, const uint8_t *data, size_t size);
Fault put_uuid_of_bytes(Out *out, const uint8_t *data, size_t size);

/* A row more: begin it, note where its key ends, end it. */
size_t row_begin(Out *out);
Fault row_end(Out *out, size_t start, size_t key_end);

/* A cell that lies in `size` bytes. False: none does. */
typedef struct {
    int tag;
    const uint8_t *body; /* without its length */
    size_t size;         /* of the body */
    size_t whole;        /* of the cell */
} Cell;
bool cell_at(const uint8_t *data, size_t size, Cell *cell);

/* A row that lies in `size` bytes, with its lengths. False: none does. */
typedef struct {
    const uint8_t *data;
    size_t size;
    const uint8_t *key;
    size_t key_size;
} Row;
bool row_at(const uint8_t *data, size_t size, Row *row);

/* decimals.c */
uint8_t *digits_room(Out *out, size_t count);
Fault put_digits(Out *out, bool negative, const uint8_t *digits, size_t count, int64_t power);
Fault put_decimal_special(Out *out, double value);
Fault put_decimal_integer(Out *out, int64_t value);
Fault put_decimal_unsigned(Out *out, uint64_t value);
Fault put_decimal_text(Out *out, const uint8_t *text, size_t size);
Fault put_decimal_double(Out *out, double value); /* needs the lock */
Fault put_decimal_single(Out *out, double value); /* needs the lock */

/* moments.c */
#define DAY INT64_C(86400000000)
#define MINUS_INFINITY INT64_MIN
#define ZERO_DATE (INT64_MIN + 1)
#define PLUS_INFINITY INT64_MAX
typedef struct {
    int64_t year;
    unsigned month, day;
} Date;
bool date_exists(Date date);
int64_t days_of_date(Date date);
Date date_of_days(int64_t days);
#define MOMENT_TEXT 64
size_t write_moment(char *text, Date date, bool clock, int64_t microseconds);
Fault put_moment_of(Out *out, int64_t days, int64_t microseconds);

/* decoders.c: what the decoders have in common. Each begins as this does. */
typedef struct {
    PyObject_HEAD
    Out out;
    size_t count, key;  /* columns, and how many of them are the key */
    size_t column;      /* the one that is being decoded */
    bool needs_lock;    /* whether a column can be decoded with the interpreter's lock alone */
    bool busy;          /* with a call that has let go of the lock */
} Decoder;
bool decoder_of(Decoder *self, Py_ssize_t count, Py_ssize_t key);
PyObject *decoder_rows(PyObject *self, PyObject *nothing);
PyObject *decoder_waiting(PyObject *self, void *nothing);
typedef Fault (*Decode)(Decoder *self, const uint8_t *data, size_t size, size_t *used);
Fault decoder_run(Decoder *self, Decode decode, PyObject *given, size_t *used);
PyObject *raise_fault(const Decoder *self, Fault fault);
PyObject *imported(const char *module, const char *name);

/* postgres_values.c: how a column's values become cells. */
typedef struct {
    Fault (*put)(Out *out, const uint8_t *data, size_t size);
    bool needs_lock;
} PgForm;
bool pg_form(int kind, const char *wire, PgForm *form);

/* mysql_values.c: the same; how many bytes a value has is known by reading it. A packet: what is left of it. */
typedef struct {
    const uint8_t *at;
    size_t left;
} Packet;
typedef struct MysqlColumn MysqlColumn;
typedef Fault (*MysqlRead)(Out *out, const MysqlColumn *column, Packet *packet);
struct MysqlColumn {
    int kind, type;
    bool is_unsigned; /* of a UUID: it comes as 16 bytes */
    MysqlRead read;
    bool needs_lock;
};
bool mysql_form(MysqlColumn *column);

/* The next `size` bytes of a packet; NULL: there aren't so many. */
static inline const uint8_t *take(Packet *packet, size_t size)
{
    const uint8_t *at = packet->at;
    if (size > packet->left)
        return NULL;
    packet->at += size;
    packet->left -= size;
    return at;
}

extern PyTypeObject merge_type, pg_decoder_type, mysql_decoder_type;
PyObject *pack(PyObject *module, PyObject *args, PyObject *names);
PyObject *split(PyObject *module, PyObject *block);

#endif
