"""Where the servers are: from the environment, else from what a running `totalaud up` wrote down."""

import json
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from shared.secret import is_given, secret
from shared.urls import database_url as checked
from totalaud.errors import Unreachable
from totalaud.given import as_id
from totalaud.stack import paths

if TYPE_CHECKING:
    from totalaud.stack.local import LocalStack

SOCKET = re.compile(r"\w+://(?:[^/?#]*@)?/[\w.-]*\?(?:.*&)?host=(/[\w./-]+)(?:&.*)?")
ADDRESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d+)?")


@dataclass(frozen=True, slots=True)
class Connection:
    """URLs with credentials: `place` is for printing. The key opens sealed values, if it is at hand.

    `providers` are those that are reached: what another one's skill writes costs nothing. None: not known.
    """

    nats_url: str
    database_url: str
    data: Path
    master_key: str | None = None
    master_key_file: Path | None = None
    providers: frozenset[str] | None = None

    @classmethod
    def find(cls, data: Path | None = None) -> "Connection":
        """Read TOTALAUD_NATS_URL and TOTALAUD_DATABASE_URL, else DATA/connection.json; raises Unreachable."""
        folder = data or paths.data_dir()
        kept = _kept(paths.connection_file(folder))
        nats_url = secret("TOTALAUD_NATS_URL") or str(kept.get("nats_url") or "")
        database_url = secret("TOTALAUD_DATABASE_URL") or str(kept.get("database_url") or "")
        if not nats_url or not database_url:
            raise Unreachable(
                f"nothing runs on {folder}: start 'totalaud up', name another folder with --data, "
                "or set TOTALAUD_NATS_URL and TOTALAUD_DATABASE_URL"
            )
        key_file = os.environ.get("TOTALAUD_MASTER_KEY_FILE") or str(kept.get("master_key_file") or "")
        return cls(
            nats_url=nats_url,
            database_url=checked(database_url),
            data=folder,
            master_key=os.environ.get("TOTALAUD_MASTER_KEY"),
            master_key_file=Path(key_file) if key_file else _if_there(folder / "master.key"),
            providers=None if secret("TOTALAUD_NATS_URL") else _providers(kept),
        )

    @classmethod
    def of(cls, stack: "LocalStack") -> "Connection":
        """Return how a stack that was started here is reached."""
        place = stack.place
        return cls(place.nats_url, place.database_url, stack.data, master_key_file=place.master_key_file)

    def key(self) -> bytes | None:
        """Return the master key, None where there is none; raises Refusal for a bad one."""
        if self.master_key is None and self.master_key_file is None:
            return None
        from shared.keyring import master_key
        from shared.settings import Settings

        settings = Settings.from_env()
        return master_key(replace(settings, master_key=self.master_key, master_key_file=self.master_key_file))

    def user(self) -> UUID:
        """Return whom one acts as: TOTALAUD_USER, else a UUID kept in the data folder."""
        if named := os.environ.get("TOTALAUD_USER"):
            return as_id(named, "TOTALAUD_USER")
        paths.make_folder(self.data)
        return paths.user_id(self.data)


def place(url: str) -> str:
    """Return hosts and ports of a URL, or a socket's folder, without credentials, however it is spoilt."""
    if folder := SOCKET.fullmatch(url):
        return folder[1]
    return ", ".join(_host(one) for one in url.split(","))


def way_out(variable: str) -> str:
    """Return what to look at where a server is away: the setting that names it, else the stack."""
    return f"see {variable}" if is_given(variable) else "is 'totalaud up' running?"


def _host(url: str) -> str:
    address = re.split(r"[/?#]", url.rsplit("@", 1)[-1].rsplit("://", 1)[-1], maxsplit=1)[0]
    return address if ADDRESS.fullmatch(address) else "an address that cannot be read"


def _providers(kept: dict[str, Any]) -> frozenset[str] | None:
    named = kept.get("providers")
    return frozenset(map(str, named)) if isinstance(named, list) else None


def _kept(file: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(file.read_text()).items())
    except (FileNotFoundError, PermissionError):
        return {}
    except (ValueError, AttributeError):
        raise Unreachable(f"{file} was changed or damaged: start 'totalaud up' anew") from None


def _if_there(file: Path) -> Path | None:
    return file if file.is_file() else None
