"""What one process erases, no other keeps in memory, not even while PostgreSQL is away."""

from uuid import UUID

from shared import subjects
from shared.bus import Bus
from shared.listening import Heard
from shared.vault import Vault


async def forget_together(bus: Bus, vault: Vault) -> None:
    """Tell others who is erased here, and forget whom they erase.

    After a reconnect all are forgotten: one may have been missed.
    """

    async def erased(heard: Heard) -> None:
        user, person = map(UUID, heard.subject.split(".")[1:])
        vault.forget(user, person)

    async def missed() -> None:
        vault.forget_all()

    vault.when_erased(lambda user, person: bus.tell(subjects.erased(user, person), b""))
    await bus.listen(subjects.erased("*", "*"), erased)
    bus.on_reconnect(missed)
