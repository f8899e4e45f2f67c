"""`make contracts`: write the documents, and tell what changed and what of it breaks callers of the last release."""

import sys

from functions.local.contracts.documents import FOLDER, ROOT, documents, write
from functions.local.contracts.released import breaks_since, last_tag


def main() -> int:
    """Exit code 1 where something breaks callers of the last release."""
    changed = write()
    for path in changed:
        print(f"{FOLDER}/{path}")  # noqa: T201 - a command's output
    print(f"{len(changed)} of the documents changed")  # noqa: T201 - as above
    tag = last_tag(ROOT)
    if tag is None:
        print("no release is tagged yet: compared with nothing")  # noqa: T201 - as above
        return 0
    found = breaks_since(ROOT, tag, documents())
    for change in found:
        print(f"breaks callers of {tag}: {change}")  # noqa: T201 - as above
    return 1 if found else 0


sys.exit(main())
