"""Sign-in by OpenID Connect, with a provider on loopback and a real browser: what each role may do."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from bench.run.events import State
from bench.storage.store import Store
from tests.support.browser import (
    Server,
    find_run_button,
    find_stop_button,
    open_page,
    start_server,
    wait_for_run_id,
    wait_for_state,
    wait_until_drawn,
)
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, serve_provider
from tests.support.ports import find_free_port
from tests.support.waiting import wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

PEOPLE = {
    "vera": {"name": "Vera", "email": "vera@example.org", "email_verified": True},
    "ruth": {"name": "Ruth", "email": "ruth@example.org", "email_verified": True, "groups": ["runner"]},
    "olga": {"name": "Olga", "email": "olga@example.org", "email_verified": True},
    "mallory": {"name": "Olga", "email": "olga@example.org", "email_verified": False},
}
SECRETS = """
[auth]
redirect_uri = "{redirect_uri}"
cookie_secret = "a-cookie-secret-of-the-test-that-is-long-enough"
client_id = "{client_id}"
client_secret = "{client_secret}"
server_metadata_url = "{issuer}/.well-known/openid-configuration"

[access]
anonymous = "viewer"
claim = "groups"
operators = ["olga@example.org"]
"""


@pytest.fixture
def provider_and_server(home, no_orphans, tmp_path, monkeypatch) -> Iterator[tuple[Provider, Server]]:
    monkeypatch.setenv("FAIRLAP_MODE", "served")
    port = find_free_port()
    redirect_uri = f"http://localhost:{port}/oauth2callback"
    with serve_provider(PEOPLE, redirect_uri) as provider:
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            SECRETS.format(
                redirect_uri=redirect_uri, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, issuer=provider.issuer
            )
        )
        server = start_server(tmp_path / "server.log", f"--secrets.files={secrets}", port=port)
        yield provider, server
        server.stop()
        log = server.log.read_text()
        assert "Traceback" not in log, log[-3000:]
        assert "1 operators and 0 runners are listed" in log, log[:2000]


def sign_in(browser, server: Server, person: str):
    """A page of a new browser in which `person` has signed in."""
    page = open_page(browser)
    page.goto(server.address)
    wait_until_drawn(page)
    page.get_by_role("button", name=re.compile("Sign in$")).click()
    page.get_by_role("link", name=person, exact=True).click()
    page.get_by_role("button", name=re.compile("Sign out$")).wait_for()
    return page


def test_roles_of_signed_in_people(browser, provider_and_server) -> None:
    provider, server = provider_and_server
    race = f"{server.address}/colour-quantization?budget_s=120&target=0&cores=1"

    stranger = open_page(browser)
    stranger.goto(race)
    find_run_button(stranger).wait_for()
    wait_until_drawn(stranger)
    expect(find_run_button(stranger)).to_be_disabled()

    viewer = sign_in(browser, server, "vera")
    viewer.goto(race)
    viewer.get_by_test_id("stSidebar").get_by_text("Vera, viewer").wait_for()
    wait_until_drawn(viewer)
    expect(find_run_button(viewer)).to_be_disabled()

    runner = sign_in(browser, server, "ruth")
    runner.goto(race)
    runner.get_by_test_id("stSidebar").get_by_text("Ruth, runner").wait_for()
    find_run_button(runner).click()
    wait_for_state(runner, "racing")
    run_id = wait_for_run_id(runner)
    viewer.goto(f"{server.address}/colour-quantization?run={run_id}")
    expect(find_stop_button(viewer)).to_be_disabled()
    find_stop_button(runner).click()
    row = wait_for(lambda: Store().row(run_id))
    assert (row.state, row.requester) == (State.STOPPED, "Ruth")
    assert row.owner.startswith("person:") and "ruth" not in row.owner

    impostor = sign_in(browser, server, "mallory")
    for person, may_delete in ((viewer, False), (impostor, False)):
        person.goto(f"{server.address}/runs?run={run_id}")
        button = person.get_by_role("button", name=re.compile("Delete$"))
        button.wait_for()
        wait_until_drawn(person)
        expect(button).to_be_enabled(enabled=may_delete)

    operator = sign_in(browser, server, "olga")
    operator.goto(f"{server.address}/runs?run={run_id}")
    operator.get_by_role("button", name=re.compile("Delete$")).wait_for()
    # A dialog that is opened while the page still builds up closes again.
    wait_until_drawn(operator)
    operator.get_by_role("button", name=re.compile("Delete$")).click()
    operator.get_by_role("dialog").get_by_role("button", name=re.compile("Delete$")).click()
    wait_for(lambda: Store().row(run_id) is None)
    assert provider.signed_in == ["vera", "ruth", "mallory", "olga"]
    operator.get_by_role("button", name=re.compile("Sign out$")).click()
    operator.get_by_role("button", name=re.compile("Sign in$")).wait_for()
