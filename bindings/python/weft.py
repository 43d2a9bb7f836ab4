# SPDX-License-Identifier: MIT
"""weft.py - Weft for Python by ctypes: nothing to build, only libweft to be found.

    import weft
    with weft.Kernel(2):
        results = weft.Channel()
        results.submit(pow, 2, 10)
        print(results.result())

A channel carries any object. Work is called in Weft's worker threads, which Python sees as foreign threads; they hold
its global lock while they are in Python and not while they wait in Weft. What a callable raises is raised again, with
its own traceback, where its result is received. WEFT_LIBRARY names the library; else the system's libweft is taken.

The main thread waits in turns of a tenth of a second, since Python runs handlers of signals between its own instructions
alone: so Ctrl-C raises KeyboardInterrupt out of a wait. A child of fork has no kernel and may make one. When the
interpreter ends, tasks that have not begun are cancelled, and those that run are left behind.
"""
import atexit
import ctypes
import ctypes.util
import itertools
import os
import threading

_lib = ctypes.CDLL(os.environ.get("WEFT_LIBRARY") or ctypes.util.find_library("weft") or "libweft.so")

OK, TIMED_OUT, CLOSED, FAILED, BUSY = 0, 1, 2, 3, 12
FOREVER = 2**63 - 1
FIRST_LISTED, FAIR = 0, 1


class Error(Exception):
    """A status of Weft other than what a method answers otherwise."""

    def __init__(self, status):
        self.status = status
        super().__init__(_lib.weft_status_message(status).decode())


class TimedOut(Error):
    pass


class Closed(Error):
    pass


def _check(status):
    if status != OK:
        raise {TIMED_OUT: TimedOut, CLOSED: Closed}.get(status, Error)(status)


def _deadline(timeout):
    return FOREVER if timeout is None else _lib.weft_after(float(timeout))


_TURN = 0.1  # seconds


def _wait(call, timeout):
    """The status of call(deadline), which waits."""
    until = _deadline(timeout)
    if threading.current_thread() is not threading.main_thread():
        return call(until)
    while True:
        turn = min(until, _lib.weft_after(_TURN))
        status = call(turn)
        if status != TIMED_OUT or turn == until:
            return status


class _Options(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("capacity", ctypes.c_size_t), ("initial", ctypes.c_void_p),
                ("initial_count", ctypes.c_size_t), ("kernel", ctypes.c_void_p), ("destroy", ctypes.c_void_p),
                ("rendezvous", ctypes.c_bool), ("buffer", ctypes.c_void_p), ("waiters", ctypes.c_int),
                ("local", ctypes.c_bool)]


class _SubmitOptions(ctypes.Structure):
    _fields_ = [("kernel", ctypes.c_void_p), ("group", ctypes.c_void_p), ("environment", ctypes.c_void_p),
                ("stack_size", ctypes.c_size_t), ("movable", ctypes.c_bool), ("slicing", ctypes.c_int)]


class _Operation(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("status", ctypes.c_int), ("on", ctypes.c_void_p),
                ("element", ctypes.c_void_p), ("size", ctypes.c_size_t), ("user", ctypes.c_void_p),
                ("used_by", ctypes.c_void_p)]


_invoke_type = ctypes.CFUNCTYPE(None, ctypes.POINTER(ctypes.c_uint64), ctypes.POINTER(ctypes.c_uint64))


class _TaskType(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("invoke", _invoke_type), ("argument_size", ctypes.c_uint32),
                ("result_size", ctypes.c_uint32)]


_pointer, _size, _int64 = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int64
for _name, _result, _arguments in [
        ("weft_status_message", ctypes.c_char_p, [ctypes.c_int]),
        ("weft_last_status", ctypes.c_int, []),
        ("weft_after", _int64, [ctypes.c_double]),
        ("weft_make_kernel", _pointer, [ctypes.c_uint, _pointer]),
        ("weft_end_kernel", ctypes.c_int, [_pointer, ctypes.c_bool]),
        ("weft_free_kernel", ctypes.c_int, [_pointer]),
        ("weft_make_channel_sized", _pointer, [_size, ctypes.POINTER(_Options)]),
        ("weft_free_channel", ctypes.c_int, [_pointer]),
        ("weft_close", ctypes.c_int, [_pointer]),
        ("weft_count", _size, [_pointer]),
        ("weft_channel_descriptor", ctypes.c_int, [_pointer]),
        ("weft_send_sized", ctypes.c_int, [_pointer, _pointer, _size, _int64]),
        ("weft_receive_sized", ctypes.c_int, [_pointer, _pointer, _size, _int64]),
        ("weft_receive_result_sized", ctypes.c_int, [_pointer, _pointer, _size, _int64]),
        ("weft_make_group", _pointer, [ctypes.c_char_p]),
        ("weft_cancel_group", ctypes.c_int, [_pointer]),
        ("weft_submit_task", ctypes.c_int, [ctypes.POINTER(_SubmitOptions), _pointer, ctypes.POINTER(_TaskType), _pointer]),
        ("weft_alternate", ctypes.POINTER(_Operation), [ctypes.POINTER(_Operation), _size, ctypes.c_int, _int64]),
        ("weft_process_count", _size, [])]:
    getattr(_lib, _name).restype = _result
    getattr(_lib, _name).argtypes = _arguments

# What is on its way through Weft, by number: a channel's elements are numbers of 8 bytes.
_held = {}
_numbers = itertools.count(1)
_lock = threading.Lock()


def _hold(thing):
    with _lock:
        number = next(_numbers)
        _held[number] = thing
    return number


def _release(number):
    with _lock:
        return _held.pop(number)


class _Raised:
    def __init__(self, error):
        self.error = error


def _invoke(arguments, result):
    function, positional, named = _release(arguments[0])
    try:
        outcome = function(*positional, **named)
    except BaseException as error:  # nothing may leave a callback: it is the task's outcome
        outcome = _Raised(error)
    result[0] = _hold(outcome)


_call_back = _invoke_type(_invoke)
_task = _TaskType(b"python", _call_back, 8, 8)
for _thing in _call_back, _task:  # workers use these to the very end of the process
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(_thing))

# All tasks are in one group: at the end of the interpreter none may begin any more.
_options = _SubmitOptions()


def _make_group():
    _options.group = _lib.weft_make_group(b"python")


_make_group()
os.register_at_fork(after_in_child=_make_group)
atexit.register(lambda: _lib.weft_cancel_group(_options.group))


def _outcome(number):
    thing = _release(number)
    if isinstance(thing, _Raised):
        raise thing.error
    return thing


# Kernels that have ended; some have channels that are still there.
_ended = []
_freeing = threading.Lock()


def _free_ended():
    with _freeing:
        _ended[:] = [kernel for kernel in _ended if _lib.weft_free_kernel(kernel) == BUSY]


class Kernel:
    """A group of workers; ends with its block, after all that is pending. Results that are left can be received then."""

    def __init__(self, workers=0):
        self._kernel = _lib.weft_make_kernel(workers, None)
        if not self._kernel:
            raise Error(_lib.weft_last_status())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self._kernel:
            _check(_lib.weft_end_kernel(self._kernel, True))
            with _freeing:
                _ended.append(self._kernel)
            self._kernel = None
            _free_ended()


class Channel:
    """A channel of objects. capacity 0: no limit. To be freed: as a block, or with free()."""

    def __init__(self, capacity=0, name=None, kernel=None, rendezvous=False):
        options = _Options(name=name.encode() if name else None, capacity=capacity, rendezvous=rendezvous,
                           kernel=kernel._kernel if kernel else None)
        self._channel = _lib.weft_make_channel_sized(8, options)
        if not self._channel:
            raise Error(_lib.weft_last_status())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.free()

    def free(self):
        """Drops what is left in it."""
        number = ctypes.c_uint64()
        while self._channel and _lib.weft_receive_sized(self._channel, ctypes.byref(number), 8, 0) == OK:
            _release(number.value)
        if self._channel:
            _check(_lib.weft_free_channel(self._channel))
            self._channel = None
            if _ended:
                _free_ended()

    def send(self, thing, timeout=None):
        number = _hold(thing)
        element = ctypes.c_uint64(number)
        status = None
        try:
            status = _wait(lambda until: _lib.weft_send_sized(self._channel, ctypes.byref(element), 8, until), timeout)
        finally:
            if status != OK:
                _release(number)
        _check(status)

    def receive(self, timeout=None):
        number = ctypes.c_uint64()
        _check(_wait(lambda until: _lib.weft_receive_sized(self._channel, ctypes.byref(number), 8, until), timeout))
        return _outcome(number.value)

    def submit(self, function, *positional, **named):
        """Has function(*positional, **named) called as a task; its outcome comes to this channel."""
        number = _hold((function, positional, named))
        status = _lib.weft_submit_task(_options, self._channel, _task, ctypes.byref(ctypes.c_uint64(number)))
        if status != OK:
            _release(number)
        _check(status)

    def result(self, timeout=None):
        """The outcome of a task that has ended: its value, or its exception is raised, with its traceback."""
        number = ctypes.c_uint64()
        _check(_wait(lambda until: _lib.weft_receive_result_sized(self._channel, ctypes.byref(number), 8, until), timeout))
        return _outcome(number.value)

    def close(self):
        _check(_lib.weft_close(self._channel))

    def fileno(self):
        """Readable while something can be received: for select, poll and asyncio."""
        return _lib.weft_channel_descriptor(self._channel)

    def __len__(self):
        return _lib.weft_count(self._channel)


def alternate(operations, timeout=None, fair=True):
    """Does one of several operations, each a channel (to receive from it) or a pair (channel, thing) to send.

    Returns the place of the one that was done and what was received, None for a send. Raises TimedOut or Closed.
    """
    numbers = (ctypes.c_uint64 * len(operations))()
    array = (_Operation * len(operations))()
    sends = {}
    for place, operation in enumerate(operations):
        send = isinstance(operation, tuple)
        channel = operation[0] if send else operation
        if send:
            sends[place] = numbers[place] = _hold(operation[1])
        array[place] = _Operation(kind=2 if send else 0, on=channel._channel, size=8,
                                  element=ctypes.addressof(numbers) + 8 * place)
    place, status = -1, None

    def once(until):
        nonlocal place
        done = _lib.weft_alternate(array, len(operations), int(fair), until)
        if not done:
            return _lib.weft_last_status()
        place = (ctypes.addressof(done.contents) - ctypes.addressof(array)) // ctypes.sizeof(_Operation)
        return done.contents.status

    try:
        status = _wait(once, timeout)
    finally:
        for other, number in sends.items():
            if other != place or status != OK:
                _release(number)
    _check(status)
    return place, None if place in sends else _outcome(numbers[place])


def process_count():
    return _lib.weft_process_count()
