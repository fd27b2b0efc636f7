"""`ask`: reads a question, shows the plan that answers it, runs it, and tells the answer."""

from dataclasses import asdict, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from totalaud.cli import show
from totalaud.cli.budget import amount, budget_of
from totalaud.cli.options import Budget, Fresh, Options
from totalaud.cli.plain import echo

if TYPE_CHECKING:
    from totalaud.client import Client
    from totalaud.planner.draft import Plan
    from totalaud.planner.question import Unread

UNREAD = 2
NOTHING_TO_DO = "nothing_to_do"


def ask(
    context: typer.Context,
    question: Annotated[list[str], typer.Argument(metavar="QUESTION", help="In one sentence.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask about what it costs.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan only.")] = False,
    prose: Annotated[bool, typer.Option("--prose", help="Let a model word what was found.")] = False,
    fresh: Fresh = False,
    budget: Budget = None,
) -> None:
    """Ask a question: the plan is shown, then run. What cannot be read is answered with examples."""
    from shared.refusal import Refusal
    from totalaud.planner.question import Unread
    from totalaud.planner.telling import over, plan_lines

    options, limit = Options.of(context), amount(budget, "--budget")
    plan = options.run(lambda client: planned(client, " ".join(question), prose=prose))
    if isinstance(plan, Unread):
        raise typer.Exit(_unread(options, plan))
    if not options.json:
        echo(*plan_lines(plan))
    elif dry_run:
        show.document({"plan": _plan_document(plan)})
    if dry_run:
        return
    if limit is not None and (dear := over(plan, limit)):
        raise Refusal("budget_exceeded", "budget", dear)
    if plan.may_cost(options.connection().providers) and not yes:
        options.confirm("This may cost money. Run it?")
    # Connected anew: whoever was asked about the cost may have thought for long.
    options.run(lambda client: _answered(options, client, plan, fresh=fresh, limit=limit))


async def planned(client: "Client", question: str, *, prose: bool = False) -> "Plan | Unread":
    """Return the plan that answers a question, or why there is none."""
    from totalaud import own
    from totalaud.planner import plan
    from totalaud.planner.grammar import understood
    from totalaud.planner.question import Question
    from totalaud.planner.vocabulary import lead_times, vocabulary
    from totalaud.stack.paths import skills_dir

    facts = await own.facts(client.tables, client.user, datetime.now(UTC).date())
    outlets = await own.outlets(client.tables, client.user)
    words = vocabulary(
        skills_dir(),
        outlets=outlets,
        campaigns=[one.name for one in facts.campaigns],
        releases=[one.title for one in facts.releases],
        artists=[one.name for one in facts.artists],
        genres=await own.genres(client.tables, client.user),
        places=await own.places(client.tables, client.user),
    )
    found = understood(question, words)
    if not isinstance(found, Question):
        return found
    facts = replace(facts, lead_times=lead_times(skills_dir()))
    if found.outlet is not None:
        there = await own.contacts_at(client.tables, client.user, found.outlet, outlets)
        facts = replace(facts, contacts=there)
    if found.contact is not None:
        person = await client.contact_id(found.contact)
        facts = replace(facts, contacts=await own.contact(client.tables, client.user, person))
    return plan.planned(found, facts, prose=prose)


async def _answered(
    options: Options, client: "Client", plan: "Plan", *, fresh: bool, limit: Decimal | None
) -> None:
    """Run the plan and tell what came of it.

    That nobody is left to write to is an answer too: what was found is told, and nothing was paid.
    """
    from totalaud.cli.sessions_shown import held_up, show_accepted
    from totalaud.errors import WorkflowFailed
    from totalaud.told.answers import answer
    from totalaud.told.lines import wrapped

    skills = [step.skill for step in plan.steps]
    steps, texts = plan.session()
    accepted = await client.run(plan.agent, steps, input=texts or None, fresh=fresh, budget=budget_of(limit))
    if not options.json:
        show_accepted(options, "session", accepted)
    try:
        result = await client.outcome(accepted.id, hear=held_up(options))
    except WorkflowFailed as failed:
        if not options.json and (found := answer(skills, failed.outputs)):
            echo("", *found)
        if options.json or failed.code != NOTHING_TO_DO:
            raise
        nobody = f"Nobody is left, so step {failed.failed_step} had nothing to do; session {accepted.id}"
        echo("", *wrapped(nobody))
        return
    if options.json:
        show.document({"plan": _plan_document(plan), "result": asdict(result)})
        return
    spent = "simulated text, " if result.simulated else ""
    cost, hits = show.money(asdict(result)), show.hits(asdict(result))
    told = wrapped(f"{spent}{result.tokens_used} tokens, {cost}; session {result.session_id}")
    echo("", *answer(skills, result.outputs), "", *told, *([hits] if hits else []))


def _unread(options: Options, unread: "Unread") -> int:
    from shared.refusal import Refusal
    from totalaud.planner.question import EXAMPLES, Missing

    if isinstance(unread, Missing):
        raise Refusal("not_found", "question", unread.reason)
    if options.json:
        error = {"code": "not_understood", "field": "question", "message": unread.reason}
        show.document({"error": error, "examples": [text for _, text in EXAMPLES]})
        return UNREAD
    examples = (f"  {text}" for _, text in EXAMPLES)
    echo(unread.reason, "", "What can be asked, for instance:", *examples, err=True)
    echo("", "What else there is: totalaud --help", err=True)
    return UNREAD


def _plan_document(plan: "Plan") -> dict[str, Any]:
    commands, texts = plan.session()
    return {
        "agent": plan.agent,
        "steps": [
            {**command, "expected_cost_usd": step.cost.usd, "expected_calls": step.cost.calls}
            for command, step in zip(commands, plan.steps, strict=True)
        ],
        **({"input": texts} if texts else {}),
        "notes": list(plan.notes),
    }
