/* What the decoders of PostgreSQL's and MySQL's rows have in common. */
#include "rows.h"

/* A function or class of a module of Python's; NULL with an error. */
PyObject *imported(const char *module, const char *name)
{
    PyObject *found = PyImport_ImportModule(module);
    if (!found)
        return NULL;
    PyObject *member = PyObject_GetAttrString(found, name);
    Py_DECREF(found);
    return member;
}

/* Raises what a fault says; never a value, which is nobody's business but the database's. Returns NULL. */
PyObject *raise_fault(const Decoder *self, Fault fault)
{
    switch (fault) {
    case NO_MEMORY:
        return PyErr_NoMemory();
    case BAD_VALUE:
        return PyErr_Format(PyExc_ValueError, "column %zu holds what its type can't be", self->column + 1);
    case BAD_ROW:
        return PyErr_Format(PyExc_ValueError, "what came is no row of %zu columns", self->count);
    case BAD_STREAM:
        PyErr_SetString(PyExc_ValueError, "what came is not what the protocol has here");
        return NULL;
    case TOO_LARGE:
        PyErr_SetString(PyExc_ValueError, "a row is larger than four gigabytes");
        return NULL;
    default:
        return NULL;
    }
}

/* How many columns there are, and how many of them are the key. False with an error. */
bool decoder_of(Decoder *self, Py_ssize_t count, Py_ssize_t key)
{
    if (key < 0 || key > count || count > UINT16_MAX) {
        PyErr_Format(PyExc_ValueError, "%zd columns can't have a key of %zd", count, key);
        return false;
    }
    self->count = (size_t)count;
    self->key = (size_t)key;
    return true;
}

static bool idle(const Decoder *self)
{
    if (self->busy)
        PyErr_SetString(PyExc_RuntimeError, "another thread is using this decoder");
    return !self->busy;
}

/* Decodes what was given, which offers its bytes; lets other threads run meanwhile. */
Fault decoder_run(Decoder *self, Decode decode, PyObject *given, size_t *used)
{
    Py_buffer view;
    if (!idle(self) || PyObject_GetBuffer(given, &view, PyBUF_SIMPLE) < 0)
        return RAISED;
    PyThreadState *released = NULL;
    self->busy = true;
    if (!self->needs_lock)
        released = PyEval_SaveThread();
    Fault fault = decode(self, view.buf, (size_t)view.len, used);
    if (released)
        PyEval_RestoreThread(released);
    self->busy = false;
    PyBuffer_Release(&view);
    return fault;
}

PyObject *decoder_rows(PyObject *object, PyObject *Py_UNUSED(nothing))
{
    Decoder *self = (Decoder *)object;
    if (!idle(self))
        return NULL;
    PyObject *rows = PyBytes_FromStringAndSize((char *)self->out.data, (Py_ssize_t)self->out.size);
    if (rows)
        self->out.size = 0;
    return rows;
}

PyObject *decoder_waiting(PyObject *object, void *Py_UNUSED(nothing))
{
    Decoder *self = (Decoder *)object;
    return idle(self) ? PyLong_FromSize_t(self->out.size) : NULL;
}
