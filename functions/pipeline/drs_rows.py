"""The differing rows of a value comparison, table by table (drs_03_0254): where its results named none of a table's.

Rows are shown, they decide nothing: what can't be had here is left out, and the reading is truncated.
"""

from __future__ import annotations

from typing import Final

from functions.pipeline import drs_models as wire_models
from functions.pipeline.drs_errors import Refused, TryLater
from functions.pipeline.drs_tally import Tally
from functions.pipeline.drs_wire import Wire, read_as
from functions.pipeline.readings import RowDifference

MOST_TABLES: Final = 10
"""Tables whose rows are asked for, one call each."""
ROWS_OF_A_TABLE: Final = 100
"""Rows asked for per table: an event shows fewer."""


async def add_rows(wire: Wire, job_id: str, task_id: str, tally: Tally) -> None:
    """Add the first rows of the differing tables that have none yet, while there is time for what isn't needed.

    Raises ``TryLater`` for a bad signature, and only for that.
    """
    for source_db, table in tally.without_rows()[:MOST_TABLES]:
        if not wire.time.is_plenty:
            return
        query: dict[str, str | int] = {"db_name": source_db, "table_name": table, "limit": ROWS_OF_A_TABLE}
        try:
            reply = await wire.call("GET", job_id, "compare", task_id, "content-difference", query=query)
            page = read_as(wire_models.ContentDifferencePage, reply, empty=True)
        except Refused:
            return  # it has no such endpoint, or knows the task under its id elsewhere only
        except TryLater as error:
            if error.bad_signature:
                raise  # it counts towards a lock; a permission that is missing for this alone costs nothing else
            return
        tally.add_rows(source_db, table, _rows(page), page.count)


def _rows(page: wire_models.ContentDifferencePage) -> tuple[RowDifference, ...]:
    """Differing rows of one table as content-difference shows them."""
    return tuple(
        RowDifference(
            source_key=tuple(row.source_key_value or ()),
            target_key=tuple(row.target_key_value or ()),
            source_sql=row.select_sql,
            target_sql=row.target_select_sql,
        )
        for row in page.contents_infos or ()
    )
