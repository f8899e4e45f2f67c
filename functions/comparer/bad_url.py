"""What every engine raises for a URL that it can't use."""


class BadUrl(ValueError):
    """A database URL that names no engine of this release; the message says what is allowed."""
