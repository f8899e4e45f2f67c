"""An SMN on a free port: certificates made on the spot, signatures by hand, and the ways in which its host fails."""

import base64
import json
import ssl
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Self

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from tests.triggers.sources import event_file

TOPIC = "urn:smn:cn-north-4:054ba152d480d55b2f5dc0069e7ddef0:cutover"
MAPPING: dict[str, Any] = {
    "when": "message.status == 'ended'",
    "request": {
        "job_id": "message.drs_job",
        "object_level_compare_type": "'objects'",
        "labels": {"asked_by": "subject"},
    },
}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
BEGINS, ENDS = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@cache
def rsa_key(number: int = 0, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key; each number is another one."""
    return rsa.generate_private_key(65537, bits)


def certificate(
    key: Key, issuer: Key | None = None, *, name: str = "SMN", begins: datetime = BEGINS, ends: datetime = ENDS
) -> bytes:
    """A certificate for `key` as PEM, signed by itself or by `issuer`; `name` is its host too."""
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's authority")]) if issuer else named
    built = (
        x509.CertificateBuilder()
        .subject_name(named)
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    return built.sign(issuer or key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class ServedSmn:
    """`url` is its host; `asked` counts paths; `answers` has what a path answers instead of the usual."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.key = rsa_key()
        self.asked: Counter[str] = Counter()
        self.answers: dict[str, web.Response] = {}
        self.certificate = certificate(self.key)
        self.host = ""

    async def __aenter__(self) -> Self:
        authority, own = rsa_key(1), rsa_key(2)
        self.trust = self._folder / "authority.pem"
        self.trust.write_bytes(certificate(authority, name="a test's authority"))
        chain, secret = self._folder / "own.pem", self._folder / "own.key"
        chain.write_bytes(certificate(own, authority, name="localhost"))
        secret.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(chain, secret)
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=tls).start()
        self.host = f"localhost:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def entry(self, **changes: Any) -> list[dict[str, Any]]:
        """The entry of the triggers secret that lets this SMN's topic in."""
        return [{"topic": TOPIC, "hosts": [self.host], "mapping": MAPPING} | changes]

    def fields(self, name: str, **changes: Any) -> dict[str, Any]:
        """The fields of an event file, of this host, unsigned; None takes one out."""
        fields: dict[str, Any] = json.loads(event_file(name)["body"])
        for field in ("signing_cert_url", "subscribe_url"):
            if field in fields:
                fields[field] = fields[field].replace("smn.cn-north-4.myhuaweicloud.com", self.host)
        return {name: value for name, value in (fields | changes).items() if value is not None}

    def signed(self, name: str, *, key: rsa.RSAPrivateKey | None = None, **changes: Any) -> dict[str, Any]:
        """An event file's fields with changes, signed as SMN signs."""
        return self.sign(self.fields(name, **changes), key=key)

    def sign(self, fields: Mapping[str, Any], key: rsa.RSAPrivateKey | None = None) -> dict[str, Any]:
        """The fields with their signature."""
        names = ["message", "message_id", "subject", "timestamp", "topic_urn", "type"]
        if fields["type"] != "Notification":
            names[2] = "subscribe_url"
        text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        made = (key or self.key).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return dict(fields) | {"signature": base64.b64encode(made).decode()}

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if given := self.answers.get(request.path):
            return web.Response(status=given.status, body=given.body, headers=given.headers)
        if request.path.endswith(".pem"):
            return web.Response(body=self.certificate)
        if request.path == "/smn/subscription/confirm":
            return web.json_response({"subscription_urn": f"{TOPIC}:2e77"})
        return web.Response(status=404)
