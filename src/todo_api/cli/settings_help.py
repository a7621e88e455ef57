"""The settings as text, for the help of `serve` and for the documents that are generated from the code."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import SecretStr
from typer.core import TyperCommand

from todo_api.authentication_settings import AuthenticationSettings
from todo_api.limit_settings import LimitSettings
from todo_api.settings import Settings, names_of


class DescribedSetting(NamedTuple):
    """The usual name of a setting, its default (empty if the description says what it is), and its description."""

    name: str
    default: str
    description: str


def described_settings() -> Iterator[DescribedSetting]:
    """Return all settings: first those of the server, then those about tokens, then the limits."""
    parts = (LimitSettings, AuthenticationSettings)
    in_order = sorted(Settings.model_fields.items(), key=lambda item: [item[0] in part.model_fields for part in parts])
    for name, field in in_order:
        yield DescribedSetting(names_of(name)[-1], shown(field.default), field.description or "")


def shown(value: object) -> str:
    """Return a value of a setting as the environment would have it, except secrets."""
    match value:
        case None | ():
            return ""
        case SecretStr() | (SecretStr(), *_):
            return "(set)"
        case tuple():
            return " ".join(map(str, value))
        case bool():
            return str(value).lower()
        case _:
            return str(value)


class CommandWithSettings(TyperCommand):
    """A command whose help has a section with the settings."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Click's signature
        """Write the section."""
        with formatter.section("Settings, from the environment or `.env` [default]"):
            formatter.write_dl(
                (name, f"{description} [{default}]" if default else description)
                for name, default, description in described_settings()
            )
