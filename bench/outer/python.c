/* SPDX-License-Identifier: MIT */
/* python.c - the same in CPython: PyGILState_Ensure and PyGILState_Release, with nothing of Python in between. */
#include <Python.h>

#include "caller.h"

static void call(void) { PyGILState_Release(PyGILState_Ensure()); }

static void within(void (*inside)(void *argument), void *argument) {
    PyGILState_STATE state = PyGILState_Ensure();
    inside(argument);
    PyGILState_Release(state);
}

int main(int argc, char **argv) {
    bench_start(argc, argv, "cpython", 120);
    Py_InitializeEx(0);
    PyThreadState *main_thread = PyEval_SaveThread();
    outer_measure((outer_party){call, within});
    PyEval_RestoreThread(main_thread);
    return Py_FinalizeEx() == 0 ? 0 : 1;
}
