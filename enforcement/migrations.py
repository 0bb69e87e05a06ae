"""Versions of the casebook's tables; opening an older file runs the entries that it lacks.

An entry never changes once it was released: files that it made are there.
"""

import sqlite3

MIGRATIONS = (
    """
    CREATE TABLE audit (
        seq INTEGER PRIMARY KEY, at_us INTEGER NOT NULL, actor TEXT NOT NULL,
        action TEXT NOT NULL, payload TEXT, digest TEXT NOT NULL, hash TEXT NOT NULL);
    CREATE TABLE judgements (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), a TEXT NOT NULL, b TEXT NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('same', 'different')),
        reason TEXT NOT NULL, CHECK (a < b));
    """,
    """
    ALTER TABLE audit ADD COLUMN nonce TEXT NOT NULL DEFAULT '';
    CREATE TABLE dossiers (
        number INTEGER PRIMARY KEY, case_id TEXT NOT NULL, generation INTEGER NOT NULL,
        state TEXT NOT NULL, opened_by TEXT NOT NULL, opened_us INTEGER NOT NULL,
        assignee TEXT, measure TEXT, clause TEXT, reason TEXT,
        decided_by TEXT, decided_us INTEGER, approved_by TEXT, approved_us INTEGER,
        appeal_by TEXT, ended_by TEXT, ended_us INTEGER);
    CREATE TABLE dossier_findings (
        dossier INTEGER NOT NULL REFERENCES dossiers (number), finding TEXT NOT NULL,
        typology TEXT NOT NULL, content TEXT NOT NULL, seq INTEGER NOT NULL,
        PRIMARY KEY (dossier, finding));
    CREATE INDEX dossiers_of_finding ON dossier_findings (finding);
    CREATE TABLE dossier_acts (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq),
        dossier INTEGER NOT NULL REFERENCES dossiers (number), act TEXT NOT NULL,
        actor TEXT NOT NULL, at_us INTEGER NOT NULL, words TEXT NOT NULL);
    CREATE TABLE measures (
        number INTEGER PRIMARY KEY, dossier INTEGER REFERENCES dossiers (number),
        account TEXT NOT NULL, step TEXT NOT NULL, clause TEXT NOT NULL, state TEXT NOT NULL,
        reason TEXT NOT NULL, planned_by TEXT NOT NULL, planned_us INTEGER NOT NULL,
        approved_by TEXT, approved_us INTEGER, exported_us INTEGER, effective_us INTEGER,
        due_us INTEGER, until_us INTEGER, rechecked_us INTEGER, outcome TEXT,
        ended_by TEXT, ended_us INTEGER, follows INTEGER REFERENCES measures (number));
    CREATE INDEX measures_of_account ON measures (account);
    CREATE TABLE allow_list (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), account TEXT NOT NULL,
        until_us INTEGER NOT NULL, reason TEXT NOT NULL, added_by TEXT NOT NULL,
        removed INTEGER REFERENCES audit (seq));
    """,
    """
    CREATE TABLE certificate_reviews (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), account TEXT NOT NULL,
        filing_number TEXT NOT NULL, verdict TEXT NOT NULL
        CHECK (verdict IN ('accepted', 'refused')), reason TEXT NOT NULL,
        reviewed_by TEXT NOT NULL, at_us INTEGER NOT NULL);
    CREATE TABLE certificate_reminders (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), account TEXT NOT NULL,
        reason TEXT NOT NULL, reminded_by TEXT NOT NULL, at_us INTEGER NOT NULL);
    """,
    """
    ALTER TABLE measures ADD COLUMN told_until_us INTEGER;
    ALTER TABLE measures ADD COLUMN lifted_us INTEGER;
    """,
    """
    CREATE TABLE forgettings (
        seq INTEGER PRIMARY KEY REFERENCES audit (seq), account TEXT NOT NULL,
        tombstone TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL,
        asked_by TEXT NOT NULL, asked_us INTEGER NOT NULL, generation INTEGER,
        ended_us INTEGER);
    """,
)
"""One entry per version of the file."""


def migrate(con: sqlite3.Connection) -> None:
    """Bring a file to the newest version in one transaction; another process may be first."""
    con.execute("BEGIN IMMEDIATE")
    version = con.execute("PRAGMA user_version").fetchone()[0]
    for number in range(version, len(MIGRATIONS)):
        for statement in MIGRATIONS[number].split(";"):
            con.execute(statement)
        con.execute(f"PRAGMA user_version = {number + 1}")
    con.execute("COMMIT")
