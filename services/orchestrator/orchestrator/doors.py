"""The two doors: `ask.` is answered once it is on disk, `cmd.` is queued and handled later."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from orchestrator.asked import Refuse
from orchestrator.commands import Commands, Sent
from orchestrator.planning import is_name
from orchestrator.reports import Reports
from shared.bus import Bus
from shared.counts import refused
from shared.definitions import agent_name
from shared.delivery import Delivery, Poison
from shared.doors import message_id, sender_span
from shared.json import dumps, loads
from shared.personal import as_uuid
from shared.refusal import COMMAND_BYTES, Refusal
from shared.subjects import execution, session

IDS = ("session_id", "execution_id", "command_id")
ASKED, AGAIN_S = 4, 0.5
IMPERSONAL = frozenset((*IDS, "from_step", "scope", "limit_usd", "policy"))


@dataclass(frozen=True, slots=True)
class Doors:
    """`born` is when the CMD stream was first made: with a message's sequence it is an id for ever."""

    bus: Bus
    commands: Commands
    reports: Reports
    born: str

    async def ask(self, subject: str, body: bytes, headers: dict[str, str]) -> bytes:
        """Do it and answer; a Refusal is the answer of `shared.doors`."""
        user, noun, verb = _address(subject)
        name = message_id(headers)
        cause = name or f"ask.{noun}.{verb}"
        sent = Sent(user, noun, verb, body, name, cause, sender_span(headers))
        return dumps((await self.commands.handle(sent)).answer)

    async def queued(self, delivery: Delivery) -> None:
        """Do what was queued: a command, or a report that found nobody to answer it.

        One that names a session which is not there comes again: the start that was queued before it may be
        under way, here or elsewhere.
        """
        if delivery.subject.startswith("late."):
            await self.reports.late(delivery)
            return
        sent = self._read(delivery)
        try:
            erase = (await self.commands.handle(sent)).personal
        except Refusal as refusal:
            if refusal.code == "unavailable":
                raise
            if refusal.code == "not_found" and delivery.deliveries < ASKED:
                await delivery.nak(AGAIN_S)
                return
            refused(delivery.subject, refusal)
            await self._refuse(sent, refusal)
            erase = True  # nobody has looked for personal literals in it
        if erase:
            await self.bus.client.jetstream().delete_msg("CMD", delivery.seq)
        await delivery.ack()

    def _read(self, delivery: Delivery) -> Sent:
        try:
            user, noun, verb = _address(delivery.subject)
            given = message_id(delivery.headers)
        except Refusal as refusal:
            refused(delivery.subject, refusal)
            raise _poison(refusal, _readable(delivery.body)) from None
        name = given or f"{self.born}/{delivery.seq}"
        cause = given or f"cmd/{delivery.seq}"
        return Sent(user, noun, verb, delivery.body, name, cause, sender_span(delivery.headers))

    async def _refuse(self, sent: Sent, refusal: Refusal) -> None:
        """Make a failed session of a start; raise Poison for all else, and where its id is taken."""
        noun = {("session", "run"): "session", ("skill", "execute"): "execution"}.get((sent.noun, sent.verb))
        body = _readable(sent.body)
        if noun is None or body is None or refusal.code == "conflict":
            raise _poison(refusal, body)
        chosen = as_uuid(body.get(f"{noun}_id"))
        id_ = sent.id_or(chosen)
        aggregate = session(sent.user, id_) if noun == "session" else execution(sent.user, id_)
        if chosen and noun == "session" and await self.commands.is_taken(aggregate):
            raise _poison(refusal, body)
        agent = body.get("agent")
        named = agent_name(agent) if is_name(agent) and noun == "session" else None
        fingerprint = await self.commands.starts.fingerprint(body, f"{noun}_id")
        refuse = Refuse(named, refusal, fingerprint)
        decided = await self.commands.sessions.decide(
            aggregate, refuse, cause=sent.cause, traceparent=sent.traceparent
        )
        if decided.known.session.fingerprint not in (fingerprint, None):
            raise _poison(refusal, body)


def _address(subject: str) -> tuple[UUID, str, str]:
    match subject.split("."):
        case [_, user, noun, verb] if (who := as_uuid(user)) is not None:
            return who, noun, verb
        case [_, _, _, _]:
            raise Refusal("invalid", "user", "the second part of the subject must be the user's UUID")
        case _:
            raise Refusal("unknown_command", "subject", "subjects are ask.<user>.<noun>.<verb> or cmd.…")


def _poison(refusal: Refusal, body: dict[str, Any] | None) -> Poison:
    """Keep in the queue, for the operator, what cannot be read or says no more than ids."""
    personal = body is not None and not body.keys() <= IMPERSONAL
    return Poison(f"{refusal.code}: {refusal.message}", erase=personal)


def _readable(body: bytes) -> dict[str, Any] | None:
    """Return the body of a command, if an id can be read from it."""
    if len(body) > 4 * COMMAND_BYTES:
        return None
    try:
        value = loads(body)
    except Refusal:
        return None
    return value if isinstance(value, dict) else None
