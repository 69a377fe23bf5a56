"""The version guard of adapter modules, with a package that is always there: pytest."""

from __future__ import annotations

import importlib.metadata

import pytest

from bench.workload.library_guard import LibraryGuard, UnsupportedLibrary

INSTALLED = importlib.metadata.version("pytest")
PURPOSE = "count collected tests"


def guard(tested: str = f"=={INSTALLED}", distribution: str = "pytest") -> LibraryGuard:
    return LibraryGuard(distribution, tested, PURPOSE)


def test_a_tested_version_is_returned():
    assert guard().require_version() == INSTALLED
    major = INSTALLED.split(".")[0]
    assert guard(f"=={major}.*").require_version() == INSTALLED


@pytest.mark.parametrize("version", ["9.0.0rc1", "9.0.0+cpu", "9.0.0.post1", "9.0.4"])
def test_pre_releases_and_local_versions_count_as_their_release(monkeypatch, version):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    assert guard("==9.0.*").require_version() == version


@pytest.mark.parametrize("version", ["9.1.0", "8.4.2", "10.0", "90.0"])
def test_another_version_is_refused_with_all_that_a_user_needs(monkeypatch, version):
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    with pytest.raises(UnsupportedLibrary) as error:
        guard("==9.0.*").require("pytest:main")
    assert str(error.value) == (
        f"pytest {version} is installed. Fairlap uses internals of pytest to count collected tests. "
        "Versions known to work: ==9.0.*"
    )
    assert "pip install 'pytest==9.0.*'" in error.value.remedy


def test_a_library_that_is_not_installed_is_refused():
    with pytest.raises(UnsupportedLibrary, match="no-such-library is not installed") as error:
        guard("==1.0", "no-such-library").require_version()
    assert "pip install 'no-such-library==1.0'" in error.value.remedy


def test_a_name_is_resolved_through_its_module_and_attributes():
    assert guard().require("pytest:raises") is pytest.raises
    assert guard().require("pytest:FixtureRequest.getfixturevalue") is pytest.FixtureRequest.getfixturevalue
    assert guard().require("pytest") is pytest


@pytest.mark.parametrize("path", ["pytest:no_such_name", "pytest:raises.no_such_name", "pytest.no_such_module:raises"])
def test_a_name_that_is_gone_is_refused(path):
    with pytest.raises(UnsupportedLibrary, match=f"pytest {INSTALLED} has no {path}") as error:
        guard().require(path)
    assert error.value.remedy
