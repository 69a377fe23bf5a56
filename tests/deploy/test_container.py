"""The container: what the Dockerfile says, its command tried by hand, and a real image where Docker runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pytest
from websockets.sync.client import connect

from bench.paths import ROOT
from tests.support.dockerfile import (
    WORK_FOLDER,
    copy_sources,
    find_instruction,
    is_ignored,
    read_environment,
    read_instructions,
)
from tests.support.ports import find_free_port
from tests.support.processes import wait_until_gone
from tests.support.waiting import wait_for

STOP_LIMIT_S = 10
"""What Docker waits after SIGTERM before it kills."""
NOBODY = 65534


def why_no_docker() -> str:
    """Why no image can be built here; empty if it can."""
    if shutil.which("docker") is None:
        return "Docker is not installed"
    done = subprocess.run(["docker", "info"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"no Docker daemon runs: {done.stderr.strip()[-200:]}"


def test_the_container_is_not_root_has_a_health_check_and_keeps_its_data_in_a_volume():
    environment = read_environment()
    assert find_instruction("USER").text.partition(":")[0] not in ("", "0", "root")
    assert find_instruction("VOLUME").text == environment["FAIRLAP_HOME"]
    assert find_instruction("WORKDIR").text == WORK_FOLDER
    assert environment["STREAMLIT_SERVER_PORT"] == find_instruction("EXPOSE").text
    assert environment["STREAMLIT_SERVER_ADDRESS"] == "0.0.0.0"
    for name in ("ENTRYPOINT", "CMD"):
        assert find_instruction(name).text.startswith("["), "a shell would not pass signals on"
    command = find_instruction("HEALTHCHECK").text.partition("CMD ")[2]
    assert (ROOT / json.loads(command)[-1]).is_file()


def test_requirements_are_installed_before_the_source_is_copied():
    texts = [instruction.text for instruction in read_instructions()]
    installed = next(number for number, text in enumerate(texts) if "-r /tmp/requirements.txt" in text)
    copied = next(number for number, text in enumerate(texts) if text.startswith("bench "))
    assert installed < copied


@pytest.mark.parametrize(
    "path",
    [
        ".streamlit/secrets.toml",
        ".git/config",
        ".venv/bin/python",
        "bench/race/__pycache__/race.cpython-312.pyc",
        "tests/conftest.py",
        "fairlap.db",
        "assets/screenshots/race-dark.png",
    ],
)
def test_secrets_caches_and_tests_stay_out_of_the_image(path):
    assert is_ignored(PurePosixPath(path))


@pytest.fixture
def image_tree() -> Iterator[Path]:
    """The work folder of the image, in which nobody can write. Not in pytest's folder, which others may not enter."""
    outside = Path(tempfile.mkdtemp(prefix="fairlap-image-"))
    outside.chmod(0o755)
    folder = outside / "image"
    counts = copy_sources(folder)
    assert all(counts.values()), f"COPY without files: {counts}"
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    shutil.rmtree(outside)


def as_nobody() -> list[str]:
    """Words before a command that is to run as another user, who may read the interpreter wherever it is."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return []
    capability = "-all,+dac_read_search"
    identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    return ["setpriv", *identity, f"--inh-caps={capability}", f"--ambient-caps={capability}"]


def make_environment(image_tree: Path, port: int) -> dict[str, str]:
    """The variables of the image on this machine, below the sub-path /fairlap."""
    folders = {"FAIRLAP_HOME": image_tree.parent / "data", "FAIRLAP_QUEUE": image_tree.parent / "queue"}
    for folder in folders.values():
        folder.mkdir(exist_ok=True)
        if as_nobody():
            os.chown(folder, NOBODY, NOBODY)
    settings = {"STREAMLIT_SERVER_PORT": str(port), "STREAMLIT_SERVER_BASE_URL_PATH": "fairlap"}
    changed = {name: str(folder) for name, folder in folders.items()} | settings
    return read_environment() | {"PATH": os.environ["PATH"], "HOME": str(folders["FAIRLAP_HOME"])} | changed


def make_command(words: list[str]) -> list[str]:
    """A command of the image with this machine's Python. tini is left out where it is not installed."""
    if words[0] == "tini" and shutil.which("tini") is None:
        words = words[words.index("--") + 1 :]
    return [sys.executable if word == "python" else word for word in words]


@contextmanager
def run_command(words: list[str], image_tree: Path, environment: dict[str, str], log: Path) -> Iterator:
    """A command of the image as another user."""
    with log.open("wb") as out:
        process = subprocess.Popen([*as_nobody(), *words], cwd=image_tree, env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_command_starts_in_a_fresh_folder_as_another_user_and_stops_in_time(image_tree, tmp_path):
    port, log = find_free_port(), tmp_path / "server.log"
    environment = make_environment(image_tree, port)
    check = make_command(json.loads(find_instruction("HEALTHCHECK").text.partition("CMD ")[2]))
    server = make_command([*find_instruction("ENTRYPOINT").words(), *find_instruction("CMD").words()])

    def is_healthy() -> bool:
        done = subprocess.run(check, cwd=image_tree, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 or "does not answer" in done.stderr
        return done.returncode == 0

    assert not is_healthy()
    with run_command(server, image_tree, environment, log) as process:
        wait_for(is_healthy)
        if as_nobody():
            assert Path(f"/proc/{process.pid}").stat().st_uid == NOBODY
        race = make_command(["python", "-m", "bench", "run", "colour-quantization", "--cores", "1", "--budget", "2"])
        done = subprocess.run(
            [*as_nobody(), *race], cwd=image_tree, env=environment, capture_output=True, text=True, timeout=200
        )
        assert done.returncode == 0, done.stdout + done.stderr
        # A page that is open does not hold up the end of the server.
        with connect(f"ws://127.0.0.1:{port}/fairlap/_stcore/stream", subprotocols=["streamlit"]):
            process.terminate()
            assert process.wait(STOP_LIMIT_S) is not None
    assert "Traceback" not in log.read_text(), log.read_text()
    assert not wait_until_gone(Path(environment["FAIRLAP_HOME"]))


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_the_image_is_built_and_runs():
    if reason := why_no_docker():
        pytest.skip(reason)
    tag, name = f"fairlap-test-{os.getpid()}", f"fairlap-test-{os.getpid()}"

    def docker(*words: str) -> str:
        done = subprocess.run(["docker", *words], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    docker("build", "--tag", tag, ".")
    try:
        docker("run", "--detach", "--name", name, "--shm-size=1g", "--health-interval=2s", tag)
        wait_for(lambda: docker("inspect", "--format={{.State.Health.Status}}", name) == "healthy", 120)
        assert docker("exec", name, "id", "-u") != "0"
        printed = docker("exec", name, "python", "-m", "bench", "run", "colour-quantization", "--budget", "1")
        assert "colour" in printed.lower()
        asked = time.monotonic()
        docker("stop", name)
        assert time.monotonic() - asked < STOP_LIMIT_S
        assert docker("inspect", "--format={{.State.ExitCode}}", name) != "137", "it had to be killed"
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], capture_output=True)
        subprocess.run(["docker", "rmi", "--force", tag], capture_output=True)
