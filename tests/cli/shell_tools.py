"""What the printed shell scripts call, and which of it this system lacks."""

import shutil

LACKING = ", ".join(tool for tool in ("bash", "openssl", "curl", "od") if not shutil.which(tool))
WHY_SKIPPED = f"the shell script that is tried here calls what is not installed: {LACKING}"
