"""Records random histories of today under today's date: `python -m golden 2026-11-24`. Old ones stay."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from controls import SESSION, USER, attempt_id, call, claim, failure, later, planned, report, start, usage
from golden import meaning
from histories import Written, definitions, stories
from orchestrator.asked import ExpireLease, WakeUp
from orchestrator.decide import decide
from orchestrator.evolve import fold
from orchestrator.session import Session
from shared.commit import Commit
from shared.subjects import session

SEEDS, STORIES, COMMITS = (20, 69, 188), 6, 80


def main() -> None:
    file = meaning.FOLDER / f"{sys.argv[1]}.jsonl"
    if file.exists():
        sys.exit(f"{file} is there already, and what was recorded is never changed")
    written = [*definitions(), *(one for seed in SEEDS for one in stories(seed, STORIES, COMMITS)), *rivals()]
    lines = [
        json.dumps(
            {"subject": aggregate.subject, "commit": json.loads(commit.encode(aggregate))}, ensure_ascii=False
        )
        for aggregate, commit in written
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_meaning(file)


def rivals() -> Iterator[Written]:
    """A lost attempt that reports success after all, while the next one runs; the last step is handed on.

    That one fails with two of its texts written, and waits to be tried again.
    """
    half = {"partial": {"texts": ["one", "three"]}, "items": (0, 2), "calls": (call(item=0), call(item=2))}
    begin = replace(start(), steps=(planned(1), planned(2, agent="coach-agent")))
    told = (
        (begin, 0.0),
        (claim(), 1.0),
        (ExpireLease(attempt_id()), 10.0),
        (WakeUp(SESSION), 20.0),
        (report(usage=usage()), 21.0),
        (failure(2, usage=usage(2), **half), 22.0),
    )
    known = Session()
    for number, (command, at) in enumerate(told):
        events = tuple(decide(command, known, later(at)))
        known = fold(events, known)
        yield session(USER, SESSION), Commit(commit_id=UUID(int=number), at=later(at), events=events)


def write_meaning(file: Path) -> None:
    entries = list(meaning.recorded(file))
    told = {"sessions": meaning.sessions(entries), "rows": meaning.rows(entries)}
    file.with_suffix(".json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
