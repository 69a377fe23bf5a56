"""Which hosts a browser names if it connects to this machine itself."""

import pytest

from ui.access.identity import _is_local_host


@pytest.mark.parametrize(
    "header", ["localhost", "localhost:8501", "127.0.0.1:8501", "[::1]:8501", "[::1]", "LocalHost:1"]
)
def test_names_of_this_machine(header: str) -> None:
    assert _is_local_host(header)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example:8977",
        "evil.localhost:8501",
        "localhost.evil.example",
        "192.168.1.7:8501",
        "user@localhost",
        "localhost/evil",
        "localhost:8501:1",
        "localhost, evil.example",
        "[::1",
        "",
    ],
)
def test_every_other_host_comes_from_elsewhere(header: str) -> None:
    assert not _is_local_host(header)
