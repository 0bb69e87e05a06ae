"""When a refresh is due and late, and the settings that say so."""

import pytest

from regift.graph.workspace import utc_text
from regift.loaders.errors import UsageError
from regift.refresh.run_log import Runs
from regift.refresh.schedule import due, schedule_of
from regift.refresh.settings import settings_of

HOUR = 3_600_000_000
HOURLY = schedule_of({"schedule": {"every": "1h"}})


def line(begun_us: int, code: int | None = 0) -> dict[str, object]:
    return {"command": "refresh", "begun_at": utc_text(begun_us), "exit_code": code}


@pytest.mark.parametrize(
    ("now", "running", "late"),
    [
        (HOUR, False, False),
        (HOUR + HOUR // 10, False, False),  # a tenth of the interval is put up with
        (HOUR + HOUR // 10 + 1, False, True),
        (HOUR + HOUR // 10 + 1, True, False),  # the one that was due goes on
        (2 * HOUR, True, False),
        (2 * HOUR + 1, True, True),  # for longer than it may take
    ],
)
def test_late(now: int, running: bool, late: bool) -> None:
    goes_on = (line(HOUR),) if running else ()
    runs = Runs((line(0), line(5, code=1)), (), goes_on)
    assert due(HOURLY, runs, now) == {"next_due": "1970-01-01T01:00:00Z", "late": late}


def test_what_never_ran_is_late_at_once_and_without_a_schedule_nothing_is() -> None:
    never = Runs((), (), ())
    assert due(HOURLY, never, 5_000_000) == {"next_due": "1970-01-01T00:00:05Z", "late": True}
    assert due(schedule_of({}), never, 0) == {"next_due": None, "late": False}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"schedule": {"every": "often"}}, r"\[schedule\] every: 'often' is not a duration"),
        ({"schedule": {"every": "0"}}, r"\[schedule\] every: 0 is no time"),
        ({"schedule": {"when": "1h"}}, r"\[schedule\] has no 'when'"),
        ({"schedule": {"metrics": 3}}, r"\[schedule\] metrics: 3 is not the name of a file"),
        ({"generations": {"keep": 0}}, r"\[generations\] keep: 0 is not a whole number"),
        ({"generations": {"keep": True}}, r"\[generations\] keep: True is not"),
        ({"generations": {"keep_for": "x"}}, r"\[generations\] keep_for: 'x' is not"),
        ({"inbox": {"a": 1}}, r"inbox.a is a value"),
        ({"inbox": {"a": {"table": "gifts"}}}, r"\[inbox.a\] names no folder"),
        ({"inbox": {"a": {"folder": "x"}}}, r"\[inbox.a\] table: None is none of gifts"),
        ({"inbox": {"a": {"folder": "x", "table": "gift"}}}, r"table: 'gift' is none of"),
        ({"inbox": {"a": {"folder": "x", "table": "gifts", "wait": "1"}}}, r"wait: '1' is not"),
        (
            {"inbox": {"a": {"folder": "x", "table": "gifts", "action": "replace"}}},
            "replace and withdraw need a reason",
        ),
        (
            {"inbox": {n: {"folder": "x", "table": "gifts"} for n in "ab"}},
            r"\[inbox.a\] and \[inbox.b\] are the same folder",
        ),
    ],
)
def test_settings_that_cannot_be_read_are_named(table: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        settings_of(table)
