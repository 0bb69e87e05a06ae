"""The action file: what a platform's enforcement system is to do, from measures people approved.

    {"action_file", "policy", "generation", "as_of", "audit_head", "made_at", "actions"}
    {"key", "action", "measure", "account", "step", "functions", "clause", "effective_at", "due_at",
     XX
`action` is `apply` (a measure that was approved), `extend` (one that was handed over has another
end) or `lift` (one that was handed over is over: closed or reversed). `key` names the action and is
the same in every file, so a system that reads a file twice does nothing twice. `action_file` is
made of the hash of all else: the same name is the same bytes. `reason` is what who decided this
action wrote, `grounds` what the measure was planned for.

    <workspace>/actions/NAME.jsonl       every file, as it was handed over
    <workspace>/actions/NAME.json        while it is being handed over: what will be recorded

A file is made durable there, then handed over, then the casebook says so (handover.py). Where that
was cut short the next export finishes it: the same bytes again. If one of its measures is no longer
as it says by then, it is withdrawn instead.

Jitter spreads the moments at which new measures take effect, evenly, by a hash of the seed and the
measure's number: those of one export say nothing of when it was made, and no order of the measures
changes a date. What is lifted or extended is so at once.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from regift.enforcement import allow_list, history, measures
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.measures import Measure
from regift.enforcement.policy import Policy
from regift.graph.store import Manifest
from regift.graph.workspace import utc_text

FOLDER = "actions"
APPLY, EXTEND, LIFT = "apply", "extend", "lift"
ENDED = (measures.CLOSED, measures.REVERSED)


@dataclass(frozen=True)
class Action:
    """One line: what is to be done with one measure, and the moments it says, for `apply`."""

    measure: Measure
    action: str
    effective_us: int
    due_us: int | None
    until_us: int | None


@dataclass(frozen=True)
class ActionFile:
    """A file as bytes; `actions` are its lines as JSON has them."""

    name: str
    content: bytes

    @property
    def header(self) -> dict[str, Any]:
        """The first line."""
        told: dict[str, Any] = json.loads(self.content.split(b"\n", 1)[0])
        return told

    @property
    def actions(self) -> list[dict[str, Any]]:
        """The other lines."""
        return [json.loads(line) for line in self.content.decode().split("\n")[1:] if line]


def waiting(log: AuditLog, now_us: int, jitter_us: int = 0, seed: str = "") -> list[Action]:
    """What the receiving system has to be told, by number of the measure.

    What is in the way of an account that is on the allow-list by now is held back: see `held`.
    """
    told = []
    kept = {each.number for each in held(log, now_us)}
    for each in measures.listed(log):
        if each.number in kept:
            continue
        handed, ended = each.exported_us is not None, each.state in ENDED
        if each.state == measures.APPROVED:
            told.append(_applied(each, now_us + spread_us(each.number, jitter_us, seed)))
        elif handed and ended and each.lifted_us is None:
            told.append(Action(each, LIFT, now_us, None, None))
        elif handed and not ended and each.until_us != each.told_until_us:
            told.append(Action(each, EXTEND, now_us, each.due_us, each.until_us))
    return told


def held(log: AuditLog, now_us: int) -> list[Measure]:
    """Measures that were approved, not handed over, of accounts on the allow-list; by number."""
    allowed = {account for account, *_ in allow_list.allowed(log.con, now_us)}
    approved = measures.listed(log, states=(measures.APPROVED,))
    return [each for each in approved if each.account in allowed]


def spread_us(number: int, jitter_us: int, seed: str) -> int:
    """Time by which a measure takes effect later: even over [0, jitter).

    >>> spread_us(7, 1000, "s") == spread_us(7, 1000, "s"), spread_us(7, 0, "s")
    (True, 0)
    """
    digest = hmac.digest(seed.encode(), str(number).encode(), "sha256")
    return int.from_bytes(digest) * jitter_us >> 256


def _applied(measure: Measure, effective_us: int) -> Action:
    """It is looked at again and ends as long after its beginning as was approved."""
    later = effective_us - (measure.approved_us or 0)
    due = None if measure.due_us is None else measure.due_us + later
    until = None if measure.until_us is None else measure.until_us + later
    return Action(measure, APPLY, effective_us, due, until)


def made(
    log: AuditLog,
    actions: Sequence[Action],
    policy: Policy,
    manifest: Manifest,
    now_us: int,
    applied: Mapping[int, list[str]],
) -> ActionFile:
    """The file of these actions; the casebook has at least one row.

    applied: functions of measures that were handed over before, by number.
    """
    functions = {step.measure: list(step.functions) for step in policy.steps}
    people = dict(_people(log))
    book = str(log.con.execute("SELECT hash FROM audit WHERE seq = 1").fetchone()[0])
    acts = history.acts(log)
    lines = [
        _line(
            {"key": _key(each, book), "reason": history.reason(acts[each.measure.number])},
            each,
            applied.get(each.measure.number, functions.get(each.measure.step, [])),
            people.get(each.measure.dossier),
        )
        for each in actions
    ]
    header = {
        "policy": policy.id,
        "generation": manifest.number,
        "as_of": None if manifest.as_of_us is None else utc_text(manifest.as_of_us),
        "audit_head": log.head(),
        "made_at": utc_text(now_us),
        "actions": len(lines),
    }
    rest = "".join(f"{line}\n" for line in lines)
    name = _name(header, rest)
    first = json.dumps({"action_file": name, **header}, ensure_ascii=False)
    return ActionFile(name, f"{first}\n{rest}".encode())


def _name(header: dict[str, Any], rest: str) -> str:
    text = f"{json.dumps(header, ensure_ascii=False)}\n{rest}"
    return f"actions-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def name_of(content: bytes) -> str | None:
    """The name that the bytes of a file have to have; None where they are no such file."""
    first, _, rest = content.partition(b"\n")
    try:
        header = json.loads(first)
        header.pop("action_file")
        return _name(header, rest.decode())
    except (ValueError, KeyError, AttributeError, TypeError):
        return None


def _people(log: AuditLog) -> list[tuple[int | None, tuple[str, str | None]]]:
    """Dossier -> its case, and who decided it."""
    rows = log.con.execute("SELECT number, case_id, decided_by FROM dossiers").fetchall()
    return [(number, (case_id, decided_by)) for number, case_id, decided_by in rows]


def _key(action: Action, book: str) -> str:
    """The same for the same action, whichever file it stands in; of this casebook alone."""
    until = action.until_us if action.action == EXTEND else None
    text = json.dumps([book, action.measure.number, action.action, until])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _line(
    about: dict[str, str],
    action: Action,
    functions: list[str],
    dossier: tuple[str, str | None] | None,
) -> str:
    of = action.measure
    case_id, decided_by = dossier or (None, None)
    told = {
        "key": about["key"],
        "action": action.action,
        "measure": of.number,
        "account": of.account,
        "step": of.step,
        "functions": functions,
        "clause": of.clause,
        "effective_at": utc_text(action.effective_us),
        "due_at": None if action.due_us is None else utc_text(action.due_us),
        "until_at": None if action.until_us is None else utc_text(action.until_us),
        "reason": about["reason"],
        "grounds": of.reason,
        "dossier": None if of.dossier is None else f"D-{of.dossier}",
        "case": case_id,
        "decided_by": decided_by or of.approved_by,
        "approved_by": of.approved_by,
        "ended_by": of.ended_by,
    }
    return json.dumps(told, ensure_ascii=False)
