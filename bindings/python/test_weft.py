# SPDX-License-Identifier: MIT
"""test_weft.py - what weft.py promises; run with WEFT_LIBRARY=.../libweft.so python3 test_weft.py"""
import asyncio
import multiprocessing
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
import unittest

import weft


def fails_deep_down(n):
    if n == 0:
        raise KeyError("deep")
    fails_deep_down(n - 1)


def square_in_a_kernel_of_its_own(n):
    with weft.Kernel(2), weft.Channel() as results:
        results.submit(pow, n, 2)
        return results.result(30)


def in_a_program(text):
    """Runs it as a program of its own: its status and what it has printed."""
    path = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-B", "-c", text], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "PYTHONPATH": path})
    return done.returncode, done.stdout + done.stderr


class Programs(unittest.TestCase):
    """Interpreters that end in the middle of things."""

    def test_ctrl_c_ends_a_wait_in_the_main_thread(self):
        # A shell that runs jobs in the background has them ignore it.
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        waits = [lambda channel: channel.receive(), lambda channel: channel.receive(50),
                 lambda channel: weft.alternate([channel]), lambda channel: weft.alternate([channel, channel], 50),
                 lambda channel: [channel.send(n) for n in (1, 2)]]
        for wait in waits:
            with weft.Channel(capacity=1) as channel:
                timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
                with self.assertRaises(KeyboardInterrupt):
                    timer.start()
                    wait(channel)
                timer.join()
        self.assertEqual(weft._held, {})

    def test_the_interpreter_may_end_while_tasks_run(self):
        for task in ("time.sleep(50)", "spin()", "channel.submit(task)", "channel.receive()"):
            text = f"""
import threading, time, weft
kernel, channel = weft.Kernel(2), weft.Channel()
def spin():
    while True:
        pass
def task():
    {task}
for _ in range(4):
    channel.submit(task)
threading.Thread(target=channel.receive, daemon=True).start()
time.sleep(0.05)
print("end")
"""
            self.assertEqual(in_a_program(text), (0, "end\n"))

    def test_a_task_that_exits_says_so_where_its_result_is_received(self):
        with weft.Kernel(1), weft.Channel() as results:
            for error in (SystemExit, KeyboardInterrupt, GeneratorExit):
                def raises():
                    raise error
                results.submit(raises)
                self.assertRaises(error, results.result, 10)

    def test_results_outlive_their_kernel(self):
        with weft.Kernel(2) as kernel:
            results = weft.Channel()
            for n in range(5):
                results.submit(pow, n, 2)
        self.assertEqual(len(weft._ended), 1)
        self.assertEqual(sorted(results.result(10) for _ in range(5)), [n * n for n in range(5)])
        with self.assertRaises(weft.Error):
            results.result(10)
        with self.assertRaises(weft.Error):
            results.submit(pow, 2, 2)
        results.free()
        self.assertEqual((weft._ended, weft._held), ([], {}))

    def test_an_exception_in_a_kernels_block_is_not_hidden(self):
        with self.assertRaisesRegex(ZeroDivisionError, "division"):
            with weft.Kernel(1):
                results = weft.Channel()
                results.submit(time.sleep, 0.01)
                1 / 0
        results.free()

    def test_processes_have_kernels_of_their_own(self):
        with weft.Kernel(2), weft.Channel() as results:
            results.submit(pow, 2, 3)
            self.assertEqual(results.result(10), 8)
            for method in ("fork", "spawn", "forkserver"):
                with multiprocessing.get_context(method).Pool(2) as pool:
                    self.assertEqual(pool.map_async(square_in_a_kernel_of_its_own, range(4)).get(60), [0, 1, 4, 9])
            results.submit(pow, 2, 4)
            self.assertEqual(results.result(10), 16)

    def test_a_child_of_fork_is_told_that_it_has_no_kernel(self):
        with weft.Kernel(2):
            child = os.fork()
            if child == 0:
                try:
                    weft.Channel().submit(pow, 2, 2)
                except weft.Error:
                    os._exit(7)
                os._exit(8)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)


def eventually(holds):
    """Python joins a thread that has still to end for the system, and with it what Weft has of it."""
    end = time.monotonic() + 30
    while not holds() and time.monotonic() < end:
        time.sleep(0.001)
    return holds()


class Weft(unittest.TestCase):
    def setUp(self):
        self.kernel = weft.Kernel(2)

    def tearDown(self):
        self.kernel.end()
        self.assertEqual(weft._held, {})

    def test_results_come_back(self):
        with weft.Channel() as results:
            for n in range(100):
                results.submit(pow, n, 2)
            self.assertEqual(sorted(results.result(10) for _ in range(100)), [n * n for n in range(100)])

    def test_what_a_task_raises_is_raised_with_its_traceback(self):
        with weft.Channel() as results:
            results.submit(fails_deep_down, 3)
            names = []
            try:
                results.result(10)
            except KeyError as error:
                names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
            self.assertEqual(names.count("fails_deep_down"), 4)

    def test_threads_of_python_submit_receive_and_alternate(self):
        before, failed = weft.process_count(), []

        def work(n):
            with weft.Channel() as results, weft.Channel(capacity=1) as other:
                results.submit(lambda: n + 1)
                place, value = weft.alternate([other, results], 10)
                if (place, value) != (1, n + 1):
                    failed.append(n)
                if weft.alternate([(other, n)], 10) != (0, None) or other.receive(10) != n:
                    failed.append(n)

        for _ in range(10):
            threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(failed, [])
        self.assertTrue(eventually(lambda: weft.process_count() <= before + 1))

    def test_threads_of_python_get_exceptions_with_their_tracebacks(self):
        before, failed = weft.process_count(), []

        def work(n):
            with weft.Channel() as results:
                results.submit(fails_deep_down, n)
                try:
                    weft.alternate([results], 10)
                    failed.append(n)
                except KeyError as error:
                    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
                    if names.count("fails_deep_down") != n + 1:
                        failed.append(n)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        self.assertTrue(eventually(lambda: weft.process_count() <= before + 1))

    def test_waits_end_in_time_and_when_closed(self):
        with weft.Channel(capacity=1) as channel:
            with self.assertRaises(weft.TimedOut):
                channel.receive(0.01)
            with self.assertRaises(weft.TimedOut):
                weft.alternate([channel], 0.01)
            channel.send("full")
            with self.assertRaises(weft.TimedOut):
                channel.send("more", 0.01)
            channel.close()
            self.assertEqual(channel.receive(), "full")
            with self.assertRaises(weft.Closed):
                channel.receive()

    def test_a_channel_can_be_polled(self):
        with weft.Channel() as results:
            self.assertEqual(select.select([results], [], [], 0), ([], [], []))
            results.submit(str, 5)
            self.assertEqual(select.select([results], [], [], 10)[0], [results])
            self.assertEqual(results.result(0), "5")

    def test_an_asyncio_loop_receives_in_bounded_slices(self):
        slices, sums, turns = [], [], []

        async def serve(results):
            loop, all_here = asyncio.get_running_loop(), asyncio.Event()

            def readable():
                slices.append(0)
                while slices[-1] < 8:  # no more at once: the loop has other things to do
                    try:
                        sums.append(results.result(0))
                    except weft.TimedOut:
                        break
                    slices[-1] += 1
                if len(sums) == 100:
                    all_here.set()

            async def other_things():
                while not all_here.is_set():
                    turns.append(len(sums))
                    await asyncio.sleep(0)

            loop.add_reader(results.fileno(), readable)
            await asyncio.wait_for(asyncio.gather(all_here.wait(), other_things()), 30)
            loop.remove_reader(results.fileno())

        with weft.Channel() as results:
            for n in range(100):
                results.submit(pow, n, 2)
            asyncio.run(serve(results))
        self.assertEqual(sorted(sums), [n * n for n in range(100)])
        self.assertLessEqual(max(slices), 8)
        self.assertGreaterEqual(len(turns), 100 // 8)

    def test_a_task_may_submit_and_wait(self):
        def outer():
            with weft.Channel() as inner:
                inner.submit(lambda: 20)
                return inner.result(10) + 1

        with weft.Channel() as results:
            results.submit(outer)
            self.assertEqual(results.result(10), 21)


if __name__ == "__main__":
    unittest.main()
