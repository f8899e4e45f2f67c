"""Which tables belong to the module of a virtual table: SQLite goes by the name alone, which may be a user's own.

A table is left out only where its declaration is the one that the module writes (fts5_storage.c, fts5_index.c, fts3.c
and rtree.c of SQLite) and the virtual table is one that makes such a table. In doubt it is a table like any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# How a module's own declaration goes on after the name, by what the name ends in. Later releases only add columns.
_FORMS = {
    "data": r"\(id INTEGER PRIMARY KEY, ?block BLOB",
    "idx": r"\(segid, ?term, ?pgno, ?PRIMARY KEY\(segid, ?term\)",
    "config": r"\(k PRIMARY KEY, ?v\) WITHOUT ROWID",
    "content": r"\((?:id INTEGER PRIMARY KEY, ?c0|docid INTEGER PRIMARY KEY, ?'c0)",
    "docsize": r"\((?:id INTEGER PRIMARY KEY, ?sz BLOB|docid INTEGER PRIMARY KEY, ?size BLOB)",
    "segments": r"\(blockid INTEGER PRIMARY KEY, ?block BLOB",
    "segdir": r"\(level INTEGER, ?idx INTEGER, ?start_block INTEGER,",
    "stat": r"\(id INTEGER PRIMARY KEY, ?value BLOB",
    "node": r"\(nodeno INTEGER PRIMARY KEY, ?data",
    "parent": r"\(nodeno INTEGER PRIMARY KEY, ?parentnode",
    "rowid": r"\(rowid INTEGER PRIMARY KEY, ?nodeno",
}
# The options under which a full-text table still makes its own table of content. Names may be abbreviated, so that
# what is not in this list may mean `content`.
_HARMLESS = re.compile(
    r"\b(?:tokenize|prefix|columnsize|detail|matchinfo|order|notindexed|languageid)\s*=", re.IGNORECASE
)


def is_own(name: str, sql: str, virtual: Mapping[str, str]) -> bool:
    """Whether the table `name`, declared by `sql`, provably belongs to one of the `virtual` tables (name to SQL)."""
    owner, _, kind = name.rpartition("_")
    declared = next((text for table, text in virtual.items() if table.lower() == owner.lower()), None)
    form = _FORMS.get(kind.lower())
    if declared is None or form is None:
        return False
    if kind.lower() == "content" and declared.count("=") != len(_HARMLESS.findall(declared)):
        return False
    return any(re.match(re.escape(head) + form, sql) for head in _heads(name, kind))


def _heads(name: str, kind: str) -> tuple[str, ...]:
    by_module = "CREATE TABLE '" + name.replace("'", "''") + "'"
    renamed = 'CREATE TABLE "' + name.replace('"', '""') + '"'
    # Not every full-text table has a `stat`, and a user's own one may well look like it.
    return (by_module,) if kind.lower() == "stat" else (by_module, renamed)
