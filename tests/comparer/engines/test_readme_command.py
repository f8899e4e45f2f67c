"""What the README says of comparing servers is run as it stands there, with the servers of the tests."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.comparer.engines.servers import Database

README = (Path(__file__).parents[3] / "README.md").read_text()
PARITY = Path(sys.executable).with_name("parity")


@pytest.mark.parametrize("pair", [("mysql", "postgres")], indirect=True)
def test_the_readmes_comparison_across_servers_finds_what_differs(pair: tuple[Database, Database]) -> None:
    command = re.search(r"`\.venv/bin/parity (compare mysql://\S+ postgresql://\S+ --contents)`", README)
    assert command
    for side, value in zip(pair, (1, 2), strict=True):
        side.run("CREATE TABLE t (id INTEGER PRIMARY KEY, v INTEGER)", f"INSERT INTO t VALUES (1, 1), (2, {value})")
    name, _, _, *options = command[1].split()
    words = [name, *(side.url for side in pair), *options, "--settle", "0"]
    ended = subprocess.run([PARITY, *words], check=False, capture_output=True, text=True)
    assert ended.returncode == 1, ended.stderr
    assert re.search(r"t +2 +2 +DIFFERENT +1 changed", ended.stdout), ended.stdout


@pytest.mark.parametrize(
    "name", ["connect_timeout", "statement_timeout", "connections", "password_env", "ssl_ca", "schema"]
)
def test_every_setting_of_a_url_that_the_readme_names_is_known(name: str) -> None:
    assert f"{name}=" in README
    package = Path(__file__).parents[3] / "functions/comparer"
    assert any(name in (package / engine / "url.py").read_text() for engine in ("postgres", "mysql"))
