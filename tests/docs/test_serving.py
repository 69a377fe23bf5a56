"""docs/serving.md: its files are those that are tested, and its commands work."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from bench.paths import ROOT
from bench.storage.store import Store
from tests.support import postgresql
from tests.support.dockerfile import find_instruction
from tests.support.nginx import find_nginx, write_configuration
from tests.support.runs import make_colour_run

PAGE = (ROOT / "docs" / "serving.md").read_text()
SERVICE = ROOT / "deploy" / "fairlap.service"


def list_blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def find_commands(name: str) -> str:
    """The shell commands behind a comment `<!-- test: NAME -->`."""
    [found] = re.findall(rf"^<!-- test: {name} -->\n```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return found


def run_commands(name: str, **variables: object) -> None:
    environment = os.environ | {key: str(value) for key, value in variables.items()}
    done = subprocess.run(["sh", "-eu", "-c", find_commands(name)], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("language", "file"),
    [("nginx", "nginx.conf"), ("caddyfile", "Caddyfile"), ("ini", "fairlap.service")],
)
def test_the_page_shows_the_files_that_are_tested(language, file):
    assert list_blocks(language) == [(ROOT / "deploy" / file).read_text()]


@pytest.mark.skipif(find_nginx() is None, reason="nginx is not installed (Debian: apt-get install nginx-light)")
def test_nginx_accepts_the_configuration_as_it_is_documented(tmp_path):
    file = write_configuration(tmp_path, {})
    done = subprocess.run(
        [str(find_nginx()), "-t", "-c", file, "-e", tmp_path / "error.log"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_accepts_the_service(tmp_path):
    service = SERVICE.read_text()
    # The interpreter has to exist; the rest is as documented.
    assert service.count("/opt/fairlap/.venv/bin/python") == 1
    file = tmp_path / "fairlap.service"
    file.write_text(service.replace("/opt/fairlap/.venv/bin/python", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True)
    assert done.returncode == 0 and "fairlap.service" not in done.stderr, done.stderr


def test_the_container_example_fits_the_image():
    [commands] = [block for block in list_blocks("sh") if "docker run" in block]
    assert f":{find_instruction('VOLUME').text} " in commands
    assert f":{find_instruction('EXPOSE').text} " in commands
    assert ".streamlit/secrets.toml:ro" in PAGE and find_instruction("USER").text.partition(":")[0] in PAGE


def test_the_secrets_are_valid_toml_with_a_redirect_below_the_sub_path():
    [block] = list_blocks("toml")
    secrets = tomllib.loads(block)
    assert secrets["auth"]["redirect_uri"].endswith("/fairlap/oauth2callback")
    assert set(secrets["auth"]) >= {"cookie_secret", "client_id", "client_secret", "server_metadata_url"}


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_a_back_up_of_sqlite_is_restored(home, tmp_path):
    backup = tmp_path / "backup"
    backup.mkdir()
    run = make_colour_run(20)
    store = Store()
    store.save(run)
    (home / "uploads").mkdir(exist_ok=True)
    (home / "uploads" / "a").write_bytes(b"picture")
    # The store stays open: the newest run may be in the write-ahead log only.
    run_commands("back-up", FAIRLAP_HOME=home, BACKUP=backup)
    store.close()

    shutil.rmtree(home)
    run_commands("restore", FAIRLAP_HOME=home, BACKUP=backup)
    restored = Store()
    assert [row.id for row in restored.rows()] == [run.id]
    assert restored.load(run.id) == run
    restored.close()
    assert (home / "uploads" / "a").read_bytes() == b"picture"


@pytest.mark.skipif(bool(postgresql.why_missing()), reason=postgresql.why_missing() or "here")
@pytest.mark.skipif(shutil.which("pg_dump") is None, reason="pg_dump is not installed")
def test_a_back_up_of_postgresql_is_restored(tmp_path: Path, monkeypatch):
    with postgresql.run_server() as server, postgresql.make_database(server, "fairlap") as url:
        monkeypatch.setenv("FAIRLAP_DATABASE", url)
        address = url.replace("+psycopg", "")
        run = make_colour_run(20)
        store = Store()
        store.save(run)
        store.close()
        run_commands("back-up PostgreSQL", POSTGRESQL=address, BACKUP=tmp_path)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        engine.dispose()
        run_commands("restore PostgreSQL", POSTGRESQL=address, BACKUP=tmp_path)
        restored = Store()
        assert [row.id for row in restored.rows()] == [run.id]
        restored.close()
