"""Licences of packages are read from their metadata, and only those that we may use pass."""

from email.message import Message
from importlib.metadata import PackageMetadata
from typing import cast

import pytest

from tests.licences import is_usable, licence_of


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ({"License-Expression": "MIT OR Apache-2.0", "License": "GPL"}, "MIT OR Apache-2.0"),
        ({"License": "MIT License"}, "MIT"),
        ({"License": "UNKNOWN", "Classifier": "License :: OSI Approved :: BSD License"}, "BSD"),
        ({"License": "Copyright (c) …\nAll rights reserved", "Classifier": "Typing :: Typed"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_licence_is_the_first_name_in_the_metadata(headers: dict[str, str], licence: str) -> None:
    metadata = Message()
    for name, value in headers.items():
        metadata.add_header(name, value)

    assert licence_of(cast(PackageMetadata, metadata)) == licence


@pytest.mark.parametrize(
    ("package", "licence", "usable"),
    [
        ("any", "MIT", True),
        ("any", "GPL-3.0-only OR MIT", True),
        ("any", "Apache-2.0 AND (BSD-3-Clause OR GPL-3.0-only)", True),
        ("any", "MIT AND GPL-3.0-only", False),
        ("any", "AGPL-3.0-or-later", False),
        ("any", "unknown", False),
        ("any", "LGPL-3.0-only", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("psycopg", "GPL-3.0-only", False),
    ],
)
def test_a_package_is_usable_if_its_licence_is_permissive_or_accepted_for_it(
    package: str, licence: str, *, usable: bool
) -> None:
    assert is_usable(package, licence) is usable
