"""Bounds: what something may take at most, of the processor and of memory."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager

MIB = 1024 * 1024


@contextmanager
def within(*, seconds: float, mib: float) -> Generator[None, None, None]:
    """At most so many seconds of this process, and MiB more than before at any moment."""
    tracemalloc.start()
    try:
        before, began = tracemalloc.get_traced_memory()[0], time.process_time()
        yield
        took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert took < seconds, f"{took:.1f} s of the processor, not {seconds}"
    assert peak < mib * MIB, f"{peak / MIB:.1f} MiB, not {mib}"
