"""The embedded PostgreSQL: its own cluster under the data folder, TCP on loopback, a password, fsync on."""

import os
import secrets
import shutil
import signal
from pathlib import Path
from typing import Any

import asyncpg

from shared.outage import DATABASE_AWAY
from totalaud.stack import accounts, binaries, elsewhere, environment, paths, ports
from totalaud.stack.orphans import Orphan
from totalaud.stack.process import Child, Program
from totalaud.stack.server import GRACE_S, RECOVERED_WITHIN_S, NotReady

USER = "totalaud"
DATABASE = "totalaud"
FILES, VERSION = "postgres", "PG_VERSION"
PROBE_TIMEOUT_S = 2.0
STILL_IN_USE = "pre-existing shared memory block"
SETTINGS = {
    "listen_addresses": ports.LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "max_notify_queue_pages": "64",
}
INITDB = (
    f"--username={USER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
)
UNBORNE = frozenset('"$\\`')


class Postgres:
    """A kind of server.

    As root it runs as an account without rights; its files are then in `DATA/postgres` when that account can
    get there, else in `/var/lib/totalaud/postgres/<id of DATA>/postgres`. Once made they stay where they are.
    """

    name = "postgres"
    ready_within_s = RECOVERED_WITHIN_S

    def __init__(self, data: Path, logs: Path) -> None:
        self._logs = logs
        self.account = accounts.unprivileged()
        paths.make_folder(data)
        self._data = data
        self._password = paths.made_once(data / "postgres.password", lambda: secrets.token_hex(16))
        self._port = ports.kept_port(data / "postgres.port")
        self._programs = binaries.readable_copy() if self.account else binaries.installed()
        self.files = self._home() / FILES

    @property
    def url(self) -> str:
        return self.url_of(DATABASE)

    def url_of(self, database: str) -> str:
        """Return its URL; it says that there is no TLS, or a PGSSLMODE meant for others would ask for it."""
        where = f"{ports.LOOPBACK}:{self._port}"
        return f"postgresql://{USER}:{self._password}@{where}/{database}?sslmode=disable"

    def program(self, name: str) -> Path:
        return self._programs / "bin" / name

    async def prepare(self) -> Program:
        if not _is_made(self.files.parent):
            await self._initialise()
        await self._clear()
        self._give_to_account()
        settings = {**SETTINGS, "port": str(self._port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        args = (str(self.program("postgres")), "-D", str(self.files), *options)
        ends = {"stop_signal": signal.SIGINT, "orphan_signal": signal.SIGINT, "grace_s": GRACE_S}
        return self._run(self.name, args, **ends)

    async def answers(self, _pid: int) -> bool:
        """Connect as the services will; the database is made at the first time.

        Raises NotReady where the file of the password was lost or changed.
        """
        if ports.is_free(self._port):
            return False
        try:
            await self._reached()
        except asyncpg.InvalidPasswordError:
            raise NotReady(
                f"{self._data / 'postgres.password'} does not hold the password that PostgreSQL was made "
                "with: write the earlier one into it"
            ) from None
        except DATABASE_AWAY:
            return False
        return True

    async def lives(self, _pid: int) -> bool:
        try:
            await (await self._connect(DATABASE)).close()
        except asyncpg.PostgresError:
            return True
        except (OSError, asyncpg.InterfaceError):
            return False
        return True

    def passes(self, last_words: str) -> bool:
        """A worker of a killed postmaster may take a second to notice."""
        return STILL_IN_USE in last_words

    async def _reached(self) -> None:
        try:
            await (await self._connect(DATABASE)).close()
        except asyncpg.InvalidCatalogNameError:
            await self._create_database()

    async def _create_database(self) -> None:
        connection = await self._connect("postgres")
        try:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()

    async def _connect(self, database: str) -> "asyncpg.Connection[asyncpg.Record]":
        return await asyncpg.connect(self.url_of(database), timeout=PROBE_TIMEOUT_S)

    async def _clear(self) -> None:
        """End an orphan of this cluster; drop a pid file that names a dead, reused or unreaped process.

        Safe under the data folder's lock only: whoever still serves these files is an orphan.
        """
        pid_file = self.files / "postmaster.pid"
        if not pid_file.exists():
            return
        first = pid_file.read_text(errors="replace").partition("\n")[0]
        orphan = Orphan.serving(int(first), str(self.files)) if first.isdecimal() else None
        if orphan:
            await orphan.end(signal.SIGINT)
        pid_file.unlink(missing_ok=True)

    async def _initialise(self) -> None:
        """Make the cluster under another name first: half a cluster is never seen under its own.

        Raises NotReady where initdb would not find its programs: a shell has their name in quotation marks.
        """
        if UNBORNE & set(str(self._programs)):
            raise NotReady(
                f"PostgreSQL cannot be initialised from {self._programs}, whose name has one of "
                f"{' '.join(sorted(UNBORNE))} in it: move or rename that folder"
            )
        draft = self.files.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        self._make(draft)
        given = draft.with_name("postgres.given")
        paths.write_private(given, self._password)
        if self.account:
            self.account.own(given)
        try:
            args = (str(self.program("initdb")), "-D", str(draft), f"--pwfile={given}", *INITDB)
            child = await Child.start(self._run("initdb", args), self._logs)
            try:
                if await child.wait() != 0:
                    raise NotReady(f"PostgreSQL could not be initialised:\n{child.tail()}")
            finally:
                await child.kill()
        finally:
            given.unlink()
        draft.rename(self.files)

    def _run(self, name: str, args: tuple[str, ...], **ends: Any) -> Program:
        env = environment.plain(self._data)
        return Program(name, args, env, self.files.parent, account=self.account, **ends)

    def _home(self) -> Path:
        """Return the folder above its files, which another cluster can not replace: it has none of the keys.

        Raises NotReady where they cannot be reached any more, as after DATA was moved.
        """
        if self.account is None:
            return self._data
        here, there = _is_made(self._data), _is_made(elsewhere.place(self._data))
        barred = self.account.barred_by(self._data)
        if barred and here and not there:
            raise NotReady(
                f"PostgreSQL runs as {self.account.name}, and {barred} does not let it pass to the tables "
                f"and keys in {self._data / FILES}: move {self._data} to where it may, or chmod o+x {barred}"
            )
        return elsewhere.home(self._data) if barred or (there and not here) else self._data

    def _give_to_account(self) -> None:
        """Another account may have made them, and a copy that root has made is root's."""
        account = self.account
        if account and self.files.stat().st_uid != account.uid:
            for folder, _, files in os.walk(self.files):
                for one in (Path(folder), *(Path(folder, name) for name in files)):
                    account.own(one)

    def _make(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        if self.account:
            self.account.own(folder)


def _is_made(home: Path) -> bool:
    return (home / FILES / VERSION).exists()
