/* MySQL's values in the binary protocol become cells; page_protocol_binary_resultset.html says what each is. */
#include "rows.h"

/* The types by their numbers in the protocol. */
enum {
    TYPE_DECIMAL = 0,
    TYPE_TINY = 1,
    TYPE_SHORT = 2,
    TYPE_LONG = 3,
    TYPE_FLOAT = 4,
    TYPE_DOUBLE = 5,
    TYPE_TIMESTAMP = 7,
    TYPE_LONGLONG = 8,
    TYPE_INT24 = 9,
    TYPE_DATE = 10,
    TYPE_TIME = 11,
    TYPE_DATETIME = 12,
    TYPE_YEAR = 13,
    TYPE_VARCHAR = 15,
    TYPE_BIT = 16,
    TYPE_JSON = 245,
    TYPE_NEWDECIMAL = 246,
    TYPE_ENUM = 247,
    TYPE_GEOMETRY = 255
};

/* The next bytes that have their length before them; NULL: they aren't all there. */
static const uint8_t *take_prefixed(Packet *packet, size_t *size)
{
    const uint8_t *at = take(packet, 1);
    if (!at)
        return NULL;
    uint64_t length = at[0];
    switch (at[0]) {
    case 0xFC:
        at = take(packet, 2);
        length = at ? little_16(at) : 0;
        break;
    case 0xFD:
        at = take(packet, 3);
        length = at ? little_16(at) | (uint64_t)at[2] << 16 : 0;
        break;
    case 0xFE:
        at = take(packet, 8);
        length = at ? little_64(at) : 0;
        break;
    case 0xFB: /* NULL, which the binary protocol says elsewhere */
    case 0xFF:
        return NULL;
    }
    if (!at || length > packet->left)
        return NULL;
    *size = (size_t)length;
    return take(packet, *size);
}

static Fault put_signed_as(Out *out, int kind, int64_t value)
{
    return kind == KIND_DECIMAL ? put_decimal_integer(out, value) : put_integer(out, value);
}

static Fault put_unsigned_as(Out *out, int kind, uint64_t value)
{
    return kind == KIND_DECIMAL ? put_decimal_unsigned(out, value) : put_unsigned(out, value);
}

static Fault read_tiny(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 1);
    if (!at)
        return BAD_ROW;
    return put_signed_as(out, column->kind, column->is_unsigned ? at[0] : (int8_t)at[0]);
}

static Fault read_short(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 2);
    if (!at)
        return BAD_ROW;
    bool is_unsigned = column->is_unsigned || column->type == TYPE_YEAR;
    return put_signed_as(out, column->kind, is_unsigned ? little_16(at) : (int16_t)little_16(at));
}

static Fault read_long(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 4);
    if (!at)
        return BAD_ROW;
    return put_signed_as(out, column->kind, column->is_unsigned ? (int64_t)little_32(at) : (int32_t)little_32(at));
}

static Fault read_longlong(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 8);
    if (!at)
        return BAD_ROW;
    return column->is_unsigned ? put_unsigned_as(out, column->kind, little_64(at))
                               : put_signed_as(out, column->kind, (int64_t)little_64(at));
}

static Fault read_bits(Out *out, const MysqlColumn *column, Packet *packet)
{
    size_t size;
    const uint8_t *at = take_prefixed(packet, &size);
    uint64_t value = 0;
    if (!at)
        return BAD_ROW;
    if (size > 8)
        return BAD_VALUE;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return put_unsigned_as(out, column->kind, value);
}

static Fault read_float(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 4);
    float value;
    if (!at)
        return BAD_ROW;
    uint32_t bits = little_32(at);
    memcpy(&value, &bits, sizeof value);
    return column->kind == KIND_DECIMAL ? put_decimal_single(out, value) : put_double(out, value);
}

static Fault read_double(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *at = take(packet, 8);
    double value;
    if (!at)
        return BAD_ROW;
    uint64_t bits = little_64(at);
    memcpy(&value, &bits, sizeof value);
    if (column->kind == KIND_DECIMAL)
        return put_decimal_double(out, value);
    return column->kind == KIND_SINGLE ? put_single(out, value) : put_double(out, value);
}

static Fault read_decimal(Out *out, const MysqlColumn *Py_UNUSED(column), Packet *packet)
{
    size_t size;
    const uint8_t *at = take_prefixed(packet, &size);
    return at ? put_decimal_text(out, at, size) : BAD_ROW;
}

static Fault read_bytes(Out *out, const MysqlColumn *column, Packet *packet)
{
    size_t size;
    const uint8_t *at = take_prefixed(packet, &size);
    if (!at)
        return BAD_ROW;
    if (column->kind == KIND_UUID)
        return column->is_unsigned ? put_uuid_of_bytes(out, at, size) : put_uuid_of_text(out, at, size);
    return put_bytes(out, column->kind == KIND_BYTES ? BYTES : TEXT, at, size);
}

/* Microseconds of hours, minutes, seconds and, if `size` says that there are any, parts of a second. */
static bool read_clock(const uint8_t *at, size_t size, int64_t *value)
{
    uint32_t fraction = size > 3 ? little_32(at + 3) : 0;
    *value = ((at[0] * 60 + at[1]) * 60 + at[2]) * INT64_C(1000000) + fraction;
    return at[0] < 24 && at[1] < 60 && at[2] < 60 && fraction < 1000000;
}

/* What the calendar doesn't have but MySQL may: 2024-00-00, 2024-02-31. */
static Fault put_no_date(Out *out, const MysqlColumn *column, Date date, int64_t clock)
{
    char text[MOMENT_TEXT];
    size_t size = write_moment(text, date, column->kind != KIND_DATE, clock);
    return put_misfit(out, 't', (const uint8_t *)text, size);
}

/* DATE, DATETIME and TIMESTAMP: a length, then as many of the parts as are not all zero. */
static Fault read_date(Out *out, const MysqlColumn *column, Packet *packet)
{
    const uint8_t *size = take(packet, 1), *at = size ? take(packet, size[0]) : NULL;
    int64_t clock = 0;
    Date date = {0};
    if (!at)
        return BAD_ROW;
    if (size[0] != 0 && size[0] != 4 && size[0] != 7 && size[0] != 11)
        return BAD_VALUE;
    if (size[0])
        date = (Date){little_16(at), at[2], at[3]};
    if (size[0] > 4 && !read_clock(at + 4, size[0] - 4u, &clock))
        return BAD_VALUE;
    /* Nothing with a clock is asked for as a date; to leave the clock out would make equal what is not. */
    if (column->kind == KIND_DATE && clock)
        return BAD_VALUE;
    if (!date.year && !date.month && !date.day && !clock)
        return put_moment(out, ZERO_DATE);
    if (!date_exists(date) || date.year > 9999)
        return put_no_date(out, column, date, clock);
    int64_t days = days_of_date(date);
    return put_moment(out, column->kind == KIND_DATE ? days : days * DAY + clock);
}

/* A length, the sign, days, then a clock. */
static Fault read_time(Out *out, const MysqlColumn *Py_UNUSED(column), Packet *packet)
{
    const uint8_t *size = take(packet, 1), *at = size ? take(packet, size[0]) : NULL;
    int64_t value;
    if (!at)
        return BAD_ROW;
    if (!size[0])
        return put_moment(out, 0);
    if ((size[0] != 8 && size[0] != 12) || !read_clock(at + 5, size[0] - 5u, &value))
        return BAD_VALUE;
    uint32_t days = little_32(at + 1);
    if (days > 10000) /* the server's most is 838 hours */
        return BAD_VALUE;
    value += days * DAY;
    return put_moment(out, at[0] ? -value : value);
}

/* -- columns ---------------------------------------------------------------------------------------------------- */

#define AS(kind) (1u << (kind))
#define WHOLE (AS(KIND_INTEGER) | AS(KIND_DECIMAL))
#define BINARY (AS(KIND_DOUBLE) | AS(KIND_SINGLE) | AS(KIND_DECIMAL))
#define STRING (AS(KIND_TEXT) | AS(KIND_BYTES) | AS(KIND_JSON) | AS(KIND_UUID))
#define DATED (AS(KIND_DATE) | AS(KIND_TIMESTAMP) | AS(KIND_INSTANT))

/* How the types from one to another are read, and as which kinds they can be written. */
static const struct {
    int first, last;
    unsigned kinds;
    MysqlRead read;
} forms[] = {
    {TYPE_DECIMAL, TYPE_DECIMAL, AS(KIND_DECIMAL), read_decimal},
    {TYPE_TINY, TYPE_TINY, WHOLE, read_tiny},
    {TYPE_SHORT, TYPE_SHORT, WHOLE, read_short},
    {TYPE_LONG, TYPE_LONG, WHOLE, read_long},
    {TYPE_FLOAT, TYPE_FLOAT, BINARY, read_float},
    {TYPE_DOUBLE, TYPE_DOUBLE, BINARY, read_double},
    {TYPE_TIMESTAMP, TYPE_TIMESTAMP, DATED, read_date},
    {TYPE_LONGLONG, TYPE_LONGLONG, WHOLE, read_longlong},
    {TYPE_INT24, TYPE_INT24, WHOLE, read_long},
    {TYPE_DATE, TYPE_DATE, DATED, read_date},
    {TYPE_TIME, TYPE_TIME, AS(KIND_TIME), read_time},
    {TYPE_DATETIME, TYPE_DATETIME, DATED, read_date},
    {TYPE_YEAR, TYPE_YEAR, WHOLE, read_short},
    {TYPE_VARCHAR, TYPE_VARCHAR, STRING, read_bytes},
    {TYPE_BIT, TYPE_BIT, WHOLE, read_bits},
    {TYPE_JSON, TYPE_JSON, STRING, read_bytes},
    {TYPE_NEWDECIMAL, TYPE_NEWDECIMAL, AS(KIND_DECIMAL), read_decimal},
    {TYPE_ENUM, TYPE_GEOMETRY, STRING, read_bytes}, /* between them: SET, the BLOBs and strings */
};

/* Sets how a column is read. False with an error: not at all. */
bool mysql_form(MysqlColumn *column)
{
    const int kind = column->kind, type = column->type;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(forms); i++)
        if (type >= forms[i].first && type <= forms[i].last && kind >= KIND_INTEGER && kind <= KIND_JSON
            && forms[i].kinds & AS(kind)) {
            column->read = forms[i].read;
            column->needs_lock = forms[i].kinds == BINARY && kind == KIND_DECIMAL;
            return true;
        }
    PyErr_Format(PyExc_ValueError, "no value of the type %d can be one of the kind %d", type, kind);
    return false;
}
