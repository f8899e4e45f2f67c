"""Which deployment a command talks to, and with which secrets: a named one, or the local cloud that runs here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from functions.local.cli_errors import bad_input
from functions.local.state_file import LocalState, read_state, state_path


@dataclass(frozen=True)
class Target:
    """A deployment's HTTP API. Secrets that are not configured are None. `local` is set for the local cloud."""

    url: str
    origin: str
    token: str | None = field(repr=False)
    webhook_secret: str | None = field(repr=False)
    local: LocalState | None = field(default=None, repr=False)

    def need_token(self) -> str:
        """The bearer token. Raises CommandFailed (2) where none is configured."""
        if not self.token:
            raise bad_input("PARITY_TOKEN: must hold the deployment's bearer token (its TokenSecret)")
        return self.token

    def need_webhook_secret(self) -> str:
        """The key that signs requests. Raises CommandFailed (2) where none is configured."""
        if not self.webhook_secret:
            raise bad_input("PARITY_WEBHOOK_SECRET: must hold the deployment's signing key (its WebhookSecret)")
        return self.webhook_secret


def find_target(named: str | None, env: Mapping[str, str]) -> Target:
    """The deployment that --target or PARITY_URL names, else the running local cloud. Raises CommandFailed (2)."""
    url = named or env.get("PARITY_URL") or ""
    if url:
        origin = "--target" if named else "PARITY_URL"
        return Target(
            url=_checked(url, origin),
            origin=origin,
            token=env.get("PARITY_TOKEN") or None,
            webhook_secret=env.get("PARITY_WEBHOOK_SECRET") or None,
        )
    path = state_path(env)
    state = read_state(path)
    if state is None:
        ended = " (the last one has ended)" if path.exists() else ""
        raise bad_input(
            f"--target: no local cloud is running{ended}; start one with `parity up`, or name a deployment "
            "with --target or PARITY_URL"
        )
    return Target(
        url=state.url,
        origin=f"the local cloud, process {state.pid}",
        token=state.token.get_secret_value(),
        webhook_secret=state.webhook_secret.get_secret_value(),
        local=state,
    )


def is_loopback(url: str) -> bool:
    """Whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked(url: str, origin: str) -> str:
    try:
        split = urlsplit(url)
        right = split.scheme in {"http", "https"} and split.hostname and split.port != 0
    except ValueError:
        right = False
    if not right or "@" in url or "?" in url or "#" in url or not url.isascii() or not url.isprintable():
        raise bad_input(f"{origin}: must be http:// or https:// with a host, without user, query or fragment")
    if url.startswith("http://") and not is_loopback(url):
        raise bad_input(f"{origin}: must be https:// (http:// is for this machine alone): the token would be readable")
    return url.rstrip("/")
