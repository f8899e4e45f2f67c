"""What is wrong with the URL of a database."""

from __future__ import annotations


class BadUrl(ValueError):
    """A database URL that can't be used; the message says what is allowed, and never what may be secret."""
