"""What `parity up` shows: every address and secret of the local cloud, on purpose, and a webhook to copy and paste."""

from collections.abc import Mapping

from functions.comparer.jobs_file import AuthConfig
from functions.local.curl import curl_lines, sample_request
from functions.local.rendering import DIM, NEVER, Screen
from functions.local.stage import Stage
from functions.local.state_file import LocalState

_RUNTIMES = {"processes": "under the Lambda runtime client", "in_process": "in this process"}
_COLUMN = 16


def show_addresses(screen: Screen, running: Stage, state: LocalState, auth: AuthConfig | None) -> None:
    """Write where everything is, and with which secrets."""
    cloud, access = running.cloud, running.cloud.access()
    screen.line(("Parity is up", "bold green"), f": template.yaml, functions {_RUNTIMES[running.runtime]}")
    _section(
        screen,
        "webhook door",
        {"POST": f"{cloud.url}/comparisons", "signing key": state.webhook_secret.get_secret_value()},
    )
    _section(
        screen,
        "status door",
        {"GET, DELETE": f"{cloud.url}/comparisons/ID", "token": state.token.get_secret_value()},
    )
    _section(
        screen,
        "AWS",
        {
            "endpoint": cloud.endpoint,
            "region": access["AWS_REGION"],
            "access key": access["AWS_ACCESS_KEY_ID"],
            "secret key": access["AWS_SECRET_ACCESS_KEY"],
            "requests queue": cloud.queue("RequestsQueue").url,
            "results topic": cloud.resource("ResultsTopic").arn,
        },
    )
    _section(screen, "comparison API", {"endpoint": running.comparer.url, **_credentials(auth)})
    _section(screen, "", {"project": ", ".join(running.projects), "DRS jobs": ", ".join(running.job_ids) or "none"})


def show_what_to_try(screen: Screen, running: Stage, state: LocalState) -> None:
    """Write a webhook to copy and paste, and the commands that find this cloud by themselves."""
    if not running.job_ids:
        return
    body = sample_request(running.job_ids[0])
    screen.line()
    screen.line(("Try it", "bold"), (" (bash, openssl and curl)", DIM))
    screen.verbatim(curl_lines(running.cloud.url, state.webhook_secret.get_secret_value(), body))
    screen.line()
    screen.line(("Or in another terminal: ", DIM), "parity send FILE --watch", ("; ", DIM), "parity list")
    screen.line(("Ctrl-C stops everything and removes it.", DIM))
    screen.line()


def _section(screen: Screen, title: str, facts: Mapping[str, str]) -> None:
    if title:
        screen.line((title, "bold"))
    for name, value in facts.items():
        screen.line((f"  {name:<{_COLUMN}}", DIM), value, hang=NEVER)


def _credentials(auth: AuthConfig | None) -> dict[str, str]:
    if auth is None:
        return {"credentials": "any"}
    keys = {f"key {name}": secret.get_secret_value() for name, secret in auth.access_keys.items()}
    return keys | {f"user {name}": secret.get_secret_value() for name, secret in auth.users.items()}
