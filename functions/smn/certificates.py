"""The certificate that signs: fetched from a host that is pinned first, kept for a day, and held against a signature.

A delivery names its own certificate, so the name is believed only where the topic's configuration has the host:
otherwise anybody could bring a certificate of their own, and have us call any address.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from yarl import URL

from functions.pipeline.edge import Edge
from functions.smn.envelope import Envelope, Unproved

KEPT_SECONDS = 86_400.0
MOST_BYTES = 8 * 1024
MOST_FETCHES, FETCHES_WITHIN_SECONDS = 10, 60.0
"""Strangers name certificates too: they must not set our rate of calls."""
SHORTEST_KEY, LONGEST_KEY = 2048, 8192
_MOST_KEPT = 32
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_URL = re.compile(r"https://([a-z0-9.:-]{1,260})/[!-\[\]-~]{0,2000}", re.ASCII)
"""Strictly: two readers of one URL must not see two hosts in it. No user, no backslash, no capitals in the host."""


class Unreachable(Exception):
    """What SMN's host should answer didn't come; SMN is to send the same delivery again."""


@dataclass(frozen=True)
class _Certificate:
    key: RSAPublicKey
    begins: float
    ends: float
    fetched_at: float


def pinned(url: str, hosts: Sequence[str]) -> URL:
    """The URL where its host is one of `hosts`. Raises Unproved, naming the host, for our log."""
    found = _URL.fullmatch(url)
    if found is None:
        raise Unproved("a URL of the delivery must be https://, a host in lower case and a path")
    if found[1] not in hosts:
        raise Unproved(f"the host {found[1][:100]} is none of the topic's hosts; list it there if it is SMN's")
    return URL(url, encoded=True)


async def verify(envelope: Envelope, hosts: Sequence[str], edge: Edge) -> None:
    """Check that a certificate of `hosts` signed the delivery. Raises Unproved and Unreachable."""
    url = pinned(envelope.certificate_url, hosts)
    certificate = await _certificate(url, edge)
    if not certificate.begins <= edge.now() <= certificate.ends:
        raise Unproved("the certificate is not valid now")
    if not any(_signs(certificate.key, envelope.signature, text) for text in envelope.signed):
        raise Unproved("the signature is not one of the certificate's key")


def _signs(key: RSAPublicKey, signature: bytes, text: bytes) -> bool:
    try:
        key.verify(signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


async def call(url: URL, edge: Edge) -> bytes:
    """GET a pinned URL: no redirect is followed, and the answer has a limit. Raises Unreachable."""
    try:
        async with edge.session.get(url, allow_redirects=False, timeout=_TIMEOUT, ssl=_trust(edge.cache)) as answer:
            if answer.status != 200:
                raise Unreachable(f"SMN's host answered {answer.status}")
            body = bytearray()
            async for part in answer.content.iter_any():
                body += part
                if len(body) > MOST_BYTES:
                    raise Unreachable(f"SMN's host answered more than {MOST_BYTES} bytes")
            return bytes(body)
    except (aiohttp.ClientError, TimeoutError, OSError) as e:
        raise Unreachable(f"SMN's host gave no answer: {type(e).__name__}") from None


def _trust(cache: dict[str, Any]) -> ssl.SSLContext:
    """The certification authorities of the system; read once, as that takes a while."""
    if "smn_trust" not in cache:
        cache["smn_trust"] = ssl.create_default_context()
    trust: ssl.SSLContext = cache["smn_trust"]
    return trust


async def _certificate(url: URL, edge: Edge) -> _Certificate:
    kept: dict[URL, _Certificate] = edge.cache.setdefault("smn_certificates", {})
    async with edge.cache.setdefault("smn_fetching", asyncio.Lock()):
        found = kept.get(url)
        if found is None or edge.now() - found.fetched_at >= KEPT_SECONDS:
            _count_fetch(edge)
            found = _read(await call(url, edge), edge.now())
            if len(kept) >= _MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[url] = found
    return found


def _count_fetch(edge: Edge) -> None:
    now = edge.now()
    fetches: list[float] = edge.cache.setdefault("smn_fetches", [])
    fetches[:] = [at for at in fetches if now - at < FETCHES_WITHIN_SECONDS]
    if len(fetches) >= MOST_FETCHES:
        raise Unreachable("too many certificates were asked for within a minute")
    fetches.append(now)


def _read(pem: bytes, now: float) -> _Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except Exception as e:  # noqa: BLE001 - whatever the library raises for what isn't a certificate that it knows
        raise Unproved(f"what the certificate's URL holds is no certificate: {type(e).__name__}") from None
    if not isinstance(key, RSAPublicKey) or not SHORTEST_KEY <= key.key_size <= LONGEST_KEY:
        raise Unproved(f"the certificate's key must be RSA with {SHORTEST_KEY} to {LONGEST_KEY} bits")
    begins, ends = certificate.not_valid_before_utc.timestamp(), certificate.not_valid_after_utc.timestamp()
    return _Certificate(key, begins, ends, now)
