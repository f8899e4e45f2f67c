"""The tables of the comparer's store, and how a file that an earlier release wrote gets them."""

from __future__ import annotations

import sqlite3

# What each version of the file added. A new file takes every step: it can't differ from one that has been upgraded.
# The first release said nothing of a database that the source lacks: the second step says it, as far as it can be told
# from the tables, all of which are missing in the source.
_STEPS = (
    """
    CREATE TABLE task (
        id TEXT PRIMARY KEY, job_id TEXT NOT NULL, level TEXT NOT NULL, status TEXT NOT NULL, created_at REAL NOT NULL,
        start_at REAL NOT NULL, started_at REAL, ended_at REAL, error TEXT, scope TEXT NOT NULL,
        attempts INTEGER NOT NULL
    );
    CREATE INDEX task_of_job ON task (job_id, level, created_at);
    CREATE INDEX task_unfinished ON task (status, start_at);
    CREATE TABLE item (
        task_id TEXT NOT NULL REFERENCES task (id) ON DELETE CASCADE, part TEXT NOT NULL, number INTEGER NOT NULL,
        body TEXT NOT NULL, PRIMARY KEY (task_id, part, number)
    ) WITHOUT ROWID
    """,
    """
    ALTER TABLE task ADD COLUMN options TEXT NOT NULL DEFAULT 'null';
    ALTER TABLE task ADD COLUMN reached INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE task ADD COLUMN spent REAL NOT NULL DEFAULT 0;
    CREATE TABLE report (
        task_id TEXT NOT NULL PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE, status TEXT NOT NULL,
        asked_at REAL NOT NULL, expires_at REAL, error TEXT, name TEXT NOT NULL, file BLOB
    );
    UPDATE item SET body = json_set(body, '$.message', 'The database is missing in the source, or has no table there.')
    WHERE part = 'databases'
    AND json_extract(body, '$.result') = 'INCONSISTENT' AND json_extract(body, '$.message') IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM item AS inside WHERE inside.task_id = item.task_id
        AND inside.part = 'tables/' || json_extract(item.body, '$.source_db')
        AND json_extract(inside.body, '$.message') IS NOT 'The table is missing in the source.'
    ) AND NOT EXISTS (
        SELECT 1 FROM task, json_each(task.scope) AS asked
        WHERE task.id = item.task_id AND asked.key = json_extract(item.body, '$.source_db') AND asked.type <> 'null'
    )
    """,
)
VERSION = len(_STEPS)


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Make the tables, or add what the file's release lacked. Raises `sqlite3.DatabaseError` for a later version.

    Call it within a transaction: an upgrade that is interrupted has then not begun.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if not 0 <= version <= VERSION:
        raise sqlite3.DatabaseError(f"its version is {version}, this release reads up to {VERSION}")
    for step in _STEPS[version:]:
        for statement in step.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
