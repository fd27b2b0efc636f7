"""One supervisor per data folder, held by the kernel, so that it ends with its holder however that ends."""

import fcntl
import os
from pathlib import Path


class InUse(Exception):  # noqa: N818 - the sentence tells the fault
    """Another totalaud runs on this data folder."""


class DataLock:
    """Held from its making to `release`."""

    def __init__(self, data: Path) -> None:
        self._path = data / "lock"
        self._file = self._path.open("a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.seek(0)
            holder = self._file.read().strip() or "not yet known"
            self._file.close()
            raise InUse(
                f"totalaud runs on {data} already (process {holder}): stop that one, or choose another --data"
            ) from None
        except OSError:
            self._file.close()
            raise
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def is_there(self) -> bool:
        """Tell whether the folder still is where it was: it may have been moved, or removed.

        A disk that cannot be read for a moment tells neither.
        """
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True

    def release(self) -> None:
        self._file.close()
