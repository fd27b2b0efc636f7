"""Whether a command was done already: its id says so, and its fingerprint that it is the same one."""

from collections.abc import Mapping
from typing import TypeVar

from shared.refusal import Refusal

K = TypeVar("K")


def is_done(done: Mapping[K, str | None], key: K, fingerprint: str | None) -> bool:
    """Tell a repetition by the fingerprints of what was done; raises Refusal when it is another command."""
    if key not in done:
        return False
    check_same(done[key], fingerprint, "command_id")
    return True


def check_same(done: str | None, asked: str | None, field: str) -> None:
    """Refuse another command under the same id; without a stored fingerprint (older releases) any will do."""
    if done is not None and asked != done:
        raise Refusal(
            "conflict", field, "the id was used for another command: send a new id, or the same command"
        )
