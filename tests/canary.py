"""Looking for a person where none may be found: each of their words, as it is and in disguise."""

import base64
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg

TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname <> 'information_schema' ORDER BY 1
"""


@dataclass(frozen=True)
class Canary:
    """Words that speak of one person and occur nowhere else."""

    words: tuple[str, ...]

    def hits(self, data: bytes) -> set[str]:
        """Return which words are in the data: in any case, in base64, escaped for URLs, in hex."""
        small = data.lower()
        return {
            word
            for word in self.words
            if any(form in small for form in _written(word)) or any(form in data for form in _base64(word))
        }

    def hits_in(self, value: object) -> set[str]:
        return self.hits(json.dumps(value, ensure_ascii=False, default=str).encode())

    def files(self, folder: Path) -> dict[str, set[str]]:
        """Return by file what a folder holds of the person."""
        return {
            str(path.relative_to(folder)): found
            for path in sorted(folder.rglob("*"))
            if path.is_file() and (found := self.hits(path.read_bytes()))
        }


async def dump(database_url: str) -> dict[str, bytes]:
    """Return every column of every table of every schema, the server's own included."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = [row[0] for row in await connection.fetch(TABLES)]
        return {table: await _rows(connection, table) for table in tables}
    finally:
        await connection.close()


async def checkpoint(database_url: str) -> None:
    """Have PostgreSQL write all that it holds to its files."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _rows(connection: asyncpg.Connection, table: str) -> bytes:
    return b"\n".join(row[0].encode() for row in await connection.fetch(f"SELECT t::text FROM {table} t"))


@cache
def _written(word: str) -> frozenset[bytes]:
    small = word.lower()
    texts = {small, small.encode().hex(), quote(small, safe="").lower(), quote_plus(small).lower()}
    return frozenset({text.encode() for text in texts} | {small.encode("utf-16-le")})


@cache
def _base64(word: str) -> frozenset[bytes]:
    """Whatever stands before it, one of three alignments is its; the edges depend on the neighbours."""
    forms = set()
    for spelled in (word, word.lower(), word.upper()):
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + spelled.encode())
            whole = coded[(0, 2, 3)[shift] : len(coded.rstrip(b"=")) - 1]
            forms |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return frozenset(forms)
