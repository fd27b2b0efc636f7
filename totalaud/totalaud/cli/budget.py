"""`budget set | get | ledger`."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from totalaud.cli import show
from totalaud.cli.listing import show_rows
from totalaud.cli.options import Options, group
from totalaud.cli.plain import echo
from totalaud.cli.recording import Limit
from totalaud.cli.table import Table

app = group("Set what may be spent, and see what was.")
Session = Annotated[str | None, typer.Option(metavar="SESSION", help="For this session alone.")]
HEADINGS = ("scope", "limit", "spent", "set aside", "left", "when it runs out")
ACCOUNT = ("set aside at", "skill", "state", "set aside", "cost", "in doubt", "attempt")


def amount(text: str | None, name: str = "LIMIT") -> Decimal | None:
    """Read an amount of US dollars; `none` is no limit. Complaints name the argument."""
    if text is None or text.strip().casefold() in ("none", "off", "no"):
        return None
    try:
        found = Decimal(text.strip().removeprefix("$"))
    except InvalidOperation:
        raise typer.BadParameter("give US dollars such as 2.50, or none", param_hint=name) from None
    if not found.is_finite() or found < 0:
        raise typer.BadParameter("give an amount of 0 or more, or none", param_hint=name)
    return found


def budget_of(limit: Decimal | None) -> dict[str, str] | None:
    """Return the budget of a run, as commands have it."""
    return None if limit is None else {"limit_usd": str(limit)}


@app.command("set")
def set_(
    context: typer.Context,
    limit: Annotated[
        str, typer.Argument(metavar="LIMIT", help="US dollars such as 2.50; none takes the limit away.")
    ],
    *,
    day: Annotated[bool, typer.Option("--day", help="For each day (UTC), not in total.")] = False,
    session: Session = None,
    wait: Annotated[
        bool | None,
        typer.Option("--wait/--fail", help="What a step does that would exceed it; if not given, as before."),
    ] = None,
) -> None:
    """Set what you may spend in total, on each day, or in one session."""
    if day and session:
        raise typer.BadParameter("give --day or --session, not both", param_hint="--session")
    options, limit_usd = Options.of(context), amount(limit)

    answer = options.run(
        lambda client: client.budgets.set(
            limit_usd,
            scope="day" if day else "user",
            session_id=session,
            policy=None if wait is None else "wait" if wait else "fail",
        )
    )
    whose = f"session {session}" if session else "each day (UTC)" if day else "in total"
    told = "no limit" if limit_usd is None else f"${limit_usd:f}"
    again = " (nothing changed)" if answer["duplicate"] else ""
    options.tell(answer, f"budget {whose}: {told}{again}")


@app.command("get")
def get(context: typer.Context) -> None:
    """Show limits, and what is spent, set aside and left."""
    options = Options.of(context)
    found = options.run(lambda client: client.budgets.get())
    if options.json:
        show.document(found)
        return
    show.console().print(limits(found))
    if Decimal(found["in_doubt_usd"]):
        echo(f"in doubt, and counted as spent: ${found['in_doubt_usd']}")
    if found["unpriced_calls"]:
        echo(f"attempts of unknown price, not counted unless in doubt: {found['unpriced_calls']}")


@app.command("ledger")
def ledger(context: typer.Context, *, session: Session = None, limit: Limit = 20) -> None:
    """List the attempts that money was set aside for, the newest first."""
    options = Options.of(context)
    found = options.run(lambda client: client.budgets.ledger(session_id=session, limit=limit + 1))
    show_rows(context, found, limit, account)


def limits(found: dict[str, Any]) -> Table:
    names = {"user": "in total", "day": f"{found['today']} (UTC)"}
    rows = [
        (
            told,
            _dollars(found[scope]["limit_usd"]) or "none",
            _dollars(found[scope]["spent_usd"]),
            _dollars(found[scope]["reserved_usd"]),
            _dollars(found[scope]["left_usd"]),
            "steps wait" if found[scope]["policy"] == "wait" else "steps fail",
        )
        for scope, told in names.items()
    ]
    return Table(HEADINGS, rows, right=HEADINGS[1:5], whole=HEADINGS[1:5])


def account(rows: Any) -> Table:
    cells = [
        (
            show.moment(row["reserved_at"], "%H:%M:%S"),
            row["skill_name"],
            row["state"],
            _dollars(row["reserved_usd"]),
            _dollars(row["cost_usd"]),
            _dollars(row["in_doubt_usd"] or None),
            str(row["attempt_id"])[:8],
        )
        for row in rows
    ]
    return Table(ACCOUNT, cells, right=ACCOUNT[3:6], whole=ACCOUNT[3:6], gap=1)


def _dollars(value: Any) -> str | None:
    return None if value is None else show.dollars(float(value))
