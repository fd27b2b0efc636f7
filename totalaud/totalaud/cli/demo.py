"""`totalaud demo`: the seed's workflow on a stack of its own, shown from start to end."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from shared.refusal import Refusal
from totalaud.cli import demo_view as view
from totalaud.cli import show
from totalaud.cli.telling import Teller
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.contacts import import_csv
from totalaud.errors import Unreachable, WorkflowFailed
from totalaud.pushing import pusher
from totalaud.stack import paths
from totalaud.stack.local import LocalStack
from totalaud.stack.lock import InUse
from totalaud.stack.server import NotReady
from totalaud.stack.signals import interruptible

QUESTION = "Find me UK indie radio DJs who like synthpop"
ARTIST = {
    "name": "Neon Harbour",
    "genre": "synthpop",
    "hometown": "Leeds",
    "release": {"title": "Glass Coast", "kind": "single"},
}
STEPS: list[dict[str, Any]] = [
    {
        "skill": "research-contacts",
        "description": "Find radio contacts",
        "input": {"query": QUESTION, "type": "radio", "genres": ["synthpop", "indie"], "regions": ["UK"]},
    },
    {
        "skill": "score-contacts",
        "description": "Rank by relevance",
        "input": {
            "contacts": "{{step1.contacts}}",
            "criteria": {"genres": ["synthpop", "indie"], "regions": ["UK"], "type": "radio"},
        },
    },
    {
        "skill": "generate-pitch",
        "description": "Create personalized messages",
        "input": {"contacts": "{{step2.contacts}}", "artistInfo": ARTIST},
    },
]


def main(data: Path) -> int:
    """Run the demo on a data folder of its own and return the exit code; a signal ends it cleanly."""
    out = show.console()
    try:
        return asyncio.run(_guarded(data, out))
    except (InUse, NotReady, Refusal, Unreachable, OSError) as error:
        out.print(f"the demo could not run: {error}", markup=False)
        return 1


async def _guarded(data: Path, out: Console) -> int:
    return await interruptible(_demo(data, out))


async def _demo(data: Path, out: Console) -> int:
    began = time.monotonic()
    out.print(f"[bold]“{QUESTION}”[/bold]\n")
    stack = LocalStack(data, paths.skills_dir(), push=pusher(lambda line: out.print(line, markup=False)))
    try:
        await stack.start(lambda line: out.print(f"  {line}", style="dim", markup=False))
        ready = time.monotonic() - began
        out.print(f"  the stack is up after {ready:.1f} s\n", style="dim")
        code = await _shown(stack, out)
    finally:
        await stack.stop()
    out.print(f"\nEverything is stopped again. It took {time.monotonic() - began:.1f} s.")
    for line in view.NEXT:
        out.print(line, markup=False)
    return code


async def _shown(stack: LocalStack, out: Console) -> int:
    place = stack.place
    connection = Connection(
        place.nats_url, place.database_url, stack.data, master_key_file=place.master_key_file
    )
    async with await Client.connect(connection) as client:
        demo = _Demo(client, out, stack.skills)
        await demo.import_contacts()
        return await demo.workflow()


@dataclass(frozen=True, slots=True)
class _Demo:
    client: Client
    out: Console
    skills: Path

    async def import_contacts(self) -> None:
        file = self.skills / "scout" / "example" / "contacts.csv"
        report = await import_csv(self.client.door, self.client.user, file.read_bytes())
        await self.client.tables.caught_up(report["seq"])
        counts = f"{report['imported']} new, {report['unchanged']} known, {report['failed']} refused"
        self.out.print(f"Contacts of {file.name} (fictional): {counts}")
        for error in report["errors"]:
            self.out.print(f"  line {error['line']}: {error['message']}", style="dim", markup=False)

    async def workflow(self) -> int:
        """Run it with live progress, then show its outputs, its timeline and its rows."""
        accepted = await self.client.run("scout-agent", STEPS)
        self.out.print(f"\nSession {accepted.id}, live:")
        teller = Teller()
        async for commit in self.client.watch(accepted.id):
            for line in teller.lines(commit):
                self.out.print(f"  {line}", markup=False)
        try:
            result = await self.client.outcome(accepted.id)
        except WorkflowFailed as failed:
            self.out.print(str(failed), style="red", markup=False)
            return 1
        found = await self.client.get(accepted.id, min_seq=result.seq)
        self.out.print(*view.contacts(result.outputs[1]), sep="\n")
        self.out.print(*view.pitches(result.outputs[2], simulated=result.simulated), sep="\n")
        self.out.print("\n[bold]Timeline[/bold]", show.timeline(found["steps"]), sep="\n")
        self.out.print(f"\ntrace {result.trace_id}, {result.tokens_used} tokens, {show.money(found)}")
        for sql in view.SQL:
            self.out.print(f"\n{sql}", style="cyan", markup=False)
            self.out.print(view.rows(await self.client.tables.rows(sql, *view.values(sql, accepted.id))))
        return 0
