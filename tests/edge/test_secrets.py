"""What the texts of the door secrets mean, and how long a text is kept."""

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.pipeline import log
from functions.pipeline.aws import AwsError, Secret
from functions.pipeline.credentials_text import BadSecret, bearer_tokens, token_matches, webhook_keys
from functions.pipeline.secrets import Secrets

KEY = bytes(range(24))
TEXT = base64.b64encode(KEY).decode()


class Vault:
    """A secret store whose clock and contents the test sets."""

    def __init__(self, *texts: str | AwsError) -> None:
        self.texts = list(texts)
        self.reads = 0
        self.time = 1000.0

    async def get_secret(self, secret_id: str) -> Secret:
        await asyncio.sleep(0)
        self.reads += 1
        text = self.texts.pop(0) if len(self.texts) > 1 else self.texts[0]
        if isinstance(text, AwsError):
            raise text
        return Secret(text, f"v{self.reads}")

    def open(self, cache: dict[str, Any] | None = None) -> Secrets:
        return Secrets(self, {} if cache is None else cache, lambda: self.time)


def only(text: str) -> Callable[[str], bool]:
    return lambda given: given == text


def test_one_string_is_one_key_with_or_without_its_prefix() -> None:
    assert webhook_keys(TEXT) == webhook_keys(f"whsec_{TEXT}\n") == [KEY]


def test_several_keys_come_newest_first() -> None:
    newer = base64.b64encode(bytes(32)).decode()

    assert webhook_keys(f'{{"keys": ["whsec_{newer}", "{TEXT}"]}}') == [bytes(32), KEY]


@pytest.mark.parametrize("text", ["", " \n", "{}", '{"keys": []}', '{"keys": [""]}'])
def test_nothing_configured_is_no_key_and_no_token(text: str) -> None:
    assert webhook_keys(text) == []
    assert bearer_tokens(text) == []
    assert not token_matches("", bearer_tokens(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("whsec_ü" + TEXT, "key 1 of the webhook secret must be base64"),
        ("hunter2-hunter2-hunter2-hunter2-", "key 1 of the webhook secret must be base64"),
        (base64.b64encode(bytes(23)).decode(), "24 to 64 bytes"),
        (base64.b64encode(bytes(65)).decode(), "24 to 64 bytes"),
        (f'{{"keys": ["{TEXT}", "x"]}}', "key 2"),
        ('{"keys": ', "JSON"),
        ('{"keys": "one"}', "newest first"),
        ('{"keys": [1]}', "newest first"),
        ('{"key": ["one"]}', "newest first"),
    ],
)
def test_a_secret_that_cant_be_read_is_refused_without_being_told(text: str, reason: str) -> None:
    with pytest.raises(BadSecret, match=reason) as caught:
        webhook_keys(text)

    assert "hunter2" not in str(caught.value)


@given(st.text())
def test_any_text_is_keys_or_a_bad_secret(text: str) -> None:
    try:
        keys = webhook_keys(text)
    except BadSecret:
        return
    assert all(24 <= len(key) <= 64 for key in keys)


def test_a_password_that_secrets_manager_generates_is_a_key() -> None:
    # 44 letters and digits, as the template asks for.
    assert len(webhook_keys("aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kM9nP2rS")[0]) == 33


@given(tokens=st.lists(st.text("abc", min_size=1), min_size=1, max_size=3), guess=st.text())
def test_a_token_opens_only_if_it_is_one_of_those_configured(tokens: list[str], guess: str) -> None:
    assert token_matches(tokens[-1], tokens)
    assert token_matches(guess, tokens) == (guess in tokens)


def test_a_token_with_a_space_in_it_is_refused() -> None:
    with pytest.raises(BadSecret, match="token 1"):
        bearer_tokens("two words")


def test_a_secret_is_read_once_in_five_minutes() -> None:
    vault, cache = Vault("old", "new"), dict[str, Any]()

    async def journey() -> list[str]:
        first = await vault.open(cache).value("s")
        vault.time += 299
        second = await vault.open(cache).value("s")
        vault.time += 1
        return [first, second, await vault.open(cache).value("s"), await vault.open(cache).version("s")]

    assert asyncio.run(journey()) == ["old", "old", "new", "v2"]


def test_messages_of_one_batch_wait_for_one_read() -> None:
    vault = Vault("text")

    async def journey() -> list[str]:
        secrets = vault.open()
        return await asyncio.gather(*(secrets.value("s") for _ in range(10)))

    assert asyncio.run(journey()) == ["text"] * 10
    assert vault.reads == 1


def test_a_failed_check_is_made_once_more_against_a_fresh_read() -> None:
    vault = Vault("old", "new")

    async def journey() -> bool:
        secrets = vault.open()
        await secrets.value("s")
        vault.time += 10
        return await secrets.accepts("s", only("new"))

    assert asyncio.run(journey())
    assert vault.reads == 2


def test_failed_checks_read_at_most_once_in_ten_seconds() -> None:
    vault = Vault("text")

    async def journey() -> list[bool]:
        secrets, answers = vault.open(), []
        for _ in range(100):
            answers.append(await secrets.accepts("s", only("forged")))
            vault.time += 0.5
        return answers

    assert not any(asyncio.run(journey()))
    assert vault.reads == 5


def test_a_check_that_holds_reads_nothing_more() -> None:
    vault = Vault("text")

    async def journey() -> list[bool]:
        secrets = vault.open()
        return [await secrets.accepts("s", only("text")) for _ in range(3)]

    assert asyncio.run(journey()) == [True] * 3
    assert vault.reads == 1


def test_a_secret_that_doesnt_exist_reads_as_nothing() -> None:
    vault = Vault(AwsError("ResourceNotFoundException", 400, "Secrets Manager can't find the specified secret."))

    assert asyncio.run(vault.open().value("s")) == ""


def test_a_secret_that_cant_be_read_now_is_an_error_and_not_a_closed_door() -> None:
    vault = Vault(AwsError("InternalServiceError", 500, "later"), "text")

    async def journey() -> str:
        secrets = vault.open()
        with pytest.raises(AwsError, match="InternalServiceError"):
            await secrets.value("s")
        return await secrets.value("s")

    assert asyncio.run(journey()) == "text"


def test_after_a_read_the_secret_parts_are_in_no_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    projects = """{"054ba152d480d55b2f5dc0069e7ddef0":
        {"region": "ap-southeast-1", "auth": "aksk", "access_key": "AKOFAPROJECT", "secret_key": "SKOFAPROJECT"}}"""

    asyncio.run(Vault(projects).open().value("s"))
    log.get_logger().info("x", told="ap-southeast-1 refused AKOFAPROJECT with SKOFAPROJECT")

    assert '"told":"ap-southeast-1 refused *** with ***"' in capsys.readouterr().out


def test_after_a_read_a_plain_secret_is_in_no_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(Vault(f"whsec_{TEXT}").open().value("s"))
    log.get_logger().info("x", told=f"got whsec_{TEXT}")

    assert '"told":"got ***"' in capsys.readouterr().out
