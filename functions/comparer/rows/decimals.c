/* Numbers of columns of decimals, from whatever a wire says them as. */
#include "rows.h"
#include <float.h>
#include <math.h>

/* The first byte of a decimal's body. */
enum { NEGATIVE_INFINITY = 1, NEGATIVE, ZERO, POSITIVE, INFINITE, NOT_A_NUMBER };

#define HEAD 10 /* tag, length, the first byte, the exponent */
#define LEAST_WITH_ALL_DIGITS 0x1p-126 /* of 32 bits; below it a number has fewer than six decimal digits */

static Fault put_lone(Out *out, int first)
{
    const uint8_t body = (uint8_t)first;
    return put_bytes(out, DECIMAL, &body, 1);
}

/* Where `count` digits may be written that `put_digits` then reads: behind the cell that it will write, so that
 * digits need no memory of their own. Lost with the next cell. NULL: no memory. */
uint8_t *digits_room(Out *out, size_t count)
{
    if (count > UINT32_MAX / 2 || !out_reserve(out, HEAD + count / 2 + 2 + count))
        return NULL;
    return out->data + out->size + HEAD + count / 2 + 2;
}

/* The number 0.ddd... times 10 to the power of `power`; each digit is a byte from 0 to 9. They are the caller's own,
 * or of `digits_room`. */
Fault put_digits(Out *out, bool negative, const uint8_t *digits, size_t count, int64_t power)
{
    while (count && !digits[0])
        digits++, count--, power--;
    while (count && !digits[count - 1])
        count--;
    if (!count)
        return put_lone(out, ZERO);
    if (power < INT32_MIN || power > INT32_MAX || count > UINT32_MAX / 2)
        return BAD_VALUE;
    size_t pairs = (count + 1) / 2, body = 5 + pairs + (negative ? 1 : 0);
    uint8_t *at = out_more(out, 5 + body), turned = negative ? 255 : 0;
    if (!at)
        return NO_MEMORY;
    uint32_t exponent = (uint32_t)(power + (INT64_C(1) << 31));
    at[0] = DECIMAL;
    write_little_32(at + 1, (uint32_t)body);
    write_big_32(at + 6, negative ? ~exponent : exponent);
    at[5] = negative ? NEGATIVE : POSITIVE;
    at += HEAD;
    for (size_t i = 0; i + 1 < count; i += 2)
        *at++ = (uint8_t)(digits[i] * 10 + digits[i + 1] + 1) ^ turned;
    if (count % 2)
        *at++ = (uint8_t)(digits[count - 1] * 10 + 1) ^ turned;
    if (negative)
        *at = 255;
    return FINE;
}

/* What is no number, or infinite. */
Fault put_decimal_special(Out *out, double value)
{
    return put_lone(out, isnan(value) ? NOT_A_NUMBER : value > 0 ? INFINITE : NEGATIVE_INFINITY);
}

/* A whole number times 10 to the power of `power`. */
static Fault put_magnitude(Out *out, bool negative, uint64_t magnitude, int64_t power)
{
    uint8_t digits[20];
    size_t count = 0;
    for (; magnitude; magnitude /= 10)
        digits[sizeof digits - ++count] = (uint8_t)(magnitude % 10);
    return put_digits(out, negative, digits + sizeof digits - count, count, (int64_t)count + power);
}

Fault put_decimal_integer(Out *out, int64_t value)
{
    return put_magnitude(out, value < 0, value < 0 ? -(uint64_t)value : (uint64_t)value, 0);
}

Fault put_decimal_unsigned(Out *out, uint64_t value)
{
    return put_magnitude(out, false, value, 0);
}

/* A text's exponent, from behind its e. More digits than any has are no number rather than a wrong one. */
static bool parse_exponent(const uint8_t *text, size_t size, int64_t *exponent)
{
    size_t i = size && (text[0] == '-' || text[0] == '+');
    int64_t value = 0;
    if (i == size || size - i > 9)
        return false;
    for (; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + text[i] - '0';
    }
    *exponent = text[0] == '-' ? -value : value;
    return true;
}

/* A number in ASCII: -12, 0.5, .5, 1.5e-7. */
Fault put_decimal_text(Out *out, const uint8_t *text, size_t size)
{
    uint8_t *digits = digits_room(out, size);
    size_t count = 0, whole = SIZE_MAX, i = 0;
    int64_t exponent = 0;
    if (!digits)
        return NO_MEMORY;
    bool negative = size && text[0] == '-';
    for (i = size && (text[0] == '-' || text[0] == '+'); i < size; i++) {
        if (text[i] >= '0' && text[i] <= '9')
            digits[count++] = text[i] - '0';
        else if (text[i] == '.' && whole == SIZE_MAX)
            whole = count;
        else
            break;
    }
    if (i < size && ((text[i] != 'e' && text[i] != 'E') || !parse_exponent(text + i + 1, size - i - 1, &exponent)))
        return BAD_VALUE;
    if (!count)
        return BAD_VALUE;
    return put_digits(out, negative, digits, count, (int64_t)(whole == SIZE_MAX ? count : whole) + exponent);
}

/* A cell that only Python's whole numbers are long enough for. */
static Fault put_huge(Out *out, double value)
{
    PyObject *function = imported("functions.comparer.core.cells", "decimal_of_double");
    if (!function)
        return RAISED;
    PyObject *cell = PyObject_CallFunction(function, "d", value);
    Py_DECREF(function);
    if (!cell)
        return RAISED;
    bool put = PyBytes_Check(cell) && out_append(out, (uint8_t *)PyBytes_AS_STRING(cell), (size_t)PyBytes_GET_SIZE(cell));
    Py_DECREF(cell);
    return put ? FINE : NO_MEMORY;
}

/* Takes a text of Python's, or the error that it is not there. */
static Fault put_python_text(Out *out, char *text)
{
    if (!text)
        return RAISED;
    Fault fault = put_decimal_text(out, (const uint8_t *)text, strlen(text));
    PyMem_Free(text);
    return fault;
}

/* A number that fifteen digits mean, at most fifteen of them behind the point; most numbers that people write are such.
 *
 * No two numbers of fifteen digits are the same double, so that the digits found are the shortest, however they were
 * found: a whole number below 2^53 and a power of ten below 10^23 are exact, and their quotient is rounded once, as
 * reading the digits would round it. False: the number isn't known to be such.
 */
static bool put_few_digits(Out *out, double value, Fault *fault)
{
    static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    double magnitude = fabs(value);
    size_t whole = 0;
    while (whole < 15 && magnitude >= powers[whole])
        whole++;
    double digits = rint(magnitude * powers[15 - whole]);
    if (FLT_EVAL_METHOD || !(digits < 1e15) || digits / powers[15 - whole] != magnitude)
        return false;
    *fault = put_magnitude(out, value < 0, (uint64_t)digits, (int64_t)whole - 15);
    return true;
}

/* What needs no digits: no number, an infinite one, a whole one. False: another. */
static bool put_without_digits(Out *out, double value, Fault *fault)
{
    if (!isfinite(value))
        *fault = put_decimal_special(out, value);
    else if (value <= -9.2e18 || value >= 9.2e18)
        *fault = put_huge(out, value);
    else if ((double)(int64_t)value == value)
        *fault = put_decimal_integer(out, (int64_t)value);
    else
        return false;
    return true;
}

Fault put_decimal_double(Out *out, double value)
{
    Fault fault;
    if (put_without_digits(out, value, &fault) || put_few_digits(out, value, &fault))
        return fault;
    return put_python_text(out, PyOS_double_to_string(value, 'r', 0, 0, NULL));
}

/* A number of 32 bits, by the fewest digits that mean it and no other. */
Fault put_decimal_single(Out *out, double value)
{
    Fault fault;
    if (put_without_digits(out, value, &fault))
        return fault;
    /* Six digits are never too many, except of numbers so small that they have fewer themselves. */
    for (int precision = fabs(value) < LEAST_WITH_ALL_DIGITS ? 1 : 6; precision < 10; precision++) {
        char *text = PyOS_double_to_string(value, 'g', precision, 0, NULL);
        if (!text)
            return RAISED;
        double meant = PyOS_string_to_double(text, NULL, NULL);
        if (meant == -1.0 && PyErr_Occurred()) {
            PyMem_Free(text);
            return RAISED;
        }
        if ((double)(float)meant == value)
            return put_python_text(out, text);
        PyMem_Free(text);
    }
    return put_decimal_double(out, value);
}
