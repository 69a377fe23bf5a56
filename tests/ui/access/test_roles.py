"""The role of a signed-in person: by list or by claim, the highest counts. Unverified addresses count for nothing."""

import pytest

from ui.access.roles import AccessRules, find_role, identify_person
from ui.access.visitor import Denied, Role, Visitor, check_end, check_start, why_not_end, why_not_start

RULES = AccessRules(
    claim="roles",
    operators=frozenset({"olga@example.org"}),
    runners=frozenset({"ruth@example.org", "sub:7", "sub:https://a.example 8"}),
)


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"sub": "1", "email": "olga@example.org", "email_verified": True}, Role.OPERATOR),
        ({"sub": "1", "email": "olga@example.org", "email_verified": False}, Role.VIEWER),
        ({"sub": "1", "email": "olga@example.org"}, Role.VIEWER),
        ({"sub": "olga@example.net", "name": "olga@example.org"}, Role.VIEWER),
        ({"sub": "olga@example.org", "email": "olga@example.org", "email_verified": False}, Role.VIEWER),
        ({"sub": "olga@example.org"}, Role.VIEWER),
        ({"sub": "7"}, Role.RUNNER),
        ({"sub": "sub:7"}, Role.VIEWER),
        ({"sub": "1", "email": "sub:7", "email_verified": True}, Role.VIEWER),
        ({"iss": "https://a.example", "sub": "8"}, Role.RUNNER),
        ({"iss": "https://b.example", "sub": "8"}, Role.VIEWER),
        ({"iss": "https://b.example", "sub": "https://a.example 8"}, Role.VIEWER),
        ({"sub": "8"}, Role.VIEWER),
        ({"sub": "2", "roles": ["runner", "other"]}, Role.RUNNER),
        ({"sub": "2", "roles": "operator"}, Role.OPERATOR),
        ({"sub": "2", "roles": "operators"}, Role.VIEWER),
        ({"sub": "2", "roles": {"operator": 1}}, Role.VIEWER),
        ({"sub": "7", "roles": ["viewer"]}, Role.RUNNER),
        ({}, Role.VIEWER),
    ],
)
def test_role(claims: dict, role: Role) -> None:
    assert find_role(claims, RULES) is role


def test_two_providers_may_have_the_same_subject() -> None:
    one, other = ({"iss": issuer, "sub": "1", "name": "Ann"} for issuer in ("https://a.example", "https://b.example"))
    assert identify_person(one, RULES).id != identify_person(other, RULES).id
    assert identify_person(one, RULES).name == "Ann"
    assert "Ann" not in identify_person(one, RULES).id


OWNER = "browser:1"


@pytest.mark.parametrize(
    ("visitor", "starts", "ends_own", "ends_others"),
    [
        (Visitor(Role.VIEWER, OWNER), False, False, False),
        (Visitor(Role.RUNNER, OWNER), True, True, False),
        (Visitor(Role.RUNNER, ""), False, False, False),
        (Visitor(Role.OPERATOR, OWNER), True, True, True),
        (Visitor(Role.OPERATOR, ""), True, True, True),
    ],
)
def test_what_each_role_may_do(visitor: Visitor, starts: bool, ends_own: bool, ends_others: bool) -> None:
    assert (not why_not_start(visitor)) is starts
    assert (not why_not_end(visitor, OWNER)) is ends_own
    for other in ("browser:2", "", None):
        assert (not why_not_end(visitor, other)) is ends_others
    if not starts:
        with pytest.raises(Denied):
            check_start(visitor)
    if not ends_others:
        with pytest.raises(Denied, match="who started it"):
            check_end(visitor, "")
