"""Every subject we speak on, in one place."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal
from uuid import UUID

Record = Literal["contact", "artist", "release", "campaign", "opportunity", "coverage"]
Run = Literal["session", "execution"]
Noun = Run | Literal["ledger", "skill", "agent"] | Record
RECORDS: tuple[Record, ...] = ("contact", "artist", "release", "campaign", "opportunity", "coverage")
OF_USERS: tuple[Run | Literal["ledger"] | Record, ...] = ("session", "execution", "ledger", *RECORDS)
Pool = Literal["custom", "openai", "anthropic"]
POOLS: tuple[Pool, ...] = ("custom", "openai", "anthropic")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One history in the log. Skills and agents belong to nobody: `user` is None."""

    user: UUID | None
    noun: Noun
    id: str
    subject: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write the one literal subject of its commits, e.g. `evt.<user>.session.<id>`."""
        tail = f"{self.noun}.{self.id}"
        subject = f"evt.{tail}" if self.user is None else f"evt.{self.user}.{tail}"
        object.__setattr__(self, "subject", subject)

    @property
    def uuid(self) -> UUID:
        """Its id, where that is a UUID; else raises ValueError."""
        return uuid_of(self.id)

    @property
    def feed(self) -> str:
        """Where its commits appear live, at most once."""
        return f"feed.{self.subject.removeprefix('evt.')}"

    @classmethod
    def parse(cls, subject: str) -> "Aggregate":
        """Read `evt.…` or `feed.…`; a foreign subject, or an id written otherwise, is a ValueError."""
        match subject.split("."):
            case ["evt" | "feed", ("skill" | "agent") as noun, name]:
                return cls(None, noun, name)
            case ["evt" | "feed", user, noun, id_] if noun in OF_USERS and _is_ours(user) and _is_ours(id_):
                return cls(uuid_of(user), noun, id_)
            case _:
                raise ValueError(f"not a subject of the log: {subject}")


def _is_ours(id_: str) -> bool:
    try:
        return str(uuid_of(id_)) == id_
    except ValueError:
        return False


@lru_cache(maxsize=4096)
def uuid_of(text: str) -> UUID:
    """Read an id that comes again and again; raises ValueError."""
    return UUID(text)


@lru_cache(maxsize=4096)
def run(user: UUID, noun: Run, id_: UUID) -> Aggregate:
    """Return a session, or a skill that runs alone."""
    return Aggregate(user, noun, str(id_))


def session(user: UUID, session_id: UUID) -> Aggregate:
    return run(user, "session", session_id)


def execution(user: UUID, execution_id: UUID) -> Aggregate:
    return run(user, "execution", execution_id)


@lru_cache(maxsize=1024)
def ledger(user: UUID) -> Aggregate:
    """Where the user's money is kept account of: one history a user."""
    return Aggregate(user, "ledger", str(user))


def contact(user: UUID, contact_id: UUID) -> Aggregate:
    return Aggregate(user, "contact", str(contact_id))


def record(user: UUID, noun: Record, record_id: UUID) -> Aggregate:
    return Aggregate(user, noun, str(record_id))


def skill(name: str) -> Aggregate:
    return Aggregate(None, "skill", name)


def agent(name: str) -> Aggregate:
    return Aggregate(None, "agent", name)


def ask(user: UUID, noun: str, verb: str) -> str:
    """A command that is answered once it is on disk."""
    return f"ask.{user}.{noun}.{verb}"


def cmd(user: UUID, noun: str, verb: str) -> str:
    """A command that is queued."""
    return f"cmd.{user}.{noun}.{verb}"


def work(pool: Pool, skill_name: str, attempt_id: UUID) -> str:
    return f"work.{pool}.{skill_name}.{attempt_id}"


def report(attempt_id: UUID | str) -> str:
    return f"report.{attempt_id}"


def late(attempt_id: UUID | str, *, claimed: bool = True) -> str:
    """What is queued by somebody who had not claimed the attempt hides no report of who had."""
    return f"late.{attempt_id}" if claimed else f"late.{attempt_id}-unclaimed"


def claim(attempt_id: UUID | str) -> str:
    return f"attempt.{attempt_id}.start"


def beat(attempt_id: UUID | str) -> str:
    return f"attempt.{attempt_id}.beat"


def defer(attempt_id: UUID | str) -> str:
    return f"attempt.{attempt_id}.defer"


def stop(id_: UUID | str) -> str:
    """Core publish: abort the running work of a session, or of a skill that runs alone."""
    return f"stop.{id_}"


def erased(user: UUID | str, person: UUID | str) -> str:
    """Core publish: the person's key is deleted, and may stay in nobody's memory."""
    return f"erased.{user}.{person}"


def dead_letter(service: str) -> str:
    return f"dlq.{service}"


def operate(noun: str, verb: str) -> str:
    """For the operator only: skills push and enable, projection status and rebuild."""
    return f"ops.{noun}.{verb}"
