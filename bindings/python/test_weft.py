# SPDX-License-Identifier: MIT
"""test_weft.py - what weft.py promises; run with WEFT_LIBRARY=.../libweft.so python3 test_weft.py"""
import select
import threading
import traceback
import unittest

import weft


def fails_deep_down(n):
    if n == 0:
        raise KeyError("deep")
    fails_deep_down(n - 1)


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
        self.assertLessEqual(weft.process_count(), before + 1)

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
        self.assertLessEqual(weft.process_count(), before + 1)

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
