"""A webhook to copy and paste: bash, openssl and curl, signed as Standard Webhooks has it. Pure functions."""

import json

from functions.pipeline.credentials_text import PREFIX


def sample_request(job_id: str) -> str:
    """A request for both levels of a DRS job: JSON, in lines short enough for a terminal."""
    return (
        f'{{"job_id": {json.dumps(job_id)}, "object_level_compare_type": "objects",\n'
        ' "data_level_compare_info": {"conflict_policy": "keep",\n'
        '  "compare_type": "lines", "compare_mode": "quick_comparison"}}'
    )


def curl_lines(url: str, secret: str, body: str) -> list[str]:
    """The lines of a shell script that signs `body` with `secret` (base64, perhaps after whsec_) and posts it."""
    key = secret.removeprefix(PREFIX)
    key += "=" * (-len(key) % 4)
    return [
        f"body={_quoted(body)}",
        "id=curl-$RANDOM$RANDOM now=$(date +%s)",
        f"key=$(printf %s {_quoted(key)} |",
        "  openssl base64 -d -A | od -An -vtx1 | tr -d ' \\n')",
        'sig=$(printf %s "$id.$now.$body" |',
        '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary |',
        "  openssl base64 -A)",
        f'curl -si {_quoted(url + "/comparisons")} -d "$body" \\',
        "  -H 'content-type: application/json' -H \"webhook-id: $id\" \\",
        '  -H "webhook-timestamp: $now" -H "webhook-signature: v1,$sig"',
    ]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
