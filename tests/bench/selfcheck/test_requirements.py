"""What a self-check says if its packages are missing."""

import pytest

from bench.selfcheck.requirements import MissingRequirement, require_package


def test_an_installed_package_is_enough():
    require_package("psutil", "overhead")


def test_a_missing_package_is_named_with_how_to_install_it():
    with pytest.raises(MissingRequirement, match=r"check start needs .*: pip install -r requirements-dev.txt"):
        require_package("no_such_package", "start")
