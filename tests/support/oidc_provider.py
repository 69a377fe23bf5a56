"""A small OpenID Connect provider on loopback: discovery, authorize, token, keys. Its login page lists its people."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "fairlap", "client-secret-of-the-test"
LIFETIME_S = 300


@dataclass
class Provider:
    """Serves until the test ends. `people` are the claims of each person by a short name."""

    people: Mapping[str, Mapping[str, Any]]
    redirect_uri: str
    issuer: str = ""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
    )
    codes: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    """Code to the person and the parameters of the authorization request; each is redeemed once."""
    signed_in: list[str] = field(default_factory=list)

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    def login_page(self, request: dict[str, str]) -> str:
        assert request["client_id"] == CLIENT_ID and request["redirect_uri"] == self.redirect_uri
        assert request["response_type"] == "code" and request["code_challenge_method"] == "S256"
        links = "".join(
            f'<p><a href="/grant?{escape(urlencode(request | {"person": name}))}">{escape(name)}</a></p>'
            for name in self.people
        )
        return f"<!doctype html><title>Provider</title>{links}"

    def grant(self, request: dict[str, str]) -> str:
        """The address to return to, with a new code."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = request["person"], request
        return f"{self.redirect_uri}?{urlencode({'code': code, 'state': request['state']})}"

    def redeem(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """The tokens for a code. Raises KeyError and AssertionError for a request that a provider would refuse."""
        expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        assert authorization == f"Basic {expected}"
        person, request = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        assert request["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "sub": person, "iat": now, "exp": now + LIFETIME_S}
        claims |= {"nonce": request["nonce"]} | dict(self.people[person])
        self.signed_in.append(person)
        token = jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)
        return {
            "access_token": secrets.token_hex(8),
            "token_type": "Bearer",
            "id_token": token,
            "expires_in": LIFETIME_S,
        }


def _make_handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/.well-known/openid-configuration":
                self._answer_json(provider.metadata())
            elif parts.path == "/keys":
                self._answer_json({"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                self._answer(provider.login_page(query).encode(), "text/html; charset=utf-8")
            elif parts.path == "/grant":
                self.send_response(302)
                self.send_header("Location", provider.grant(query))
                self.end_headers()
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            fields = {name: values[0] for name, values in form.items()}
            self._answer_json(provider.redeem(fields, self.headers.get("Authorization", "")))

        def _answer_json(self, value: Any) -> None:
            self._answer(json.dumps(value).encode(), "application/json")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the test looks at what the provider has granted."""

    return Handler


@contextmanager
def serve_provider(people: Mapping[str, Mapping[str, Any]], redirect_uri: str) -> Iterator[Provider]:
    provider = Provider(people, redirect_uri)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _make_handler(provider))
    provider.issuer = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
