"""Which account a process runs as: PostgreSQL refuses root."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from totalaud.stack import paths

CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the system, one without rights."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def barred_by(self, folder: Path) -> Path | None:
        """Return which of the folder and all above it does not let this account through, if one does not."""
        way = reversed((folder.resolve(), *folder.resolve().parents))
        return next((one for one in way if not self._may_enter(one.stat())), None)

    def _may_enter(self, found: os.stat_result) -> bool:
        if found.st_uid == self.uid:
            return bool(found.st_mode & 0o100)
        if found.st_gid == self.gid:
            return bool(found.st_mode & 0o010)
        return bool(found.st_mode & 0o001)


def unprivileged() -> Account | None:
    """Return the account PostgreSQL is to run as; None for an ordinary user, who runs it themselves."""
    if not paths.is_root():
        return None
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise PermissionError(
        f"PostgreSQL cannot run as root, and none of the accounts {', '.join(CANDIDATES)} exists here: "
        "run as an ordinary user, or set TOTALAUD_DATABASE_URL"
    )
