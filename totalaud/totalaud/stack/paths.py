"""Where things lie: the data folder, the skills folder, and the small files made once."""

import errno
import glob
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

ROOT_DATA = Path("/var/lib/totalaud")
DRAFT_BYTES = 4


def is_root() -> bool:
    return os.geteuid() == 0


def data_dir() -> Path:
    """Return the default data folder of this user; it may not exist yet."""
    if is_root():
        return ROOT_DATA
    base = Path(os.environ.get("XDG_DATA_HOME", ""))
    return (base if base.is_absolute() else _home() / ".local" / "share") / "totalaud"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise FileNotFoundError(
            "this account has no home folder: name a folder for data with --data"
        ) from None


def skills_dir() -> Path:
    """Return TOTALAUD_SKILLS, else the `skills` folder of the checkout this package is installed from."""
    if chosen := os.environ.get("TOTALAUD_SKILLS"):
        return Path(chosen).absolute()
    for parent in Path(__file__).resolve().parents:
        if (parent / "skills").is_dir() and (parent / "shared").is_dir():
            return parent / "skills"
    raise FileNotFoundError("no skills folder found: name one with TOTALAUD_SKILLS")


def make_folder(folder: Path) -> Path:
    """Make the folder and what is missing above it; the mode of one that exists is left as it is.

    One made by root lets others pass, not look: PostgreSQL runs as somebody else. A name that is not UTF-8,
    or that the locale takes for another one, is refused: it has to stand in files that other programs read.
    """
    if str(folder).encode(errors="replace") != os.fsencode(folder):
        raise OSError(errno.EILSEQ, "its name is not in UTF-8, or the locale is not", str(folder))
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        if one.is_symlink():
            raise FileNotFoundError(errno.ENOENT, f"leads to {one.readlink()}, which is not there", str(one))
        one.mkdir(exist_ok=True)
        one.chmod(0o711 if is_root() else 0o700)
    return folder


@contextmanager
def throwaway(name: str) -> Iterator[Path]:
    """A new data folder that PostgreSQL may use whoever runs it, removed at the end."""
    base = ROOT_DATA if is_root() else Path(tempfile.gettempdir())
    folder = make_folder(base / f"totalaud-{name}-{uuid4().hex[:12]}")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def made_once(file: Path, make: Callable[[], str]) -> str:
    """Return the file's text; when it is missing, write it first, readable by its owner only.

    What several make at once is what the first of them has made.
    """
    if not file.exists():
        with _draft(file, make()) as draft:
            _put_first(draft, file)
    return file.read_text(errors="replace").strip()


def write_private(file: Path, text: str) -> None:
    """Replace the file at once, mode 0600."""
    with _draft(file, text) as draft:
        draft.replace(file)


def drop_drafts(file: Path) -> None:
    """Remove the copies of a secret that writers who were killed left beside it; nobody may write it now."""
    for draft in file.parent.glob(f".{glob.escape(file.name)}.{'[0-9a-f]' * 2 * DRAFT_BYTES}"):
        with suppress(OSError):
            draft.unlink()


@contextmanager
def _draft(file: Path, text: str) -> Iterator[Path]:
    draft = file.with_name(f".{file.name}.{secrets.token_hex(DRAFT_BYTES)}")
    try:
        writable = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(writable, "w", encoding="utf-8") as out:
            out.write(text + "\n")
            out.flush()
            os.fsync(out.fileno())
        yield draft
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from None
    finally:
        draft.unlink(missing_ok=True)


def _put_first(draft: Path, file: Path) -> None:
    """Give the file its name unless there is one; where a disk knows no links, in place of it."""
    try:
        file.hardlink_to(draft)
    except FileExistsError:
        pass
    except OSError:
        draft.replace(file)


def on_disk(folder: Path) -> None:
    """Return once the folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def connection_file(data: Path) -> Path:
    """Return where a running stack writes down how it is reached, for its clients."""
    return data / "connection.json"


def master_key_file(data: Path) -> Path:
    """Return the file that TOTALAUD_MASTER_KEY_FILE names, else `DATA/master.key`.

    The latter is made at the first call: 32 random bytes as hex. Raises Refusal where a change of it broke
    off: whether the old or the new one opens the vault is told by the vault alone.
    """
    chosen = os.environ.get("TOTALAUD_MASTER_KEY_FILE")
    file = Path(chosen).absolute() if chosen else data / "master.key"
    if (new := new_master_key_file(file)).exists():
        from shared.refusal import Refusal

        way = "'totalaud rekey' once more goes on with it"
        raise Refusal(
            "master_key", "master_key", f"{new} is there, a change of the master key broke off: {way}"
        )
    if not chosen:
        made_once(file, lambda: secrets.token_hex(32))
    for one in (file.resolve(), new):
        drop_drafts(one)
    return file


def new_master_key_file(file: Path) -> Path:
    """Return where the new one is until the vault has it and it takes the place of the old one."""
    real = file.resolve()
    return real.with_name(f"{real.name}.new")


def user_id(data: Path) -> UUID:
    """Return whom the command line acts as; raises Refusal where somebody wrote what is no UUID."""
    try:
        return UUID(made_once(data / "user", lambda: str(uuid4())))
    except ValueError:
        from shared.refusal import Refusal

        way = "write the earlier one into it, or set TOTALAUD_USER"
        raise Refusal("invalid", "user", f"{data / 'user'} holds no UUID of a user: {way}") from None


def stack_id(data: Path) -> str:
    """Return what tells this data folder from another one made later at the same place.

    Raises Refusal for what is none: by a new one, tables and keys that are elsewhere would not be found.
    """
    try:
        return str(UUID(made_once(data / "id", lambda: str(uuid4()))))
    except ValueError:
        from shared.refusal import Refusal

        way = f"write the earlier one into it, or remove it where there is a {data / 'postgres'}"
        raise Refusal("invalid", "id", f"{data / 'id'} holds no id of a data folder: {way}") from None
