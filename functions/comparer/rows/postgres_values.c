/* PostgreSQL's values in their binary form become cells: what each is, the functions of src/backend/utils/adt tell whose
 * names end in _send.
 */
#include "rows.h"

#define EPOCH_DAYS 10957 /* from 1970 to 2000, when PostgreSQL's time begins */

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
    PgForm form;
} forms[] = {
    {KIND_INTEGER, 'i', {integer, false}},
    {KIND_INTEGER, 'o', {integer_of_truth, false}},
    {KIND_DECIMAL, 'n', {decimal, false}},
    {KIND_DECIMAL, 'i', {decimal_of_integer, false}},
    {KIND_DECIMAL, 'o', {decimal_of_truth, false}},
    {KIND_DECIMAL, 'd', {decimal_of_double, true}},
    {KIND_DECIMAL, 'f', {decimal_of_single, true}},
    {KIND_DOUBLE, 'd', {double_of_double, false}},
    {KIND_DOUBLE, 'f', {double_of_single, false}},
    {KIND_DOUBLE, 'i', {double_of_integer, false}},
    {KIND_SINGLE, 'd', {single_of_double, false}},
    {KIND_SINGLE, 'f', {double_of_single, false}}, /* it is one of 32 bits already */
    {KIND_SINGLE, 'i', {single_of_integer, false}},
    {KIND_TEXT, 't', {text, false}},
    {KIND_TEXT, 'p', {text_of_padded, false}},
    {KIND_BYTES, 'b', {binary, false}},
    {KIND_DATE, 'D', {date, false}},
    {KIND_TIME, 'T', {time_of_day, false}},
    {KIND_TIMESTAMP, 'S', {timestamp, false}},
    {KIND_TIMESTAMP, 'D', {timestamp_of_date, false}},
    {KIND_INSTANT, 'S', {timestamp, false}},
    {KIND_INSTANT, 'D', {timestamp_of_date, false}},
    {KIND_UUID, 'u', {uuid, false}},
    {KIND_UUID, 't', {put_uuid_of_text, false}},
    {KIND_UUID, 'p', {uuid_of_padded, false}},
    {KIND_UUID, 'b', {put_uuid_of_bytes, false}},
    {KIND_JSON, 't', {text, false}},
    {KIND_JSON, 'p', {text_of_padded, false}},
};

/* How a column is written. False with an error: its wire can't be its kind. */
bool pg_form(int kind, const char *wire, PgForm *form)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(forms); i++)
        if (forms[i].kind == kind && forms[i].wire == wire[0] && !wire[1]) {
            *form = forms[i].form;
            return true;
        }
    PyErr_Format(PyExc_ValueError, "no value of the wire '%s' can be one of the kind %d", wire, kind);
    return false;
}
