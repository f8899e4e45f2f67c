"""jobs.toml: what it says, and what is said about a wrong one."""

from pathlib import Path

import pytest

from functions.comparer.compare import compare_databases
from functions.comparer.jobs_file import BadJobsFile, read_jobs_file
from functions.comparer.server import default_store
from functions.comparer.urls import BadUrl
from tests.comparer.served import JOB, PROJECT, make_database, rows

GOOD = f"""
[auth]
project_ids = ["{PROJECT}"]
access_keys = {{ AKEXAMPLE = "env:AK_SECRET" }}
users = {{ migrator = "passw0rd" }}

[jobs."{JOB}"]
source = "sqlite:///data/source.db"
target = "data"
databases = {{ source = "shop_v2" }}
"""


def read(folder: Path, text: str, **env: str) -> object:
    (folder / "jobs.toml").write_text(text, encoding="utf-8")
    return read_jobs_file(folder / "jobs.toml", env)


def test_relative_paths_are_relative_to_the_file_and_secrets_come_from_the_environment(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    make_database(tmp_path / "data/source.db", *rows("t", 1))
    (tmp_path / "jobs.toml").write_text(GOOD)
    config = read_jobs_file(tmp_path / "jobs.toml", {"AK_SECRET": "s3cret"})
    job = config.jobs[JOB]
    assert job.source.names() == job.target.names() == {"source"}
    assert (job.source.single, job.target.single) == (True, False)
    assert (job.state, job.parent, job.databases) == ("INCRE_TRANSFER_STARTED", False, {"source": "shop_v2"})
    assert config.auth
    assert config.auth.access_keys["AKEXAMPLE"].get_secret_value() == "s3cret"
    assert "s3cret" not in repr(config)


def test_an_absolute_path_has_four_slashes(tmp_path: Path) -> None:
    file = make_database(tmp_path / "a b#?%41.db", *rows("t", 1))
    assert compare_databases(f"sqlite:///{file}", str(file)).complete


JOB_LINES = f'[jobs."{JOB}"]\nsource = "a.db"\ntarget = "b.db"\n'
WRONG = {
    "not TOML": ("[jobs", "not valid TOML"),
    "unknown table": ("[job]", "job: Extra inputs are not permitted"),
    "unknown field": (JOB_LINES + "colour = 1", f"jobs.{JOB}.colour: Extra inputs"),
    "no target": (f'[jobs."{JOB}"]\nsource = "a.db"', f"jobs.{JOB}.target: Field required"),
    "wrong state": (JOB_LINES + 'state = "running"', f"jobs.{JOB}.state: String should match"),
    "two into one": (JOB_LINES + 'databases = { a = "x", b = "x" }', "must not have the same target database"),
    "never confirmed": (JOB_LINES + "settle_seconds = 1", "lag_seconds must not be above settle_seconds"),
    "no tolerance": (JOB_LINES + "tolerances = { a = 0 }", "tolerances.a: Input should be greater than 0"),
    "another engine": (
        f'[jobs."{JOB}"]\nsource = "oracle://u:hunter2@h/d"\ntarget = "b.db"',
        f"jobs.{JOB}.source: the scheme 'oracle' is not supported; allowed: sqlite:///",
    ),
    "a host": (f'[jobs."{JOB}"]\nsource = "sqlite://a.db"\ntarget = "b.db"', "a SQLite URL has no host"),
    "no path": (f'[jobs."{JOB}"]\nsource = "sqlite:///"\ntarget = "b.db"', "no path"),
    "nobody's home": (
        f'[jobs."{JOB}"]\nsource = "~nobody-of-that-name/a.db"\ntarget = "b.db"',
        f"jobs.{JOB}.source: ~nobody-of-that-name is nobody's home here; allowed: sqlite:///",
    ),
    "nested without end": ("a = " + "[" * 100_000, "not valid TOML"),
    "wrong job id": ('[jobs."a b"]\nsource = "a.db"\ntarget = "b.db"', "jobs.a b"),
    "no project": ("[auth]\nproject_ids = []", "auth.project_ids: List should have at least 1 item"),
    "wrong project": ('[auth]\nproject_ids = ["x"]', "auth.project_ids.0: String should match"),
    "no variable": (GOOD, "auth.access_keys.AKEXAMPLE: the environment variable AK_SECRET must be set"),
    "empty secret": (f'[auth]\nproject_ids = ["{PROJECT}"]\nusers = {{ me = "" }}', "auth.users: 'me'"),
}


@pytest.mark.parametrize(("text", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_naming_the_field(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BadJobsFile) as refused:
        read(tmp_path, text)
    assert "jobs.toml" in str(refused.value)
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)


def test_a_secret_of_the_wrong_kind_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(BadJobsFile) as refused:
        read(tmp_path, f'[auth]\nproject_ids = ["{PROJECT}"]\naccess_keys = {{ AK = ["s3cret"] }}')
    assert "auth.access_keys.AK" in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_a_missing_file_and_one_that_is_not_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadJobsFile, match="No such file"):
        read_jobs_file(tmp_path / "jobs.toml", {})
    (tmp_path / "jobs.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadJobsFile, match="must be UTF-8"):
        read_jobs_file(tmp_path / "jobs.toml", {})


def test_comparing_by_an_unknown_url_names_what_is_allowed() -> None:
    with pytest.raises(BadUrl, match="allowed: sqlite:///"):
        compare_databases("oracle://u:hunter2@h/d", "b.db")


def test_the_default_store_follows_xdg() -> None:
    assert default_store({"XDG_STATE_HOME": "/state"}) == Path("/state/parity/comparer.db")
    assert default_store({}) == Path.home() / ".local/state/parity/comparer.db"
