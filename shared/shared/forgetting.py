"""What one process erases, no other keeps in memory, not even while PostgreSQL is away."""

from contextlib import suppress
from uuid import UUID

from shared import subjects
from shared.bus import Bus
from shared.keyring import master_key
from shared.listening import Heard
from shared.settings import Settings
from shared.vault import Unavailable, Vault


async def vault_of(bus: Bus, settings: Settings) -> Vault:
    """Connect to the vault as a service does; raises BadMasterKey where PostgreSQL is there to tell."""
    vault = await Vault.connect(settings.database_url, master_key(settings))
    with suppress(Unavailable):
        await vault.check_master_key()
    await forget_together(bus, vault)
    return vault


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
