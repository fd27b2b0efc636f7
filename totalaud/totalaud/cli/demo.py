"""`totalaud demo`: the seed's workflow on a stack of its own, shown from start to end."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from totalaud.cli import demo_view as view
from totalaud.cli import show
from totalaud.cli.telling import Teller
from totalaud.client import Client
from totalaud.connection import Connection
from totalaud.errors import WorkflowFailed
from totalaud.pushing import pusher
from totalaud.stack import paths
from totalaud.stack.local import LocalStack

QUESTION = "Find me UK indie radio DJs who like synthpop"
ARTIST = {
    "name": "Neon Harbour",
    "genre": "synthpop",
    "location": "Leeds",
    "facts": [{"text": "Neon Harbour record at home with two synthesizers and a drum machine"}],
}
RELEASE = {"title": "Glass Coast", "type": "single"}
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
            "criteria": {"genres": ["synthpop", "indie"], "regions": ["UK"], "types": ["radio"]},
        },
    },
    {
        "skill": "generate-pitch",
        "description": "Create personalized messages",
        "input": {"contacts": "{{step2.contacts}}", "artistInfo": ARTIST, "release": RELEASE},
    },
]


async def demo(data: Path) -> int:
    """Run the demo on a data folder of its own and return the exit code."""
    began, out = time.monotonic(), show.console()
    out.print(f"[bold]“{QUESTION}”[/bold]\n")
    stack = LocalStack(data, paths.skills_dir(), push=pusher(lambda line: show.say(out, line)))
    try:
        await stack.start(lambda line: show.say(out, f"  {line}", "dim"))
        ready = time.monotonic() - began
        show.say(out, f"  the stack is up after {ready:.1f} s\n", "dim")
        code = await _shown(stack, out)
    finally:
        await stack.stop()
    show.say(out, f"\nEverything is stopped again. It took {time.monotonic() - began:.1f} s.")
    for line in view.next_steps():
        show.say(out, line)
    return code


async def _shown(stack: LocalStack, out: Console) -> int:
    async with await Client.connect(Connection.of(stack)) as client:
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
        report = await self.client.records.load("contacts", file.read_bytes())
        await self.client.tables.caught_up(report["seq"])
        counts = f"{report['imported']} new, {report['unchanged']} known, {report['failed']} refused"
        show.say(self.out, f"Contacts of {file.name} (fictional): {counts}")
        for error in report["errors"]:
            show.say(self.out, f"  line {error['line']}: {error['message']}", "dim")

    async def workflow(self) -> int:
        """Run it with live progress, then show its outputs, its timeline and its rows."""
        accepted = await self.client.run("scout-agent", STEPS)
        show.say(self.out, f"\nSession {accepted.id}, live:")
        teller = Teller()
        async for commit in self.client.watch(accepted.id):
            for line in teller.lines(commit):
                show.say(self.out, f"  {line}")
        try:
            result = await self.client.outcome(accepted.id)
        except WorkflowFailed as failed:
            show.say(self.out, str(failed), "red")
            return 1
        found = await self.client.get(accepted.id, min_seq=result.seq)
        self.out.print(*view.contacts(result.outputs[1]), sep="\n")
        self.out.print(
            *view.pitches(result.outputs[1], result.outputs[2], simulated=result.simulated), sep="\n"
        )
        self.out.print("\n[bold]Timeline[/bold]", show.timeline(found["steps"]), sep="\n")
        show.say(self.out, f"\ntrace {result.trace_id}, {result.tokens_used} tokens, {show.money(found)}")
        for sql in view.SQL:
            show.say(self.out, f"\n{sql}", "cyan")
            self.out.print(view.rows(await self.client.tables.rows(sql, *view.values(sql, accepted.id))))
        return 0
