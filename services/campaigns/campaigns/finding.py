"""Whom a name or an id means: read from the log, so that it is right at once, in every process."""

from typing import Any, Protocol, TypeVar
from uuid import UUID

from campaigns import contacts
from campaigns.contacts import Contact
from campaigns.history import Histories, Known
from campaigns.naming import as_id, id_of, unknown
from campaigns.outreach_rows import Row
from campaigns.requests import OfContact
from shared.keyring import Ids
from shared.record_events import NameGiven
from shared.refusal import Refusal
from shared.vault import Vault


class Named(Protocol):
    """A record with a name: `profile` None is one that is not there; `given` see `campaigns.naming`."""

    @property
    def profile(self) -> Any: ...
    @property
    def given(self) -> UUID | None: ...


N = TypeVar("N", bound=Named)


async def locate(histories: Histories[N, Any], user: UUID, scope: UUID, named: str) -> tuple[UUID, Known[N]]:
    """Return the record that is meant, or nothing under the id that the name will have."""
    id_ = as_id(named) or id_of(scope, histories.life.noun, named)
    known = await histories.load(user, id_)
    if (to := known.state.given) is None:
        return id_, known
    return to, await histories.load(user, to)


async def find(
    histories: Histories[N, Any], user: UUID, scope: UUID, named: str, field: str | None = None
) -> tuple[UUID, Known[N]]:
    """Return the record that is meant; refuse what is not there."""
    id_, known = await locate(histories, user, scope, named)
    if known.state.profile is None:
        raise unknown(histories.life.noun, field)
    return id_, known


async def named_so(
    histories: Histories[N, Any],
    user: UUID,
    scope: UUID,
    cause: str,
    *,
    id_: UUID | None,
    name: str,
    event: Any,
) -> UUID:
    """Return the record that `event` sets: by name, or by its id, which then gets the name.

    A name that was given away stays so: what is refused must not get that far.
    """
    noun = histories.life.noun
    if id_ is None:
        return (await locate(histories, user, scope, name))[0]
    id_, known = await find(histories, user, scope, str(id_), f"{noun}_id")
    histories.life.decide(event, known.state)
    if (own := id_of(scope, noun, name)) != id_:
        await histories.record(user, own, NameGiven(to=id_), cause)
    return id_


def meant(ids: Ids, user: UUID, of: OfContact | Row) -> UUID:
    """Return whose id or address it is, be it no contact's yet."""
    return of.contact_id or ids.person_of(user, of.email or "")


def check_id(of: OfContact, *, known: bool) -> None:
    """Refuse the id of nobody; an address may be one that is imported later."""
    if of.contact_id is not None and not known:
        raise Refusal("unknown_contact", "contact_id", "no contact of this user has this id")


async def contact_of(histories: Histories[Contact, Any], vault: Vault, user: UUID, of: OfContact) -> UUID:
    """Return the contact that is meant; refuse one who is not there, or was erased."""
    id_ = meant(await vault.ids(), user, of)
    field = "email" if of.contact_id is None else "contact_id"
    try:
        contacts.check_known((await histories.load(user, id_)).state)
    except Refusal as refusal:
        raise Refusal(refusal.code, field, f"{field}: {refusal.message}") from None
    return id_
