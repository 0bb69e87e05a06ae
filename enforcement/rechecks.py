"""Looking at measures again when they are due: did it stop, and what is proposed then.

A measure is due by the clock; what happened is read from the generation, whose time is that of its
records. Where the newest record is older than the due date nothing can be said, and nothing is
recorded. Otherwise

    stopped      no fact names the account after the measure took effect; proposed: close it
    continues    some do; proposed: the next step of the ladder, planned for people to approve; or
                 to extend it, where a severer one is in force already, the facts are doubtful, or
                 there is no further step; one that is over by itself to close

A fact counts if its clause was in force; it is after a measure if its last record is. What was
recorded already is not recorded again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from regift.enforcement import dossier_measures, dossiers, facts, measures
from regift.enforcement.audit_log import AuditLog
from regift.enforcement.decision_rules import DecisionRules
from regift.enforcement.dossier_measures import BUSY
from regift.enforcement.dossiers import Finding, Subject
from regift.enforcement.measures import APPROVED, PLANNED, RECHECKED, Measure, Planned
from regift.graph.store import Manifest
from regift.graph.workspace import now_us, utc_text
from regift.ranking.constants import MEASURES

STOPPED, CONTINUES = measures.OUTCOMES


@dataclass(frozen=True)
class Looked:
    """What was found of one measure. outcome: None where nothing can be said, and `why` says why.

    proposed: close, extend or step up; planned: number and step of the step up, if one is planned.
    """

    measure: Measure
    outcome: str | None
    why: str
    facts: tuple[str, ...] = ()
    proposed: str | None = None
    planned: tuple[int, str] | None = None


Fact = tuple[Finding, str | None]
"""A fact since the measure took effect, and why it is not sure."""


def recheck(
    con: duckdb.DuckDBPyConnection, log: AuditLog, manifest: Manifest, rules: DecisionRules
) -> list[Looked]:
    """Look at every measure that is due again and record what was found; the longest due first.

    Cost: the facts of the generation, once.
    """
    now = now_us()
    if not measures.due(log, now):
        return []
    facts.derive(con, manifest.run)
    with log.transaction():
        found = measures.due(log, now)
        since = _since(con, found)
        return [_looked(log, each, since.get(each.number, []), manifest, rules) for each in found]


def _since(con: duckdb.DuckDBPyConnection, due: Sequence[Measure]) -> Mapping[int, list[Fact]]:
    """Facts of each account after its measure took effect, by number of the measure."""
    con.execute("CREATE OR REPLACE TEMP TABLE due (number BIGINT, account VARCHAR, since BIGINT)")
    con.executemany(
        "INSERT INTO due VALUES (?, ?, ?)",
        [(each.number, each.account, _began_us(each)) for each in due],
    )
    found: dict[int, list[Fact]] = {}
    for number, finding, typology, content, doubt in con.execute(
        "SELECT number, finding, typology, content, doubt FROM due JOIN facts USING (account) "
        "WHERE last_us > since ORDER BY number, last_us, finding"
    ).fetchall():
        found.setdefault(number, []).append(((finding, typology, content), doubt))
    return found


def _began_us(measure: Measure) -> int | None:
    return measure.approved_us if measure.effective_us is None else measure.effective_us


def _looked(
    log: AuditLog,
    measure: Measure,
    found: Sequence[Fact],
    manifest: Manifest,
    rules: DecisionRules,
) -> Looked:
    if measure.state == APPROVED:
        return Looked(measure, None, "never handed over: `regift enforce export` first")
    if manifest.as_of_us is None or manifest.as_of_us < (measure.look_us or 0):
        ends = "nowhere" if manifest.as_of_us is None else f"at {utc_text(manifest.as_of_us)}"
        return Looked(measure, None, f"cannot be said: records end {ends}; load later ones")
    outcome = CONTINUES if found else STOPPED
    names = tuple(finding for (finding, _, _), _ in found)
    since = utc_text(_began_us(measure) or 0)
    why = f"{len(names):,} facts name the account since {since}" if found else (
        f"no fact names the account since {since}; records end at {utc_text(manifest.as_of_us)}"
    )  # fmt: skip
    if (measure.state, measure.outcome) != (RECHECKED, outcome):
        measures.recheck(log, measure.number, outcome, why)
    if outcome == STOPPED:
        return Looked(measure, outcome, why, proposed="close")
    planned, no_step = _step_up(log, measure, found, manifest.number, rules, why)
    if planned is None:
        proposed = "close" if measure.is_over(now_us()) else "extend"
        return Looked(measure, outcome, f"{why}; {no_step}", names, proposed)
    return Looked(measure, outcome, why, names, "step up", planned)


def _step_up(
    log: AuditLog,
    measure: Measure,
    found: Sequence[Fact],
    generation: int,
    rules: DecisionRules,
    why: str,
) -> tuple[tuple[int, str] | None, str]:
    """The planned next step, made if it is not there; or None, and why there is none."""
    of_account = measures.listed(log, states=(PLANNED, *measures.IN_FORCE), account=measure.account)
    standing = [each for each in of_account if _severer(each.step, measure.step)]
    if standing and standing[0].state == PLANNED:
        return (standing[0].number, standing[0].step), ""
    if standing:
        return None, f"measure {standing[0].number} ({standing[0].step}) is in force already"
    steps = [step for step in rules.steps if _severer(step, measure.step)]
    if not steps:
        return None, f"the ladder has no step beyond {measure.step}"
    sure = [finding for finding, doubt in found if doubt is None]
    if not sure:
        return None, f"none of them is sure ({found[0][1]}): no step up"
    if measure.dossier is None:
        return None, "it belongs to no dossier"
    dossier = dossiers.get(log, measure.dossier)
    if dossier.state in BUSY:
        return None, f"{dossier.name} is {dossier.state}"
    declined = _declined(log, measure)
    if declined and not _unseen(log, measure.dossier, sure):
        return None, f"measure {declined} was declined, and nothing is new since"
    step = steps[0]
    due, until = rules.dates(step, now_us())
    subject = Subject(dossier.number, dossier.case_id, generation, tuple(sure))
    proposal = Planned(measure.account, step, measure.clause, why, None, due, until, measure.number)
    (number,) = dossier_measures.plan(log, [(subject, [proposal])], rules)
    return (number, step), ""


def _severer(step: str, than: str) -> bool:
    """By the order of all steps there are: the ladder of the policy may have lost one."""
    return MEASURES.index(step) > MEASURES.index(than)


def _declined(log: AuditLog, measure: Measure) -> int | None:
    """A step up that somebody took back already."""
    for each in measures.listed(log, states=(measures.REVERSED,), account=measure.account):
        if each.follows == measure.number:
            return each.number
    return None


def _unseen(log: AuditLog, dossier: int, found: Sequence[Finding]) -> bool:
    """Whether one of the findings is new to the dossier."""
    seen = {
        finding
        for (finding,) in log.con.execute(
            "SELECT finding FROM dossier_findings WHERE dossier = ?", (dossier,)
        )
    }
    return any(finding not in seen for finding, _, _ in found)


def told(looked: Looked) -> dict[str, Any]:
    """A row of `regift enforce recheck`."""
    of = looked.measure
    number = looked.planned and looked.planned[0]
    return {
        "number": of.number,
        "account": of.account,
        "measure": of.step,
        "clause": of.clause,
        "due_at": None if of.look_us is None else utc_text(of.look_us),
        "outcome": looked.outcome,
        "why": looked.why,
        "facts": list(looked.facts),
        "proposed": looked.proposed,
        "planned": number,
        "step": looked.planned and looked.planned[1],
    }
