"""`run`, `skill` and `session …`."""

from typing import TYPE_CHECKING, Annotated

import typer

from totalaud.cli import reading, show
from totalaud.cli.budget import amount, budget_of
from totalaud.cli.listing import show_rows
from totalaud.cli.options import Budget, Fresh, Options, Reason, group
from totalaud.cli.recording import Limit
from totalaud.cli.sessions_shown import show_accepted, show_commits, show_live, show_result, show_skill
from totalaud.record import Status

if TYPE_CHECKING:
    from totalaud.client import Client

app = group("Start, see and steer workflows.")
SessionId = Annotated[str, typer.Argument(metavar="SESSION", help="The session's UUID.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="KEY=VALUE", help="A field of the input; repeatable."),
]
SkillInput = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", metavar="INPUT", help="For the skill: JSON, @FILE, KEY=VALUE (repeatable)."
    ),
]
FromSeq = Annotated[int, typer.Option(min=0, metavar="N", help="Begin at this sequence of the log.")]
Watch = Annotated[bool, typer.Option("--watch", help="Show what happens as it happens.")]
OwnId = Annotated[
    str | None, typer.Option(metavar="UUID", help="Your own id for it; the same once more is harmless.")
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Return once it is accepted.")]


@app.command("run")
def run_workflow(
    context: typer.Context,
    *,
    file: Annotated[
        str, typer.Option("--file", "-f", metavar="FILE", help="Steps as YAML or JSON; - for standard input.")
    ],
    agent: Annotated[
        str | None, typer.Argument(metavar="AGENT", help="The agent; the file may name it.")
    ] = None,
    input: Inputs = None,  # noqa: A002 - the option's name
    session_id: OwnId = None,
    fresh: Fresh = False,
    budget: Budget = None,
    watch: Watch = False,
    no_wait: NoWait = False,
) -> None:
    """Run a workflow and show its result."""
    if watch and no_wait:
        raise typer.BadParameter("give --watch or --no-wait, not both", param_hint="--watch")
    found = reading.workflow(reading.file_text(file), file)
    named = agent or found.get("agent")
    if not named:
        raise typer.BadParameter("name the agent: totalaud run AGENT --file …", param_hint="AGENT")
    own = {**(found.get("input") or {}), **reading.pairs(input or [])}
    options = Options.of(context)
    limit = budget_of(amount(budget, "--budget"))

    async def work(client: "Client") -> None:
        accepted = await client.run(
            named,
            found["steps"],
            input=own or None,
            session_id=session_id,
            fresh=fresh,
            budget=limit,
        )
        if no_wait or watch or not options.json:
            show_accepted(options, "session", accepted)
        if no_wait:
            return
        if watch:
            await show_live(options, client, accepted.id, 0)
        await show_result(options, client, accepted.id, quiet=watch and options.json)

    options.run(work)


def run_skill(
    context: typer.Context,
    skill: Annotated[str, typer.Argument(metavar="SKILL", help="The skill's name.")],
    *,
    input: SkillInput = None,  # noqa: A002 - the option's name
    session: Annotated[
        str | None, typer.Option(metavar="UUID", help="List it with this session of yours.")
    ] = None,
    execution_id: OwnId = None,
    fresh: Fresh = False,
    budget: Budget = None,
    no_wait: NoWait = False,
) -> None:
    """Run one skill alone and show its output."""
    options = Options.of(context)
    given = reading.inputs(input or [])
    limit = budget_of(amount(budget, "--budget"))

    async def work(client: "Client") -> None:
        accepted = await client.execute(
            skill, given, session_id=session, execution_id=execution_id, fresh=fresh, budget=limit
        )
        if no_wait or not options.json:
            show_accepted(options, "execution", accepted)
        if not no_wait:
            await show_skill(options, client, accepted.id)

    options.run(work)


@app.command("get")
def get(
    context: typer.Context,
    session_id: SessionId,
    min_seq: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Wait until the read model has this sequence.")
    ] = None,
) -> None:
    """Show a session and its steps."""
    options = Options.of(context)
    found = options.run(lambda client: client.get(session_id, user=options.user, min_seq=min_seq))
    if options.json:
        show.document(found)
    else:
        show.console().print(*show.session(found), sep="\n")


@app.command("list")
def list_(
    context: typer.Context,
    status: Annotated[Status | None, typer.Option(help="Only sessions of this status.")] = None,
    limit: Limit = 20,
) -> None:
    """List the newest sessions; those of one user with --user."""
    options = Options.of(context)
    found = options.run(lambda client: client.list(user=options.user, status=status, limit=limit + 1))
    show_rows(context, found, limit, show.sessions)


@app.command("watch")
def watch_(context: typer.Context, session_id: SessionId, from_seq: FromSeq = 0) -> None:
    """Follow a session live until it ends; nothing is missed."""
    options = Options.of(context)

    async def work(client: "Client") -> int:
        await client.known(session_id)
        return await show_live(options, client, session_id, from_seq)

    raise typer.Exit(options.run(work))


@app.command("events")
def events(context: typer.Context, session_id: SessionId, from_seq: FromSeq = 0) -> None:
    """Show what the log holds of a session."""
    options = Options.of(context)

    async def work(client: "Client") -> None:
        await client.known(session_id)
        await show_commits(options, client.events(session_id), from_seq)

    options.run(work)


@app.command("result")
def result(context: typer.Context, session_id: SessionId) -> None:
    """Wait for the end and show the outputs."""
    options = Options.of(context)

    async def work(client: "Client") -> None:
        await client.known(session_id)
        await show_result(options, client, session_id)

    options.run(work)


@app.command("cancel")
def cancel(
    context: typer.Context,
    session_id: SessionId,
    reason: Reason = None,
) -> None:
    """Stop a session; what is done stays, what runs is aborted."""
    options = Options.of(context)

    async def work(client: "Client") -> None:
        await client.known(session_id)
        show_accepted(options, "session", await client.cancel(session_id, reason=reason), "is cancelled")

    options.run(work)


@app.command("retry")
def retry(
    context: typer.Context,
    session_id: SessionId,
    from_step: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="The step to go on from; if not given, the failed one."),
    ] = None,
    input: SkillInput = None,  # noqa: A002 - the option's name
    watch: Watch = False,
) -> None:
    """Go on with a failed, cancelled or waiting session under its id. Its step may get another input."""
    options = Options.of(context)
    given = reading.inputs(input) if input else None

    async def work(client: "Client") -> int:
        accepted = await client.retry(session_id, from_step=from_step, input=given)
        if watch:
            return await show_live(options, client, session_id, accepted.seq)
        show_accepted(options, "session", accepted)
        return 0

    raise typer.Exit(options.run(work))
