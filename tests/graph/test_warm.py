"""Kernels are compiled once, where the user may write, and never for other types again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from regift.graph.jit import choose_cache

EVERYTHING = """
import warnings
from numba.core.dispatcher import Dispatcher
import sys
from regift.graph.warm import STEPS
for step in STEPS.values():
    step()

def compiled():
    return {
        (module.__name__, name): len(kernel.signatures)
        for module in list(sys.modules.values())
        if module.__name__.startswith("regift.")
        for name, kernel in vars(module).items()
        if isinstance(kernel, Dispatcher) and kernel.py_func.__module__ == module.__name__
    }

before = compiled()
from build import world
from found import run
from regift import queries
from regift.graph.paths import trace_account, trace_path
from regift.graph.temporal import temporal_graph
from regift.queries.money_cycle import Params, count_cycles

MOVES = ["t1 payment a>b 9.00 @0h", "t2 payment b>a 8.00 @1h", "t3 payment a>b 5.00 @2h"]
GIFTS = ["g1 issue m>a x @0h", "g2 gift a>b x @1h", "g3 gift b>c x @2h"]
with world({"gifts": GIFTS, "transfers": MOVES, "judgements": ["a c same"]}) as graph:
    for name in queries.ALL:
        run(queries.ALL[name], graph, {})
    run(queries.ALL["money_cycle"], graph, {"keep": "0", "ties": "order", "group": "instance"})
    count_cycles(graph, Params(keep_bp=0))
    moves = temporal_graph(graph)
    trace_account(moves, "a", within_us=10**12, in_order=True)
    trace_path(moves, "a", "b", within_us=10**12)

again = sorted(key for key, signatures in compiled().items() if signatures != before.get(key))
print(again)
"""


def test_warming_compiles_everything_and_nothing_compiles_after_it() -> None:
    tests = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [sys.executable, "-c", EVERYTHING],
        env=os.environ | {"PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_a_package_folder_that_can_be_written_needs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    assert choose_cache(tmp_path) is None
    assert "NUMBA_CACHE_DIR" not in os.environ


def test_a_read_only_package_caches_where_the_user_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    chosen = choose_cache(Path("/proc/self"))
    assert chosen == str(tmp_path / "regift" / "numba") == os.environ["NUMBA_CACHE_DIR"]
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/self/none")
    own = choose_cache(Path("/proc/self"))
    assert own is not None
    assert own.startswith(str(Path(os.environ.get("TMPDIR", "/tmp"))))


def test_the_users_own_choice_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/somewhere")
    assert choose_cache(Path("/proc/self")) == "/somewhere"
