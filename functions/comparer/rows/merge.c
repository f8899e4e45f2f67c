/* Two streams of canonical rows in the order of their keys become what differs: core/merging.py's PlainMerge in C. */
#include "rows.h"

enum { OVER = 2, ENOUGH = 3 }; /* what a step wants, but for a side's rows; see core/merging.py */

/* What one side has given. Blocks are held, not copied; those that are passed are let go of after each step. */
typedef struct {
    PyObject **blocks;
    size_t first, count, room; /* of the blocks: the one that is read, how many were given, room for how many */
    size_t at;                 /* where its next row begins */
    bool over;
    bool looked;  /* whether `head` is the next row, and rises above the one before */
    Row head;
    bool begun;   /* whether `last` is a key */
    const uint8_t *last;
    size_t last_size;
    Out kept;     /* `last`, once its block is gone */
} Side;

typedef struct {
    Row rows[2];
    bool has[2];
} Difference;

typedef struct {
    Difference *found;
    size_t count, room;
} Differences;

typedef struct {
    int wants;
    Py_ssize_t passed[2], missing, extra, changed;
    bool any;  /* whether a key was passed, which is that of `last` */
    Row last;
    int failed; /* the side that is out of order */
} Progress;

typedef struct {
    PyObject_HEAD
    Side sides[2];
    bool busy;
} Merge;

typedef enum { MERGED, MALFORMED, OUT_OF_ORDER, MERGE_NO_MEMORY } Outcome;

/* -- keys ------------------------------------------------------------------------------------------------------- */

static int compare_bytes(const uint8_t *ours, size_t our_size, const uint8_t *theirs, size_t their_size)
{
    size_t both = our_size < their_size ? our_size : their_size;
    int found = both ? memcmp(ours, theirs, both) : 0;
    return found ? found : (our_size > their_size) - (our_size < their_size);
}

/* The order of two keys: cell by cell, by tag, then by body. False: one of them is no key. */
static bool compare_keys(const uint8_t *ours, size_t our_size, const uint8_t *theirs, size_t their_size, int *order)
{
    Cell our, their;
    *order = 0;
    if (our_size == their_size && (!our_size || !memcmp(ours, theirs, our_size)))
        return true;
    while (our_size && their_size) {
        if (!cell_at(ours, our_size, &our) || !cell_at(theirs, their_size, &their))
            return false;
        *order = our.tag != their.tag ? our.tag - their.tag
                                      : compare_bytes(our.body, our.size, their.body, their.size);
        if (*order)
            return true;
        ours += our.whole, our_size -= our.whole;
        theirs += their.whole, their_size -= their.whole;
    }
    *order = (our_size > 0) - (their_size > 0);
    return true;
}

/* -- sides ------------------------------------------------------------------------------------------------------ */

/* Whether a side has a row; goes on to the block that it is in. */
static bool has_row(Side *side)
{
    while (side->first < side->count && side->at >= (size_t)PyBytes_GET_SIZE(side->blocks[side->first])) {
        side->first++;
        side->at = 0;
    }
    return side->first < side->count;
}

/* Makes the next row, which is there, the head. */
static Outcome look(Side *side)
{
    PyObject *block = side->blocks[side->first];
    int order = 1;
    if (side->looked)
        return MERGED;
    if (!row_at((const uint8_t *)PyBytes_AS_STRING(block) + side->at, (size_t)PyBytes_GET_SIZE(block) - side->at,
                &side->head))
        return MALFORMED;
    if (side->begun
        && !compare_keys(side->head.key, side->head.key_size, side->last, side->last_size, &order))
        return MALFORMED;
    if (order <= 0)
        return OUT_OF_ORDER;
    side->looked = true;
    return MERGED;
}

static void pass(Side *side)
{
    side->at += side->head.size;
    side->last = side->head.key;
    side->last_size = side->head.key_size;
    side->begun = true;
    side->looked = false;
}

/* Lets go of the blocks that are passed; `last` may lie in one of them. */
static bool let_go(Side *side)
{
    has_row(side);
    if (!side->first)
        return true;
    if (side->begun && side->last != side->kept.data) {
        side->kept.size = 0;
        if (!out_append(&side->kept, side->last, side->last_size))
            return false;
        side->last = side->kept.data;
    }
    for (size_t i = 0; i < side->first; i++)
        Py_DECREF(side->blocks[i]);
    side->count -= side->first;
    memmove(side->blocks, side->blocks + side->first, side->count * sizeof *side->blocks);
    side->first = 0;
    return true;
}

/* -- merging ---------------------------------------------------------------------------------------------------- */

static bool note(Differences *differences, const Row *ours, const Row *theirs)
{
    if (differences->count == differences->room) {
        size_t room = differences->room * 2 + 16;
        Difference *found = PyMem_RawRealloc(differences->found, room * sizeof *found);
        if (!found)
            return false;
        differences->found = found;
        differences->room = room;
    }
    Difference *next = &differences->found[differences->count++];
    *next = (Difference){.has = {ours != NULL, theirs != NULL}};
    if (ours)
        next->rows[0] = *ours;
    if (theirs)
        next->rows[1] = *theirs;
    return true;
}

/* Which side's head comes first: below 0 the source's, above 0 the target's, 0: they are one key. */
static Outcome compare_heads(Side *sides, bool ours, bool theirs, int *order, int *failed)
{
    Outcome outcome = MERGED;
    for (int i = 0; !outcome && i < 2; i++)
        if (i ? theirs : ours) {
            outcome = look(&sides[i]);
            *failed = i;
        }
    if (outcome)
        return outcome;
    *order = ours ? -1 : 1;
    if (ours && theirs
        && !compare_keys(sides[0].head.key, sides[0].head.key_size, sides[1].head.key, sides[1].head.key_size, order))
        return MALFORMED;
    return MERGED;
}

/* Passes the next key, of one side or of both. */
static bool advance(Side *sides, int order, Py_ssize_t room, Progress *progress, Differences *differences)
{
    const Row *ours = order <= 0 ? &sides[0].head : NULL, *theirs = order >= 0 ? &sides[1].head : NULL;
    bool equal = !order && ours->size == theirs->size && !memcmp(ours->data, theirs->data, ours->size);
    if (!equal && (Py_ssize_t)differences->count < room && !note(differences, ours, theirs))
        return false;
    progress->missing += order < 0;
    progress->extra += order > 0;
    progress->changed += !order && !equal;
    progress->last = ours ? *ours : *theirs;
    progress->any = true;
    for (int i = 0; i < 2; i++)
        if (i ? theirs != NULL : ours != NULL) {
            progress->passed[i]++;
            pass(&sides[i]);
        }
    return true;
}

/* Runs without the interpreter's lock. */
static Outcome merge(Side *sides, Py_ssize_t most, Py_ssize_t room, Progress *progress, Differences *differences)
{
    progress->wants = ENOUGH;
    while (progress->passed[0] + progress->passed[1] < most) {
        bool ours = has_row(&sides[0]), theirs = has_row(&sides[1]);
        int order = 0;
        if ((!ours && !sides[0].over) || (!theirs && !sides[1].over)) {
            progress->wants = !ours && !sides[0].over ? 0 : 1;
            break;
        }
        if (!ours && !theirs) {
            progress->wants = OVER;
            break;
        }
        Outcome outcome = compare_heads(sides, ours, theirs, &order, &progress->failed);
        if (outcome)
            return outcome;
        if (!advance(sides, order, room, progress, differences))
            return MERGE_NO_MEMORY;
    }
    return MERGED;
}

/* -- what Python sees ------------------------------------------------------------------------------------------- */

static PyObject *bytes_of(bool there, const uint8_t *data, size_t size)
{
    return there ? PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)size) : Py_NewRef(Py_None);
}

static PyObject *pairs_of(const Differences *differences)
{
    PyObject *pairs = PyList_New((Py_ssize_t)differences->count);
    for (size_t i = 0; pairs && i < differences->count; i++) {
        const Difference *found = &differences->found[i];
        PyObject *ours = bytes_of(found->has[0], found->rows[0].data, found->rows[0].size);
        PyObject *theirs = bytes_of(found->has[1], found->rows[1].data, found->rows[1].size);
        PyObject *pair = ours && theirs ? PyTuple_Pack(2, ours, theirs) : NULL;
        Py_XDECREF(ours);
        Py_XDECREF(theirs);
        if (pair)
            PyList_SET_ITEM(pairs, (Py_ssize_t)i, pair);
        else
            Py_CLEAR(pairs);
    }
    return pairs;
}

static PyObject *step_of(const Progress *done, const Differences *differences)
{
    PyObject *type = imported("functions.comparer.core.merging", "Step"), *step = NULL;
    PyObject *pairs = pairs_of(differences);
    PyObject *key = bytes_of(done->any, done->last.key, done->last.key_size);
    if (type && pairs && key)
        step = PyObject_CallFunction(type, "innnnnOO", done->wants, done->passed[0], done->passed[1], done->missing,
                                     done->extra, done->changed, pairs, key);
    Py_XDECREF(type);
    Py_XDECREF(pairs);
    Py_XDECREF(key);
    return step;
}

static PyObject *raise_out_of_order(int side)
{
    PyObject *type = imported("functions.comparer.core.merging", "OutOfOrder");
    PyObject *error = type ? PyObject_CallFunction(type, "i", side) : NULL;
    if (error)
        PyErr_SetObject(type, error);
    Py_XDECREF(error);
    Py_XDECREF(type);
    return NULL;
}

static PyObject *raise_outcome(Outcome outcome, int failed)
{
    if (outcome == OUT_OF_ORDER)
        return raise_out_of_order(failed);
    if (outcome == MERGE_NO_MEMORY)
        return PyErr_NoMemory();
    PyErr_SetString(PyExc_ValueError, "a block is not made of canonical rows");
    return NULL;
}

static bool idle(const Merge *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "another thread is using this merge");
    return !self->busy;
}

static PyObject *merge_step(PyObject *object, PyObject *args, PyObject *names)
{
    static char *known[] = {"most", "room", NULL};
    Merge *self = (Merge *)object;
    Py_ssize_t most, room;
    Progress progress = {0};
    Differences differences = {0};
    Outcome outcome;
    if (!PyArg_ParseTupleAndKeywords(args, names, "nn", known, &most, &room) || !idle(self))
        return NULL;
    self->busy = true;
    Py_BEGIN_ALLOW_THREADS
    outcome = merge(self->sides, most, room, &progress, &differences);
    Py_END_ALLOW_THREADS
    self->busy = false;
    PyObject *step = outcome ? raise_outcome(outcome, progress.failed) : step_of(&progress, &differences);
    PyMem_RawFree(differences.found);
    if (step && (!let_go(&self->sides[0]) || !let_go(&self->sides[1]))) {
        Py_DECREF(step);
        return PyErr_NoMemory();
    }
    return step;
}

static bool keep(Side *side, PyObject *block)
{
    if (side->count == side->room) {
        size_t room = side->room * 2 + 8;
        PyObject **blocks = PyMem_Realloc(side->blocks, room * sizeof *blocks);
        if (!blocks)
            return false;
        side->blocks = blocks;
        side->room = room;
    }
    side->blocks[side->count++] = Py_NewRef(block);
    return true;
}

static PyObject *merge_give(PyObject *object, PyObject *args, PyObject *names)
{
    static char *known[] = {"side", "block", NULL};
    Merge *self = (Merge *)object;
    int side;
    PyObject *block;
    if (!PyArg_ParseTupleAndKeywords(args, names, "iS", known, &side, &block) || !idle(self))
        return NULL;
    if (side != 0 && side != 1)
        return PyErr_Format(PyExc_ValueError, "there is no side %d", side);
    if (!PyBytes_GET_SIZE(block))
        self->sides[side].over = true;
    else if (!keep(&self->sides[side], block))
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

static PyObject *merge_new(PyTypeObject *type, PyObject *args, PyObject *names)
{
    static char *known[] = {NULL};
    if (!PyArg_ParseTupleAndKeywords(args, names, "", known))
        return NULL;
    return type->tp_alloc(type, 0);
}

static void merge_dealloc(PyObject *object)
{
    Merge *self = (Merge *)object;
    for (int i = 0; i < 2; i++) {
        for (size_t block = 0; block < self->sides[i].count; block++)
            Py_DECREF(self->sides[i].blocks[block]);
        PyMem_Free(self->sides[i].blocks);
        out_free(&self->sides[i].kept);
    }
    Py_TYPE(object)->tp_free(object);
}

static PyMethodDef merge_methods[] = {
    {"give", (PyCFunction)(void (*)(void))merge_give, METH_VARARGS | METH_KEYWORDS,
     "More canonical rows of a side; an empty block: it has no more."},
    {"step", (PyCFunction)(void (*)(void))merge_step, METH_VARARGS | METH_KEYWORDS,
     "Go on for at most so many rows, handing out at most `room` differences."},
    {NULL, NULL, 0, NULL},
};

PyTypeObject merge_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "functions.comparer._rows.Merge",
    .tp_doc = "Two streams of canonical rows in the order of their keys become what differs.",
    .tp_basicsize = sizeof(Merge),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = merge_new,
    .tp_dealloc = merge_dealloc,
    .tp_methods = merge_methods,
};
