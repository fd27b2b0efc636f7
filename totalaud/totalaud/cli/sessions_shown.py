"""What the session commands write."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from totalaud.cli import show
from totalaud.cli.options import Options
from totalaud.cli.plain import echo
from totalaud.cli.telling import HeldUp, Teller
from totalaud.logged import Logged
from totalaud.outcome import Outcome
from totalaud.results import Accepted, WorkflowResult

if TYPE_CHECKING:
    from totalaud.client import Client, Hear


def show_accepted(options: Options, noun: str, accepted: Accepted, done: str = "") -> None:
    """Say that a command is on disk, and what is done with that."""
    told = asdict(accepted)
    again = " (asked for before: nothing changed)" if accepted.duplicate else ""
    options.tell(
        {f"{noun}_id": told.pop("id"), **told},
        f"{noun} {accepted.id}{done and f' {done}'}, sequence {accepted.seq}{again}",
    )


async def show_live(options: Options, client: "Client", session_id: str, from_seq: int) -> int:
    """Write a session's commits until it ends; return 1 when it did not complete."""
    last = await show_commits(options, client.watch(session_id), from_seq)
    return 0 if last == "completed" else 1


async def show_commits(options: Options, commits: AsyncIterator[Logged], from_seq: int) -> str | None:
    """Write commits from a sequence on as they come; return how the session ended, if it did.

    What was before tells what the steps are called, and perhaps the end.
    """
    teller, ending = Teller(), None
    async for commit in commits:
        ending = commit.ending(ending)
        lines = teller.lines(commit)
        if commit.seq >= from_seq:
            options.tell(commit.as_dict(), *lines)
    return ending


def held_up(options: Options) -> "Hear | None":
    """Tell people who wait for a result, on standard error, what has held it up for a moment already."""
    return None if options.json else HeldUp().hear


async def show_result(options: Options, client: "Client", session_id: str, *, quiet: bool = False) -> None:
    """Wait for the end; write the outputs, or raise WorkflowFailed: people are told first what is done."""
    ended = await client.ended(session_id, hear=held_up(options))
    if ended.status != "completed" and not options.json:
        echo(*_steps(ended))
    result = asdict(WorkflowResult.of(client.user, UUID(session_id), ended))
    if quiet:
        return
    if options.json:
        show.document(result)
        return
    echo(f"session {result['session_id']} completed, {result['tokens_used']} tokens, {show.money(result)}")
    echo(*filter(None, [show.hits(result), *_warnings(result)]), *_steps(ended))
    echo(f"all of it, as JSON: totalaud session result {session_id} --json")


def _steps(ended: Outcome) -> list[str]:
    """Tell what the steps answered, a failed one as far as it came."""
    from totalaud.told.answers import told, told_step

    lines: list[str] = []
    skills = [step["skill"] for step in ended.steps]
    for number, step in enumerate(ended.steps, 1):
        name, partial = f"step {number} {step['skill']}", number == ended.failed_step and ended.partial
        if number in ended.outputs:
            lines += ["", name, "", *told_step(number, skills, ended.outputs)]
        elif partial:
            lines += ["", f"{name}, in part", "", *told(step["skill"], partial)]
    return [*lines, ""] if lines else []


async def show_skill(options: Options, client: "Client", execution_id: str) -> None:
    """Wait for the end of a skill that runs alone; write its output, or raise SkillFailed."""
    from totalaud.told.answers import told

    result = asdict(await client.skill_outcome(execution_id, hear=held_up(options)))
    if options.json:
        show.document(result)
        return
    label = "  simulated text" if result["simulated"] else ""
    cost = show.cached(result) if result["cache_hits"] else show.money(result)
    echo(f"{result['skill_name']} took {show.duration(result['duration_ms'])}, {cost}{label}")
    echo(*_warnings(result), "", *told(result["skill_name"], result["output"]))
    echo("", f"all of it, as JSON: totalaud skills result {result['execution_id']} --json")


def _warnings(result: dict[str, Any]) -> list[str]:
    return [f"! {warning}" for warning in result["warnings"]]
