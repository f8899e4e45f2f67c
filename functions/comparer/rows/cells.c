/* Cells and rows in their canonical form: core/cells.py in C. */
#include "rows.h"

#define SIGN (UINT64_C(1) << 63)
#define NAN_BITS UINT64_C(0x7FF8000000000000)

/* Room for `more` bytes, and for half as many as there are then, so that growing costs nothing in the long run. */
bool out_grow(Out *out, size_t more)
{
    if (more > (size_t)PY_SSIZE_T_MAX / 2 - out->size)
        return false;
    size_t room = out->size + more;
    room += room / 2 + 256;
    uint8_t *data = PyMem_RawRealloc(out->data, room);
    if (!data)
        return false;
    out->data = data;
    out->room = room;
    return true;
}

bool out_append(Out *out, const uint8_t *data, size_t size)
{
    if (!size)
        return true;
    uint8_t *at = out_more(out, size);
    if (!at)
        return false;
    memcpy(at, data, size);
    return true;
}

/* Forgets the first `size` bytes. */
void out_drop(Out *out, size_t size)
{
    if (!size)
        return;
    memmove(out->data, out->data + size, out->size - size);
    out->size -= size;
}

void out_free(Out *out)
{
    PyMem_RawFree(out->data);
    *out = (Out){0};
}

static Fault put_fixed(Out *out, int tag, uint64_t bits)
{
    uint8_t *at = out_more(out, 9);
    if (!at)
        return NO_MEMORY;
    at[0] = (uint8_t)tag;
    write_big_64(at + 1, bits);
    return FINE;
}

Fault put_null(Out *out)
{
    uint8_t *at = out_more(out, 1);
    if (!at)
        return NO_MEMORY;
    at[0] = NULL_CELL;
    return FINE;
}

Fault put_integer(Out *out, int64_t value)
{
    return put_fixed(out, INT, (uint64_t)value ^ SIGN);
}

Fault put_unsigned(Out *out, uint64_t value)
{
    return value < SIGN ? put_integer(out, (int64_t)value) : put_fixed(out, BIG, value);
}

Fault put_double(Out *out, double value)
{
    uint64_t bits = NAN_BITS;
    value += 0.0; /* -0.0 becomes 0.0 */
    if (value == value)
        memcpy(&bits, &value, sizeof bits);
    return put_fixed(out, DOUBLE, bits ^ (bits & SIGN ? UINT64_MAX : SIGN));
}

/* What is beyond 32 bits is infinite: IEC 60559, which Python asks for too, says so of the conversion. */
Fault put_single(Out *out, double value)
{
    return put_double(out, (double)(float)value);
}

/* Whether a double has room for it; turning back tells, but 2^63 itself is not to be turned back. */
static bool fits_double(int64_t value)
{
    double near = (double)value;
    return near < 9223372036854775808.0 && (int64_t)near == value;
}

/* A whole number in a column of binary numbers: never rounded, for two that differ would become one. */
Fault put_whole_as_binary(Out *out, int64_t value, bool single)
{
    char text[24];
    if (fits_double(value))
        return single ? put_single(out, (double)value) : put_double(out, (double)value);
    int size = snprintf(text, sizeof text, "%lld", (long long)value);
    return put_misfit(out, 'i', (const uint8_t *)text, (size_t)size);
}

Fault put_moment(Out *out, int64_t value)
{
    return put_fixed(out, MOMENT, (uint64_t)value ^ SIGN);
}

/* A cell with a length: of a letter, if there is one, and `size` bytes, which are left to the caller. */
static uint8_t *put_prefixed(Out *out, int tag, char letter, size_t size)
{
    size_t body = size + (letter ? 1 : 0);
    if (body > UINT32_MAX)
        return NULL;
    uint8_t *at = out_more(out, 5 + body);
    if (!at)
        return NULL;
    at[0] = (uint8_t)tag;
    write_little_32(at + 1, (uint32_t)body);
    if (letter)
        at[5] = (uint8_t)letter;
    return at + 5 + (letter ? 1 : 0);
}

/* TEXT or BYTES. */
Fault put_bytes(Out *out, int tag, const uint8_t *data, size_t size)
{
    uint8_t *at = put_prefixed(out, tag, 0, size);
    if (!at)
        return NO_MEMORY;
    memcpy(at, data, size);
    return FINE;
}

Fault put_misfit(Out *out, char letter, const uint8_t *data, size_t size)
{
    uint8_t *at = put_prefixed(out, MISFIT, letter, size);
    if (!at)
        return NO_MEMORY;
    memcpy(at, data, size);
    return FINE;
}

Fault put_uuid(Out *out, const uint8_t *data)
{
    uint8_t *at = out_more(out, 17);
    if (!at)
        return NO_MEMORY;
    at[0] = UUID_CELL;
    memcpy(at + 1, data, 16);
    return FINE;
}

static int hex_digit(uint8_t letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    letter |= 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* As PostgreSQL reads them: in braces or not, with a hyphen or none between any two groups of four digits. */
static bool parse_uuid(const uint8_t *text, size_t size, uint8_t *found)
{
    size_t digits = 0;
    if (size >= 2 && text[0] == '{' && text[size - 1] == '}') {
        text++;
        size -= 2;
    }
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '-' && digits && digits < 32 && digits % 4 == 0 && text[i - 1] != '-')
            continue;
        int digit = hex_digit(text[i]);
        if (digit < 0 || digits == 32)
            return false;
        found[digits / 2] = (uint8_t)(digits % 2 ? found[digits / 2] << 4 | digit : digit);
        digits++;
    }
    return digits == 32;
}

Fault put_uuid_of_text(Out *out, const uint8_t *data, size_t size)
{
    uint8_t found[16];
    return parse_uuid(data, size, found) ? put_uuid(out, found) : put_misfit(out, 't', data, size);
}

Fault put_uuid_of_bytes(Out *out, const uint8_t *data, size_t size)
{
    return size == 16 ? put_uuid(out, data) : put_misfit(out, 'b', data, size);
}

/* Leaves room for a row's lengths. Returns where it starts; SIZE_MAX: no memory. */
size_t row_begin(Out *out)
{
    size_t start = out->size;
    return out_more(out, 8) ? start : SIZE_MAX;
}

Fault row_end(Out *out, size_t start, size_t key_end)
{
    size_t length = out->size - start - 4;
    if (length > UINT32_MAX)
        return TOO_LARGE;
    write_little_32(out->data + start, (uint32_t)length);
    write_little_32(out->data + start + 4, (uint32_t)(key_end - start - 8));
    return FINE;
}

bool cell_at(const uint8_t *data, size_t size, Cell *cell)
{
    /* The bodies of those with a length begin behind it. */
    static const struct { uint8_t head, fixed; } shapes[TAGS] = {
        [NULL_CELL] = {1, 0}, [INT] = {1, 8},  [BIG] = {1, 8},  [DECIMAL] = {5, 0}, [DOUBLE] = {1, 8},
        [MOMENT] = {1, 8}, [UUID_CELL] = {1, 16}, [TEXT] = {5, 0}, [BYTES] = {5, 0}, [MISFIT] = {5, 0},
    };
    if (!size || data[0] >= TAGS)
        return false;
    size_t head = shapes[data[0]].head;
    if (size < head)
        return false;
    cell->tag = data[0];
    cell->body = data + head;
    cell->size = head == 5 ? little_32(data + 1) : shapes[data[0]].fixed;
    cell->whole = head + cell->size;
    return cell->size <= size - head;
}

bool row_at(const uint8_t *data, size_t size, Row *row)
{
    if (size < 8)
        return false;
    size_t length = little_32(data), key = little_32(data + 4);
    if (length < 4 || length > size - 4 || key > length - 4)
        return false;
    *row = (Row){data, 4 + length, data + 8, key};
    return true;
}
