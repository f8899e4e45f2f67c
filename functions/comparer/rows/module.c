/* The compiled module `functions.comparer._rows`: what is done with every row. `_rows.pyi` says how it is called. */
#include "rows.h"

static PyObject *cells_of(const Row *row)
{
    const uint8_t *at = row->data + 8, *end = row->data + row->size;
    Cell cell;
    PyObject *cells = PyList_New(0);
    for (; cells && at < end; at += cell.whole) {
        PyObject *found = NULL;
        if (cell_at(at, (size_t)(end - at), &cell))
            found = PyBytes_FromStringAndSize((const char *)at, (Py_ssize_t)cell.whole);
        else
            PyErr_SetString(PyExc_ValueError, "a row is not made of canonical cells");
        if (!found || PyList_Append(cells, found) < 0)
            Py_CLEAR(cells);
        Py_XDECREF(found);
        if (!found)
            break;
    }
    PyObject *tuple = cells ? PyList_AsTuple(cells) : NULL;
    Py_XDECREF(cells);
    return tuple;
}

static PyObject *rows_of(const uint8_t *data, size_t size)
{
    Row row;
    PyObject *rows = PyList_New(0);
    for (size_t at = 0; rows && at < size; at += row.size) {
        PyObject *cells = NULL;
        if (row_at(data + at, size - at, &row))
            cells = cells_of(&row);
        else
            PyErr_SetString(PyExc_ValueError, "a block is not made of canonical rows");
        if (!cells || PyList_Append(rows, cells) < 0)
            Py_CLEAR(rows);
        Py_XDECREF(cells);
    }
    return rows;
}

PyObject *split(PyObject *Py_UNUSED(module), PyObject *block)
{
    Py_buffer view;
    if (PyObject_GetBuffer(block, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *rows = rows_of(view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    return rows;
}

static PyMethodDef functions[] = {
    {"pack", (PyCFunction)(void (*)(void))pack, METH_VARARGS | METH_KEYWORDS, "Plain values as canonical rows."},
    {"split", split, METH_O, "The cells of every row of a block."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "functions.comparer._rows", .m_size = -1, .m_methods = functions,
    .m_doc = "What is done with every row, compiled.",
};

PyMODINIT_FUNC PyInit__rows(void)
{
    PyTypeObject *types[] = {&merge_type, &pg_decoder_type, &mysql_decoder_type};
    PyObject *module = PyModule_Create(&definition);
    for (size_t i = 0; module && i < Py_ARRAY_LENGTH(types); i++)
        if (PyModule_AddType(module, types[i]) < 0)
            Py_CLEAR(module);
    return module;
}
