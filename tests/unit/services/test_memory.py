"""Memory of the service's process, looked at in a process of its own: all of it is for good."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, threading
from skydriver.services.memory import share_one_arena
if {shared}:
    share_one_arena()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
everybody = threading.Barrier(6)
def work():
    everybody.wait()
    library.malloc(10_000)
    everybody.wait()
threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
library.malloc_stats()
"""
FROZEN = """
import gc
from skydriver.services.memory import look_past_what_is_here
look_past_what_is_here()
assert gc.get_freeze_count() > 1000
class Thing: pass
import weakref
thing = Thing()
thing.itself, seen = thing, weakref.ref(thing)
del thing
gc.collect()
assert seen() is None
"""
BIG = 300_000_000
GIVEN_BACK = f"""
import ctypes
from pathlib import Path
from skydriver.services.memory import give_back, share_one_arena
share_one_arena()
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
pieces = [library.malloc(100_000) for _ in range({BIG // 100_000})]
for piece in pieces: ctypes.memset(ctypes.c_void_p(piece), 1, 100_000)
for piece in pieces[:-1]: library.free(piece)
def resident(): return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
before = resident()
give_back()
assert before - resident() > {BIG // 2}, (before, resident())
"""

pytestmark = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_stats"), reason="needs glibc")


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return done.stderr


def test_threads_share_one_arena():
    assert run(ARENAS.format(shared=False)).count("Arena") > 1
    assert run(ARENAS.format(shared=True)).count("Arena") == 1


def test_what_comes_later_is_still_collected():
    run(FROZEN)


def test_free_memory_is_given_back():
    run(GIVEN_BACK)
