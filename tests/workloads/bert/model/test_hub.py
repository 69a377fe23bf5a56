"""Checkpoints of the Hugging Face hub: a local server in place of the hub, the cache, and no network at all."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from bench.paths import ROOT
from tests.support import tiny_bert
from workloads.bert.model import checkpoint


def load_from_hub(tmp_path: Path, name: str, **environment: str) -> str:
    """The output of a new process that loads the hub's model `name`. Its cache is below `tmp_path`."""
    code = (
        "import sys; from bench.workload.interface import BadInput; from workloads.bert.model import checkpoint\n"
        "try:\n"
        "    made = checkpoint.load_checkpoint(sys.argv[1], lambda text, share=None: print(text))\n"
        "    print('read', made.digest, 'lowercase', made.casing.lowercase)\n"
        "except BadInput as error: print('refused:', error, '|', error.remedy)\n"
    )
    # A proxy at a closed port acts like a missing network.
    no_network = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, "-c", code, name],
        cwd=ROOT,
        env=os.environ
        | no_network
        | {"HF_HOME": str(tmp_path / "hub"), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def serve_hub(folder: Path) -> Iterator[str]:
    """Yield the address of a server that delivers the files of `folder` as the hub's model owner/model."""

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/owner/model/resolve/main/")
            file = folder / name
            if name == self.path or not file.is_file():
                self.send_response(404)
                self.send_header("X-Error-Code", "RepoNotFound" if name == self.path else "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            data = file.read_bytes()
            self.send_response(200)
            self.send_header("ETag", f'"{name}-{len(data)}"')
            self.send_header("X-Repo-Commit", "1" * 40)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
def test_a_hub_model_is_downloaded_with_progress_and_then_read_from_the_cache(tmp_path, tokenizer_json):
    folder = tiny_bert.save_model(tmp_path / "model", tokenizer_json=tokenizer_json, hidden_size=64)
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    made = checkpoint.read_checkpoint(folder)
    with serve_hub(folder) as address:
        output = load_from_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert "downloading: owner/model, model.safetensors, " in output
    assert f"read {made.digest} lowercase False" in output
    again = load_from_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert f"read {made.digest} lowercase False" in again
    assert " MB" not in again


def test_a_hub_model_in_several_files_is_downloaded_and_read_from_the_cache(tmp_path):
    folder = tiny_bert.save_model(tmp_path / "model")
    made = checkpoint.read_checkpoint(folder)
    tiny_bert.split_weights(folder)
    with serve_hub(folder) as address:
        output = load_from_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert "downloading: owner/model, model-00003-of-00003.safetensors" in output
    assert f"read {made.digest}" in output
    assert f"read {made.digest}" in load_from_hub(tmp_path, "owner/model", HF_HUB_OFFLINE="1")


def test_a_model_that_the_hub_lacks_is_refused(tmp_path):
    with serve_hub(tmp_path) as address:
        output = load_from_hub(tmp_path, "owner/nothing", HF_ENDPOINT=address)
    assert "refused: the hub did not deliver config.json of owner/nothing" in output


@pytest.mark.parametrize("missing", ["model.safetensors", "vocab.txt"])
def test_a_hub_model_that_lacks_a_file_is_refused(tmp_path, missing):
    (tiny_bert.save_model(tmp_path / "model") / missing).unlink()
    with serve_hub(tmp_path / "model") as address:
        output = load_from_hub(tmp_path, "owner/model", HF_ENDPOINT=address)
    assert "refused: " in output and missing in output.split("refused: ")[1]


@pytest.mark.parametrize("environment", [{"HF_HUB_OFFLINE": "1"}, {}], ids=["offline mode", "no network"])
def test_a_hub_model_that_is_not_cached_is_refused_soon_without_a_network(tmp_path, environment):
    output = load_from_hub(tmp_path, "fairlap-tests/no-such-model", **environment)
    assert "downloading: fairlap-tests/no-such-model, config.json" in output
    assert "refused: fairlap-tests/no-such-model is not cached on this machine and the hub cannot be reached" in output
    assert "hf download fairlap-tests/no-such-model" in output.split("|")[1]


@pytest.mark.parametrize("name", ["a b/c", "owner/--x", "owner/" + "x" * 200])
def test_an_invalid_hub_name_is_refused(tmp_path, name):
    assert "is not a valid name of the Hugging Face hub" in load_from_hub(tmp_path, name)


@pytest.mark.parametrize("tokenizer_json", [False, True], ids=["vocab.txt", "tokenizer.json"])
def test_a_hub_model_that_is_cached_is_read_without_a_network(tmp_path, tokenizer_json):
    """The layout of huggingface_hub's cache: refs name the commit, snapshots hold its files."""
    commit = "0" * 40
    cached = tmp_path / "hub" / "hub" / "models--fairlap-tests--small"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text(commit)
    tiny_bert.save_model(cached / "snapshots" / commit, tokenizer_json=tokenizer_json)
    code = (
        "import sys; from workloads.bert.model import checkpoint\nprint(checkpoint.load_checkpoint(sys.argv[1]).digest)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "fairlap-tests/small"],
        cwd=ROOT,
        env=os.environ | {"HF_HOME": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == checkpoint.read_checkpoint(cached / "snapshots" / commit).digest, done.stderr
