# SPDX-License-Identifier: MIT
"""example.py - the first steps with Weft from Python."""
import weft

with weft.Kernel(2), weft.Channel() as results:
    results.submit(lambda a, b: a + b, 3, 4)
    print(results.result())
    for word in ("one", "two", "three"):
        results.submit(str.upper, word)
    print(sorted(results.result() for _ in range(3)))
    results.submit(lambda: 1 // 0)
    try:
        results.result()
    except ZeroDivisionError as error:
        print("failed:", error)
