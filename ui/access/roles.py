"""The roles of people who sign in, from the section [access] of Streamlit's secrets."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.secrets import secrets_singleton

from bench.system.environment import SettingsError
from ui.access.visitor import Role, Visitor

SUBJECT_PREFIX = "sub:"


class AccessRules(BaseModel):
    """The section [access] of secrets.toml. Every key is optional."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    anonymous: Role = Role.VIEWER
    """Role of visitors who have not signed in."""
    default: Role = Role.VIEWER
    """Role of signed-in people whom nothing else gives a role."""
    claim: str = ""
    """Name of the claim of the identity token whose text, or list of texts, has names of roles."""
    operators: frozenset[str] = Field(default_factory=frozenset[str])
    """E-mail addresses that the provider has verified, or subjects: `sub:SUBJECT`, with several providers
    `sub:ISSUER SUBJECT`."""
    runners: frozenset[str] = Field(default_factory=frozenset[str])
    viewers: frozenset[str] = Field(default_factory=frozenset[str])


_sign_in_seen = threading.Event()
"""Set once the server has found sign-in configured. Without sign-in it works again only after a restart."""


def is_sign_in_configured() -> bool:
    """Whether secrets.toml has the section [auth], which Streamlit's `st.login` uses.

    Raises SettingsError if the secrets exist and cannot be used, or if they no longer configure sign-in: a typo in a
    file that Streamlit reloads while it is edited must not give every visitor the rights of a server without sign-in.
    """
    secrets = _read_secrets()
    if secrets.get("auth"):
        _sign_in_seen.set()
        return True
    if _sign_in_seen.is_set():
        raise SettingsError(
            "Sign-in was configured when this server started, and secrets.toml has no section [auth] now. Restore it, "
            "or start the server again without sign-in."
        )
    if "auth" in secrets or "access" in secrets:
        raise SettingsError(
            "secrets.toml has settings of sign-in, but its section [auth] is missing or empty. Complete it, or remove "
            "[auth] and [access]."
        )
    return False


def _read_secrets() -> Mapping[str, Any]:
    """The secrets; empty if there is no file of them. Raises SettingsError if there is one that cannot be read."""
    try:
        return secrets_singleton.to_dict()
    except StreamlitSecretNotFoundError as error:
        # Streamlit raises it for a missing file and for a damaged one.
        if not any(os.path.lexists(path) for path in config.get_option("secrets.files")):
            return {}
        raise SettingsError(f"The secrets of sign-in cannot be read: {error} Repair or remove the file.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The secrets of sign-in cannot be read: {error}. Make secrets.toml a readable file, or remove it."
        ) from error


def read_rules() -> AccessRules:
    """The rules, checked. Raises SettingsError.

    Neither `anonymous` nor `default` may be operator: everybody would be one, or everybody whom a provider knows.
    """
    secrets = _read_secrets()
    section = secrets.get("access")
    try:
        rules = AccessRules.model_validate({} if section is None else section)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"The section [access] of secrets.toml is not valid, {where}: {first['msg']}.") from error
    for name in ("anonymous", "default"):
        if getattr(rules, name) is Role.OPERATOR:
            raise SettingsError(
                f"The section [access] of secrets.toml has {name} = 'operator', which makes everybody an operator who "
                f"{'opens the page' if name == 'anonymous' else 'signs in'}. List the operators instead."
            )
    for entry in sorted(rules.operators | rules.runners | rules.viewers):
        _check_entry(entry, _count_providers(secrets.get("auth")))
    return rules


def _count_providers(auth: object) -> int:
    """The providers in the section [auth]: each named one has a section in it, and another one may be in it itself."""
    if not isinstance(auth, Mapping):
        return 0
    return sum(isinstance(value, Mapping) for value in auth.values()) + ("client_id" in auth)


def _check_entry(entry: str, provider_count: int) -> None:
    """Raises SettingsError if an entry of a list is neither an e-mail address nor one subject of one provider."""
    if not entry.startswith(SUBJECT_PREFIX):
        if "@" not in entry:
            raise SettingsError(
                f"The section [access] of secrets.toml lists {entry!r}, expected an e-mail address or, for a subject, "
                f"'{SUBJECT_PREFIX}{entry}'."
            )
    elif provider_count > 1 and " " not in entry:
        raise SettingsError(
            f"The section [access] of secrets.toml lists {entry!r}, but there are {provider_count} providers, which "
            f"may give the same subject to different people. Expected '{SUBJECT_PREFIX}ISSUER SUBJECT', such as "
            f"'{SUBJECT_PREFIX}https://login.example.org {entry.removeprefix(SUBJECT_PREFIX)}'."
        )


def identify_person(claims: Mapping[str, Any], rules: AccessRules) -> Visitor:
    """The visitor whom a provider's identity token describes."""
    subject = f"{claims.get('iss', '')}\n{claims.get('sub', '')}"
    digest = hashlib.sha256(subject.encode()).hexdigest()
    name = claims.get("name") or claims.get("email") or claims.get("preferred_username") or f"person {digest[:6]}"
    return Visitor(find_role(claims, rules), f"person:{digest}", str(name), signed_in=True)


def find_role(claims: Mapping[str, Any], rules: AccessRules) -> Role:
    """The highest role that a list or the claim gives. An address that the provider calls unverified is ignored."""
    names = _list_names(claims)
    value = claims.get(rules.claim) if rules.claim else None
    claimed = {str(item) for item in value} if isinstance(value, list | tuple) else {str(value)}
    for role, listed in (
        (Role.OPERATOR, rules.operators),
        (Role.RUNNER, rules.runners),
        (Role.VIEWER, rules.viewers),
    ):
        if names & listed or role.value in claimed:
            return role
    return rules.default


def _list_names(claims: Mapping[str, Any]) -> set[str]:
    """How lists may name a person. No provider can choose a subject or an address that looks like one of another."""
    names = set[str]()
    issuer, subject, address = (str(claims.get(name) or "") for name in ("iss", "sub", "email"))
    if subject and issuer:
        names.add(f"{SUBJECT_PREFIX}{issuer} {subject}")
    if subject and " " not in subject:
        names.add(f"{SUBJECT_PREFIX}{subject}")
    if claims.get("email_verified") in (True, "true") and address and not address.startswith(SUBJECT_PREFIX):
        names.add(address)
    return names
