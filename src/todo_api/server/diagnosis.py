"""What `todo-api check` finds out about the database, its clock, the keys and the descriptors."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from todo_api.container import Container
from todo_api.container.stores import store_time
from todo_api.server.descriptors import connection_limit
from todo_api.settings import WrongSetting
from todo_domain import StorageUnavailable, TokenVerificationUnavailable

MAX_CLOCK_DIFFERENCE: Final = timedelta(seconds=5)


class Problem(NamedTuple):
    """A kind of problem: the exit status of `todo-api check`, and what the operator can do."""

    status: int
    what_to_do: str


PROBLEMS: Final[Mapping[str, Problem]] = {
    "unknown_host": Problem(10, "Correct the host in `DATABASE_URL`, or the name service of this machine."),
    "nothing_listens": Problem(11, "Start PostgreSQL, or correct the host and the port in `DATABASE_URL`."),
    "no_response": Problem(12, "Check the host, and that no firewall drops packets."),
    "password": Problem(13, "Correct the user and the password in `DATABASE_URL`."),
    "unknown_user": Problem(14, "Create the role, or correct the user in `DATABASE_URL`."),
    "refused": Problem(15, "Add the user and this machine's address to `pg_hba.conf`, or set `sslmode=require`."),
    "unknown_database": Problem(16, "Create the database, or correct its name in `DATABASE_URL`."),
    "no_tls": Problem(17, "Turn on `ssl` in PostgreSQL, or lower `sslmode`."),
    "certificate": Problem(18, "Name the file of the authority in `sslrootcert`, and the host as in the certificate."),
    "channel_binding": Problem(19, "Use TLS and a password of the method scram-sha-256, or lower `channel_binding`."),
    "older_schema": Problem(20, "Run `todo-api migrate`."),
    "newer_schema": Problem(21, "Start a later version: see [Upgrades and rollbacks](upgrades.md)."),
    "database": Problem(22, "The line names the reason: for example, a standby, or a file that another server uses."),
    "clock_skew": Problem(30, "Synchronise the clocks of both machines by NTP."),
    "keys_unreachable": Problem(40, "Start the issuer of the tokens, or correct `BETTER_AUTH_URL` or `TODO_JWKS_URL`."),
    "few_descriptors": Problem(50, "Raise the limit (`ulimit -n`, `LimitNOFILE=`), or lower `TODO_MAX_CONNECTIONS`."),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one part; `problem` is a key of PROBLEMS, or None if it is as it must be."""

    part: str
    problem: str | None = None
    detail: str = ""

    @property
    def text(self) -> str:
        """The state in words."""
        return f"{self.problem}: {self.detail}" if self.problem else "ready"


async def diagnose(container: Container) -> list[Finding]:
    """Use each part as a server does, and return what was found."""
    return [*await _database(container), await _keys(container), _descriptors(container)]


async def _database(container: Container) -> list[Finding]:
    clock = container.clock()
    try:
        async with container.task_repository() as store:
            await store.check_reads()
            await store.check_writes()
            earliest, time, latest = clock.now(), await store_time(store), clock.now()
    except StorageUnavailable as error:
        return [Finding("database", error.kind if error.kind in PROBLEMS else "database", str(error))]
    return [Finding("database"), *([_clock(earliest, time, latest)] if time else [])]


def _clock(earliest: datetime, time: datetime, latest: datetime) -> Finding:
    ahead = min(max(time, earliest), latest) - time
    if abs(ahead) <= MAX_CLOCK_DIFFERENCE:
        return Finding("clock")
    direction = "ahead of" if ahead > timedelta() else "behind"
    seconds = round(abs(ahead).total_seconds())
    return Finding("clock", "clock_skew", f"this machine is {seconds} s {direction} the database server")


async def _keys(container: Container) -> Finding:
    async with container.token_verifier() as verifier:
        try:
            await verifier.check()
        except TokenVerificationUnavailable as error:
            return Finding("keys", "keys_unreachable", str(error))
    return Finding("keys")


def _descriptors(container: Container) -> Finding:
    try:
        connection_limit(container.settings())
    except WrongSetting as error:
        return Finding("descriptors", "few_descriptors", str(error))
    return Finding("descriptors")
