"""Bad input at the command line: one clear line on standard error, exit code 2, never a traceback."""

import socket
from pathlib import Path

import pytest

from functions.local.cli import COMMANDS
from functions.local.samples import Samples
from tests.cli.conftest import Ended, Parity

ID = "cmp_" + "0" * 32


def assert_refused(ended: Ended, *words: str) -> None:
    """One line that says all the words, and nothing else."""
    assert ended.code == 2
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("parity: ")
    for word in words:
        assert word in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such-command",), ("no-such-command", "parity --help")),
        (("compare", "a.db"), ("TARGET", "parity compare --help")),
        (("compare", "a.db", "b.db", "--no-such-option"), ("--no-such-option",)),
        (("compare", "absent.db", "absent.db"), ("SOURCE", "absent.db", "no such file")),
        (("compare", "oracle://me:secret@host/db", "b.db"), ("SOURCE", "oracle", "allowed", "sqlite:///")),
        (("compare", "sqlite://host/a.db", "b.db"), ("SOURCE", "no host")),
        (("compare", "a.db", "b.db", "--differences", "3"), ("--differences", "--contents")),
        (("compare", "a.db", "b.db", "--tables", ","), ("--tables", "names")),
        (("compare", "a.db", "b.db", "--objects", "--tables", "t"), ("--tables", "--lines")),
        (("compare", "a.db", "b.db", "--contents", "--settle", "1"), ("--lag", "--settle")),
        (("compare", "a.db", "b.db", "--contents", "--tolerance", "a=-1"), ("--tolerance", "COLUMN=AMOUNT")),
        (("compare", "a.db", "b.db", "--lines", "--tolerance", "a=1"), ("--tolerance", "--contents")),
        (("comparer",), ("--jobs",)),
        (("comparer", "--jobs", "absent.toml"), ("--jobs", "absent.toml")),
        (("up", "--jobs", "absent.toml"), ("--jobs", "absent.toml")),
        (("up", "--parameter", "MinPollSeconds"), ("--parameter", "NAME=VALUE")),
        (("up", "--port", "70000"), ("--port", "65535")),
        (("watch", "42"), ("ID", "cmp_", "32")),
        (("watch", ID, "--timeout", "soon"), ("--timeout", "soon")),
        (("status", "cmp_XYZ"), ("ID", "cmp_")),
        (("cancel", ""), ("ID", "cmp_")),
        (("list", "--state", "sleeping"), ("--state", "accepted", "polling", "finished")),
        (("list", "--verdict", "fine"), ("--verdict", "consistent", "superseded")),
        (("list", "--limit", "0"), ("--limit", "1")),
        (("send", "absent.json"), ("FILE", "absent.json")),
    ],
)
def test_a_mistake_is_told_in_one_line(parity: Parity, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    assert_refused(parity(*arguments), *words)


@pytest.mark.parametrize(
    "url", ["postgres://me:secret@host/db", "postgresql:/me:secret@host/db", "mysql:me:secret@host"]
)
def test_a_password_in_a_url_is_not_repeated(parity: Parity, url: str) -> None:
    assert "secret" not in parity("compare", url, "b.db").err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("FILE", "JSON")),
        (b"[]", ("FILE", "JSON object")),
        (b"{", ("FILE", "JSON")),
        (b"\xff\xfe{}", ("FILE", "UTF-8")),
        (b"[" * 100_000, ("FILE", "nested")),
        (b'{"job_id": "' + b"x" * 140_000 + b'"}', ("FILE", "131072")),
    ],
)
def test_a_file_that_holds_no_request_is_refused_before_it_is_sent(
    parity: Parity, home: Path, content: bytes, words: tuple[str, ...]
) -> None:
    (home / "request.json").write_bytes(content)
    assert_refused(parity("send", "request.json"), *words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--id", "with.dot"), ("--id", "dot")),
        (("--id", "with space"), ("--id", "ASCII")),
        (("--id", "x" * 129), ("--id", "128")),
        (("--timeout", "5"), ("--timeout", "--watch")),
    ],
)
def test_an_option_of_send_that_cannot_be_meant_is_refused(
    parity: Parity, home: Path, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    (home / "request.json").write_text("{}")
    assert_refused(parity("send", "request.json", *options), *words)


@pytest.mark.parametrize("command", [("list",), ("status", ID), ("watch", ID), ("cancel", ID)])
def test_without_a_local_cloud_the_way_to_one_is_told(parity: Parity, command: tuple[str, ...]) -> None:
    assert_refused(parity(*command), "no local cloud is running", "parity up", "--target", "PARITY_URL")


@pytest.mark.parametrize(
    "url", ["ftp://host", "host", "https://", "https://me@host", "https://host?x=1", "https://h:99999"]
)
def test_a_target_that_is_no_address_is_refused(parity: Parity, url: str) -> None:
    assert_refused(parity("list", "--target", url), "--target", "http")


def test_a_target_that_would_show_the_token_to_the_network_is_refused(parity: Parity) -> None:
    assert_refused(parity("list", "--target", "http://parity.example.com"), "--target", "https://")


def test_missing_secrets_are_named_and_never_guessed(
    parity: Parity, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "request.json").write_text("{}")
    monkeypatch.setenv("PARITY_URL", "https://127.0.0.1:1")
    assert_refused(parity("list"), "PARITY_TOKEN")
    assert_refused(parity("send", "request.json"), "PARITY_WEBHOOK_SECRET")


@pytest.mark.parametrize("secret", ["whsec_$$$", "c2hvcnQ=", '{"keys": []}', "{"])
def test_a_signing_key_that_is_none_is_refused_without_being_shown(
    parity: Parity, home: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    (home / "request.json").write_text("{}")
    monkeypatch.setenv("PARITY_URL", "https://127.0.0.1:1")
    monkeypatch.setenv("PARITY_WEBHOOK_SECRET", secret)
    ended = parity("send", "request.json")
    assert_refused(ended, "PARITY_WEBHOOK_SECRET")
    assert secret == "{" or secret not in ended.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("jobs = 3", ("jobs",)),
        ('[jobs."j"]\nsource = "a.db"', ("jobs.j.target",)),
        ('[jobs."j"]\nsource = "a.db"\ntarget = "oracle://x"', ("jobs.j.target", "oracle")),
        ("[auth]\nproject_ids = []", ("auth.project_ids",)),
        ("nonsense", ("TOML",)),
    ],
)
def test_a_jobs_file_that_is_wrong_names_the_field(
    parity: Parity, home: Path, content: str, words: tuple[str, ...]
) -> None:
    (home / "jobs.toml").write_text(content)
    for command in ("comparer", "up"):
        assert_refused(parity(command, "--jobs", "jobs.toml"), "--jobs", *words)


def test_a_parameter_that_the_template_lacks_is_refused(parity: Parity) -> None:
    assert_refused(parity("up", "--port", "0", "--comparer-port", "0", "--parameter", "Nonsense=1"), "Nonsense")


def test_a_port_that_is_taken_is_named(parity: Parity, shop: Samples, home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        (home / "jobs.toml").write_text("")
        assert_refused(parity("comparer", "--jobs", "jobs.toml", "--port", port), "--port", port)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_explains_itself(parity: Parity, command: str) -> None:
    ended = parity(command, "--help")
    assert ended.code == 0
    assert f"parity {command}" in ended.out
    assert "Exit codes:" in ended.out
    assert max(map(len, ended.out.splitlines())) <= 80


def test_without_a_command_all_of_them_are_listed(parity: Parity) -> None:
    ended = parity()
    assert ended.code == 0
    assert all(command in ended.out for command in COMMANDS)
