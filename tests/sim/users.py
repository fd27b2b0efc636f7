"""Who asks for sessions, sets limits and reads; each answer is held against the log as it is then."""

import asyncio
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from msgspec import json

from orchestrator.budgets import told
from orchestrator.evolve import fold as fold_session
from orchestrator.ledger import fold as fold_ledger
from orchestrator.ledgers import Known
from shared.json import dumps
from shared.subjects import Aggregate, execution, ledger, session
from sim.asked import Asked
from sim.bus import SimBus
from sim.skills import MOST
from sim.streams import Stored

if TYPE_CHECKING:
    from sim.run import Run

Json = dict[str, Any]


class User:
    """What is untrue of an answer goes into `run.untrue`, how long it took into `run.waits`."""

    def __init__(self, run: "Run", bus: SimBus, user: UUID) -> None:
        self._run = run
        self._bus = bus
        self._user = user
        self._random = run.world.chance.random
        self._firsts: Counter[tuple[str, bytes]] = Counter()

    async def limit(self) -> None:
        """Allow a few calls only, all in all or a day; perhaps more later, perhaps whatever it takes."""
        random = self._random
        scopes = set()
        await asyncio.sleep(random.uniform(0.1, 5))
        self._run.limited.add(self._user)
        for number in range(random.randint(1, 3)):
            scope, policy = random.choice(("user", "day")), random.choice(("fail", "wait"))
            scopes.add(scope)
            await self._budget(str(number), scope, limit=str(random.randint(0, 8) * MOST), policy=policy)
            await self._look()
            await asyncio.sleep(random.uniform(1, 10))
        if random.random() < 0.5:
            for scope in sorted(scopes):
                await self._budget(f"last-{scope}", scope)
            self._run.limited.remove(self._user)

    async def use(self, id_: UUID) -> None:
        """Ask for a session or a skill alone, sometimes twice, sometimes cancel it and go on with it.

        A bad start is queued: at the other door it leaves nothing behind.
        """
        random, focus = self._random, self._run.focus
        await asyncio.sleep(random.uniform(0.1, 10))
        alone = bool(focus.alone) and random.random() < focus.alone
        aggregate = (execution if alone else session)(self._user, id_)
        own = self._own_budget()
        bad = random.random() < 0.05
        beside = self._beside() if alone else None
        wanted = self._skill(beside, bad=bad) if alone else self._workflow(bad=bad)
        verb, steps = "execute" if alone else "run", wanted.get("steps", [wanted])
        fresh = frozenset(number for number, step in enumerate(steps, 1) if step["fresh"])
        asked = Asked(aggregate, bad, "budget" in own and not alone, fresh, beside)
        self._run.asked[id_] = asked
        body = dumps({**wanted, **_id(aggregate), **own})
        for _ in range(random.choice((1, 1, 2))):
            await self._send(random.choice(("cmd",) if bad else ("ask", "cmd")), aggregate, verb, body)
        self._run.accepted.add(id_)
        if not bad and self._has_begun(aggregate) and random.random() < 0.1:
            await self._contradict(asked, verb, wanted)
        await self._change(asked)
        if random.random() < 0.3:
            await self._read(aggregate)

    async def _change(self, asked: Asked) -> None:
        random, aggregate = self._random, asked.aggregate
        alone = aggregate.noun == "execution"
        if random.random() < self._run.focus.cancelled:
            await asyncio.sleep(random.uniform(0, 8))
            self._run.cancelled.add(aggregate.uuid)
            await self._order("cancel", aggregate)
        if not alone and random.random() < 0.3:
            await asyncio.sleep(random.uniform(0, 15))
            await self._order(
                "retry", aggregate, **random.choice(({}, {}, {"from_step": random.randint(1, 3)}))
            )
        if asked.limited and random.random() < 0.5:
            await asyncio.sleep(random.uniform(0, 15))
            asked.limited = not await self._budget(
                f"own/{aggregate.uuid}", "session", session_id=str(aggregate.uuid)
            )

    def _workflow(self, *, bad: bool) -> Json:
        """Return one to three steps, each of which takes what the one before gave."""
        steps = [
            {
                "skill": "unknown" if bad else self._random.choice(self._run.focus.skills),
                "input": {"n": f"{{{{step{number}.n}}}}" if number else 1},
                "fresh": self._random.random() < 0.1,
            }
            for number in range(self._random.randint(1, 3))
        ]
        return {"agent": "sim-agent", "steps": steps}

    def _beside(self) -> UUID | None:
        """Return a session of the user's own that a skill alone is for."""
        own = [one.aggregate for one in self._run.asked.values() if one.aggregate.user == self._user]
        sessions = [one.uuid for one in own if one.noun == "session" and self._has_begun(one)]
        return self._random.choice([None, *sessions])

    def _has_begun(self, aggregate: Aggregate) -> bool:
        return bool(self._run.world.histories.session(aggregate).state.steps)

    async def _contradict(self, asked: Asked, verb: str, wanted: Json) -> None:
        """Ask for something else under the same id: it is refused."""
        door, noun = self._random.choice(("ask", "cmd")), asked.aggregate.noun
        other = {**wanted, "input": {"n": 2}, **_id(asked.aggregate)}
        if await self._send(door, asked.aggregate, verb, dumps(other), again="other") and door == "ask":
            self._run.untrue.append(f"another {noun} was taken for the one of its id")

    def _skill(self, beside: UUID | None, *, bad: bool) -> Json:
        named = {"session_id": str(beside)} if beside else {}
        skill = "unknown" if bad else self._random.choice(self._run.focus.skills)
        return {"skill": skill, "input": {"n": 1}, "fresh": self._random.random() < 0.1, **named}

    def _own_budget(self) -> Json:
        """A session's own limit, sometimes, which fails it or has it wait, until somebody takes it away."""
        if self._random.random() < 0.8:
            return {}
        limit, policy = str(self._random.randint(0, 4) * MOST), self._random.choice(("fail", "wait"))
        return {"budget": {"limit_usd": limit, "policy": policy}}

    async def _order(self, verb: str, aggregate: Aggregate, **more: int) -> None:
        """Cancel or retry, sometimes as several do at once."""
        several = range(self._random.choice((1, 1, 1, 3)))
        await asyncio.gather(*(self._order_as(f"{verb}-{one}", verb, aggregate, more) for one in several))

    async def _order_as(self, name: str, verb: str, aggregate: Aggregate, more: Json) -> None:
        """Say it at either door; an order that is queued is known by its message alone."""
        door = self._random.choice(("ask", "cmd"))
        named = {"command_id": name} if door == "ask" else {}
        await self._send(door, aggregate, verb, dumps({**_id(aggregate), **named, **more}), again=name)

    async def _budget(self, name: str, scope: str, *, limit: str | None = None, **more: str) -> bool:
        body = dumps({"scope": scope, "limit_usd": limit, "command_id": name, **more})
        of = more.get("session_id")
        aggregate = ledger(self._user) if of is None else session(self._user, UUID(of))
        return await self._send("ask", aggregate, "set", body, noun="budget")

    async def _send(
        self,
        door: str,
        aggregate: Aggregate,
        verb: str,
        body: bytes,
        *,
        noun: str | None = None,
        again: str = "",
    ) -> bool:
        """Send until it is known to be there; tell whether it was not refused."""
        noun = noun or {"session": "session", "execution": "skill"}[aggregate.noun]
        subject = f"{door}.{self._user}.{noun}.{verb}"
        headers = {"Nats-Msg-Id": f"{verb}/{aggregate.subject}{again}"}
        if door == "ask":
            return await self._asked(aggregate, subject, body, headers)
        while True:
            try:
                await self._bus.publish(subject, body, headers=headers)
            except TimeoutError:
                continue
            return True

    async def _asked(self, aggregate: Aggregate, subject: str, body: bytes, headers: dict[str, str]) -> bool:
        answer = await self._answer(subject, body, headers)
        if "error" in answer:
            return False
        if not answer["duplicate"]:
            self._firsts[subject, body] += 1
            self._run.firsts[aggregate, subject.rpartition(".")[2]] += 1
            if self._firsts[subject, body] > 1:
                self._run.untrue.append("a command was answered twice as the first of its kind")
        known = self._run.world.server.streams["EVT"].by_subject.get(aggregate.subject, [])
        upto = [one for one in known if one.seq <= answer["seq"]]
        if (upto[-1].seq if upto else 0) != answer["seq"]:
            self._run.untrue.append("an answer names a commit that is not in the log")
        elif told_of(aggregate, upto, answer) != answer:
            self._run.untrue.append(f"an answer is not what the log says: {answer}")
        return True

    async def _answer(self, subject: str, body: bytes, headers: dict[str, str]) -> Json:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while True:
            said = await self._bus.request(subject, body, timeout=5.0, headers=headers)
            answer: Json = {} if said is None else json.decode(said)
            if said is not None and answer.get("error", {}).get("code") != "unavailable":
                self._run.waits.append((loop.time() - begun, f"an answer to {subject.split('.', 2)[2]}"))
                return answer

    async def _look(self) -> None:
        """Ask for what is left: all that was in the log is in the answer."""
        there = self._run.world.server.streams["EVT"].by_subject
        subject = ledger(self._user).subject
        last = there[subject][-1].seq
        answer = await self._answer(f"ask.{self._user}.budget.get", b"{}", {})
        upto = [one for one in there[subject] if one.seq <= answer["seq"]]
        if answer["seq"] < last or _account(upto, answer) != answer:
            self._run.untrue.append("who asks for the account is not told all of it")

    async def _read(self, aggregate: Aggregate) -> None:
        """Read page by page what has happened: all that there was when it was asked for, and in its order."""
        verb = "session" if aggregate.noun == "session" else "skill"
        found: list[int] = []
        after, more = 0, True
        there = self._run.world.server.streams["EVT"].by_subject
        while more:
            last = there[aggregate.subject][-1].seq if aggregate.subject in there else 0
            body = dumps({**_id(aggregate), "from_seq": after + 1, "limit": self._random.randint(1, 4)})
            answer = await self._answer(f"ask.{self._user}.{verb}.events", body, {})
            found += [commit["seq"] for commit in answer["commits"]]
            after, more = answer["next_seq"] - 1, answer["more"]
        seqs = [one.seq for one in there.get(aggregate.subject, ())]
        if found != [seq for seq in seqs if seq <= max(found, default=0)] or max(found, default=0) < last:
            self._run.untrue.append("who reads a history is not told all of it")


def _id(aggregate: Aggregate) -> Json:
    return {f"{aggregate.noun}_id": str(aggregate.uuid)}


def told_of(aggregate: Aggregate, stored: list[Stored], answer: Json) -> Json:
    """Return what an answer has to say of what is stored."""
    events = [event for one in stored for event in one.commit.events]
    seq = stored[-1].seq if stored else 0
    if aggregate.noun == "ledger":
        return {"accepted": True, "duplicate": answer["duplicate"], **_account(stored, answer)}
    state = fold_session(events)
    accepted = bool(state.steps) and state.status != "refused"
    return {
        **_id(aggregate),
        "seq": seq,
        "accepted": accepted,
        "duplicate": answer["duplicate"],
        "status": state.status,
    }


def _account(stored: list[Stored], answer: Json) -> Json:
    events = [event for one in stored for event in one.commit.events]
    known = Known(fold_ledger(events), stored[-1].seq if stored else 0)
    return told(known, date.fromisoformat(answer["today"]))
