"""What a session is set to, so that the same value has the same text on every server. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

IN_PLACE: Final = "SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL enable_indexonlyscan = off"
"""For statements without an order whose rows have to come in the same one every time: as they lie in the table."""
_LONGEST: Final = (1 << 31) - 1
"""Milliseconds that a limit may have."""


def settings_of(release: int, encoding: str, seconds: float) -> Mapping[str, str]:
    """The settings for a server of that release and a database in that encoding. `seconds`: for a statement, 0: any."""
    settings = {
        # Without it a policy of a table would leave out rows in silence.
        "row_security": "off",
        "search_path": "",
        # Texts of the same value are the same on every server.
        "client_encoding": "SQL_ASCII" if encoding == "SQL_ASCII" else "UTF8",
        "TimeZone": "UTC",
        "DateStyle": "ISO, YMD",
        "IntervalStyle": "iso_8601",
        "extra_float_digits": "1",
        "bytea_output": "hex",
        "lc_monetary": "C",
        "xmlbinary": "base64",
        "quote_all_identifiers": "off",
        "standard_conforming_strings": "on",
        # A rare, long statement is ours; times are what the URL says and nothing else.
        "statement_timeout": str(min(round(seconds * 1000), _LONGEST)),
        "lock_timeout": "0",
        "idle_in_transaction_session_timeout": "0",
        "jit": "off",
        # A table without a key is read twice, and its rows are known by their places: no reading begins where somebody
        # else's happens to be.
        "synchronize_seqscans": "off",
    }
    if release >= 170000:
        settings["transaction_timeout"] = "0"
    return settings
