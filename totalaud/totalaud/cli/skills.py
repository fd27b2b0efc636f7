"""`skills …`: what can be run, and bringing it from files into the log."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from totalaud.cli import show
from totalaud.cli.options import Options, Reason, group
from totalaud.cli.plain import echo
from totalaud.cli.sessions_shown import show_accepted, show_skill
from totalaud.cli.table import Table

if TYPE_CHECKING:
    from totalaud.client import Client

app = group("See, check and push skills; look after one that runs alone.")
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="Default: TOTALAUD_SKILLS, else the checkout's skills."),
]
ExecutionId = Annotated[
    str, typer.Argument(metavar="EXECUTION", help="Its UUID, as 'totalaud skill' tells it.")
]
Skill = Annotated[str, typer.Argument(metavar="SKILL", help="The skill's name.")]


@app.command("list")
def list_(context: typer.Context) -> None:
    """List the skills of the read model."""
    options = Options.of(context)
    rows = options.run(lambda client: client.skills())
    if options.json:
        show.document(rows)
    else:
        show.console().print(listed(rows))


def listed(rows: Iterable[Mapping[str, Any]]) -> Table:
    named = ("category", "provider", "model", "enabled")
    cells = [
        (
            row["name"],
            f"{row['version']}{' (beta)' if row['is_beta'] else ''}",
            *(row[name] for name in named),
        )
        for row in rows
    ]
    return Table(("skill", "version", *named), cells)


@app.command("lint")
def lint(
    context: typer.Context,
    folder: Folder = None,
    marks: Annotated[
        bool, typer.Option("--marks", help="Free text must be marked personal or public.")
    ] = False,
) -> None:
    """Check skill files. One line for each problem, exit code 1 if there is any; a warning is none."""
    from totalaud.pushing import read_folder
    from totalaud.told.lines import counted

    options = Options.of(context)
    files = read_folder(folder, marks=marks)
    found = [("error", problem) for problem in files.problems]
    found += [("warning", warning) for warning in files.warnings]
    lines = [*map(str, files.problems), *(f"{warning} (a warning)" for warning in files.warnings)]
    if not files.problems:
        skills, agents = counted(len(files.skills), "skill"), counted(len(files.agents), "agent")
        lines.append(f"{skills} and {agents}: no problem")
    options.tell(
        [{"severity": severity, **fault._asdict(), "file": str(fault.file)} for severity, fault in found],
        *lines,
    )
    raise typer.Exit(1 if files.problems else 0)


@app.command("push")
def push(context: typer.Context, folder: Folder = None) -> None:
    """Put what the files say into the log, where it differs. A bad file costs itself only."""
    from totalaud.pushing import push_folder
    from totalaud.told.lines import counted

    options = Options.of(context)
    done, problems = options.run(lambda client: push_folder(client.operator, folder))
    echo(*problems, err=True)
    lines = [f"changed: {', '.join(done['changed']) or 'nothing'}"]
    if done["warnings"]:
        lines.append(f"{counted(done['warnings'], 'warning')}: see 'totalaud skills lint'")
    options.tell({**done, "problems": problems}, *lines)
    raise typer.Exit(1 if problems else 0)


@app.command("result")
def result(context: typer.Context, execution_id: ExecutionId) -> None:
    """Wait for the end of a skill that runs alone, and show its output."""
    options = Options.of(context)

    async def work(client: "Client") -> None:
        await client.known_skill(execution_id)
        await show_skill(options, client, execution_id)

    options.run(work)


@app.command("cancel")
def cancel(
    context: typer.Context,
    execution_id: ExecutionId,
    reason: Reason = None,
) -> None:
    """Stop a skill that runs alone; what runs is aborted."""
    options = Options.of(context)

    async def work(client: "Client") -> None:
        await client.known_skill(execution_id)
        cancelled = await client.cancel_skill(execution_id, reason=reason)
        show_accepted(options, "execution", cancelled, "is cancelled")

    options.run(work)


@app.command("enable")
def enable(context: typer.Context, skill: Skill) -> None:
    """Allow a skill, whatever its file says."""
    _switch(Options.of(context), skill, on=True)


@app.command("disable")
def disable(context: typer.Context, skill: Skill) -> None:
    """Forbid new runs of a skill; sessions that run go on."""
    _switch(Options.of(context), skill, on=False)


def _switch(options: Options, skill: str, *, on: bool) -> None:
    done = options.run(lambda client: client.operator.enable(skill) if on else client.operator.disable(skill))
    options.tell(done, f"{skill} is {'enabled' if on else 'disabled'}")
