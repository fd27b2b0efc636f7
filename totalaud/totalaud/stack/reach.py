"""How a running stack is reached: its addresses, and a workflow started by plain means."""

import json
import os
import shlex
import shutil
import sys
from uuid import UUID

from shared.secret import is_given
from totalaud.stack import binaries, paths
from totalaud.stack.environment import Place

STEP = {
    "skill": "research-contacts",
    "input": {
        "query": "UK indie radio DJs who like synthpop",
        "type": "radio",
        "genres": ["synthpop"],
        "regions": ["UK"],
    },
}
PYTHON = """\
import asyncio, json, os, nats

async def main():
    client = await nats.connect({url})
    body = {{"agent": "scout-agent", "steps": [{step}]}}
    await client.publish("{subject}", json.dumps(body).encode())
    await client.drain()

asyncio.run(main())"""


def lines(place: Place, user: UUID) -> list[str]:
    """Return what `totalaud up` prints: our URLs let their reader in, those of the environment stay there."""
    subject = f"cmd.{user}.session.run"
    body = json.dumps({"agent": "scout-agent", "steps": [STEP]})
    nats_url = _in_shell("TOTALAUD_NATS_URL", place.nats_url)
    psql = f"{_psql()} {_in_shell('TOTALAUD_DATABASE_URL', place.database_url)}"
    twin = PYTHON.format(
        url=_in_python("TOTALAUD_NATS_URL", place.nats_url), step=json.dumps(STEP), subject=subject
    )
    return [
        "",
        f"NATS        {nats_url}",
        f"PostgreSQL  {psql}",
        f"acting as   {user}",
        "",
        "Start a workflow with the nats tool",
        "",
        f"nats -s {nats_url} pub {subject} {shlex.quote(body)}",
        "",
        "or with plain Python",
        "",
        f"{shlex.quote(sys.executable)} - <<'END'",
        *twin.splitlines(),
        "END",
        "",
        "and look at it",
        "",
        f"{psql} -c 'table agent_sessions'",
        "",
    ]


def _in_shell(variable: str, url: str) -> str:
    if os.environ.get(variable):
        return f'"${variable}"'
    return f'"$(cat "${variable}_FILE")"' if is_given(variable) else shlex.quote(url)


def _in_python(variable: str, url: str) -> str:
    if os.environ.get(variable):
        return f'os.environ["{variable}"]'
    return f'open(os.environ["{variable}_FILE"]).read().strip()' if is_given(variable) else json.dumps(url)


def _psql() -> str:
    if shutil.which("psql"):
        return "psql"
    programs = binaries.readable_copy() if paths.is_root() else binaries.installed()
    return shlex.quote(str(programs / "bin" / "psql"))
