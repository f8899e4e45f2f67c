"""Who calls: access keys of the administrator and of every environment of a function, and the check of signatures.

Source: "Signature Version 4 for API requests" in the AWS IAM user guide. The signature is recomputed with the
pipeline's own signer, which its tests hold against AWS's published cases.
"""

import hmac
import re
import secrets
from calendar import timegm
from collections.abc import Mapping
from dataclasses import dataclass
from time import strptime
from typing import TYPE_CHECKING

from functions.local.refusals import Refusal, signature_refusal
from functions.local.resources import Function
from functions.pipeline.sigv4 import Credentials, sign

if TYPE_CHECKING:
    from functions.local.invocations import Invocation

SKEW_SECONDS = 300
_PROOF = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/,]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, ?"
    r"SignedHeaders=(?P<headers>[^,]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
_ALWAYS_SENT = frozenset({"host", "x-amz-date"})


@dataclass
class Caller:
    """The holder of an access key: the administrator (`function` None), or one environment of a function.

    `invocation` is what the environment is working on; `cut_off` says that it has died, and reaches nobody any more.
    """

    credentials: Credentials
    arn: str
    function: Function | None = None
    invocation: "Invocation | None" = None
    cut_off: bool = False

    def environment(self) -> dict[str, str]:
        """Return the variables that carry the credentials."""
        return {
            "AWS_ACCESS_KEY_ID": self.credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": self.credentials.secret_key,
            "AWS_SESSION_TOKEN": self.credentials.session_token or "",
        }


class Keyring:
    """The access keys of one cloud."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._callers: dict[str, Caller] = {}
        self.administrator = self.issue(None)

    def issue(self, function: Function | None) -> Caller:
        """Make a new access key: temporary credentials of a function's role, or the administrator's."""
        key = f"{'ASIA' if function else 'AKIA'}{secrets.token_hex(8).upper()}"
        credentials = Credentials(key, secrets.token_urlsafe(30), secrets.token_urlsafe(60) if function else None)
        arn = f"arn:aws:iam::{self._account}:user/administrator"
        if function:
            arn = f"arn:aws:sts::{self._account}:assumed-role/{function.role.name}/{function.name}"
        caller = Caller(credentials, arn, function)
        self._callers[key] = caller
        return caller

    def revoke(self, caller: Caller) -> None:
        """Forget an access key."""
        self._callers.pop(caller.credentials.access_key, None)

    def verify(self, url: str, headers: Mapping[str, str], body: bytes, *, service: str, now: float) -> Caller:
        """Return who signed a POST to `url` for `service`; `headers` have lower-case names.

        Raises Refusal, in the words of the service, for whatever is wrong with the signature.
        """
        proof = _PROOF.fullmatch(headers.get("authorization", ""))
        if proof is None:
            raise signature_refusal(service, "no_token", "Missing Authentication Token")
        if proof["service"] != service:
            raise signature_refusal(service, "bad_signature", f"Credential should be scoped to service: {service}.")
        caller = self._callers.get(proof["key"])
        token = headers.get("x-amz-security-token")
        if caller is None or token != caller.credentials.session_token:
            raise signature_refusal(service, "unknown_key", "The security token included in the request is invalid.")
        if not hmac.compare_digest(proof["signature"], _signature(caller, proof, url, headers, body)):
            why = "The request signature we calculated does not match the signature you provided."
            raise signature_refusal(service, "bad_signature", why)
        if abs(now - _moment(service, headers)) > SKEW_SECONDS:
            raise signature_refusal(service, "bad_signature", "Signature expired, or not yet valid.")
        return caller


def _signature(caller: Caller, proof: re.Match[str], url: str, headers: Mapping[str, str], body: bytes) -> str:
    names = set(proof["headers"].split(";"))
    service = proof["service"]
    if not names >= _ALWAYS_SENT or not names <= headers.keys():
        raise signature_refusal(service, "bad_signature", "SignedHeaders must name host, x-amz-date and headers sent.")
    signed = sign(
        caller.credentials,
        method="POST",
        url=url,
        headers={name: headers[name] for name in names - _ALWAYS_SENT},
        body=body,
        service=service,
        region=proof["region"],
        now=_moment(service, headers),
    )
    return signed["authorization"].rpartition("Signature=")[2]


def _moment(service: str, headers: Mapping[str, str]) -> float:
    try:
        return timegm(strptime(headers.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ"))
    except ValueError as error:
        raise _no_date(service) from error


def _no_date(service: str) -> Refusal:
    return signature_refusal(service, "bad_signature", "x-amz-date must be a date like 20261121T120000Z.")
