"""Puts peers into environments of their own, in a cache folder outside of the tree; done once, then kept."""

import asyncio
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.piped import ROOT

UV = ROOT / ".tools" / "bin" / "uv"
PYTHON = os.path.realpath(sys.executable)
RESTATE_SERVER = "@restatedev/restate-server@1.7.12"
RESTATE_BINARY = "node_modules/@restatedev/restate-server-linux-x64/bin/restate-server"
WORDS = 300


class NotHad(Exception):  # noqa: N818 - what it says
    """A peer cannot be had here; the message says why."""


def cache() -> Path:
    """Return TOTALAUD_BENCH_CACHE, else a folder in the user's cache."""
    if chosen := os.environ.get("TOTALAUD_BENCH_CACHE"):
        return Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "totalaud-bench"


async def python_with(name: str, packages: Sequence[str]) -> Path:
    """Return the Python of an environment of these packages and what they need: the one that we run on."""
    kind = hashlib.sha256("\n".join((PYTHON, *packages)).encode()).hexdigest()[:8]
    home = cache() / f"{name}-{kind}"
    python = home / "bin" / "python"
    if not (home / "complete").exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(home, ignore_errors=True)
        await _run(str(UV), "venv", "--quiet", "--python", PYTHON, str(home))
        await _run(str(UV), "pip", "install", "--quiet", "--python", str(python), *packages)
        (home / "complete").touch()
    return python


async def restate_server() -> Path:
    """Return the server that an npm package carries."""
    if shutil.which("npm") is None:
        raise NotHad("npm is not installed; its server comes as an npm package")
    home = cache() / RESTATE_SERVER.replace("/", "-").replace("@", "")
    if not (home / RESTATE_BINARY).exists():
        home.mkdir(parents=True, exist_ok=True)
        await _run("npm", "install", "--ignore-scripts", "--prefix", str(home), RESTATE_SERVER)
    if not (home / RESTATE_BINARY).exists():
        raise NotHad(f"{RESTATE_SERVER} has no server for this machine")
    return home / RESTATE_BINARY


async def _run(*args: str) -> None:
    """Run an installer; raises NotHad with the end of what it said."""
    env = {**os.environ, "UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_NO_CONFIG": "1"}
    try:
        process = await asyncio.create_subprocess_exec(
            *args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env
        )
    except FileNotFoundError:
        raise NotHad(f"there is no {args[0]}: run it by 'make bench-peers'") from None
    said, _ = await process.communicate()
    if process.returncode:
        raise NotHad(f"'{' '.join(args[:2])}' failed: {' '.join(said.decode().split())[-WORDS:]}")
