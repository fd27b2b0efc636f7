"""Records histories of today under today's date: `python -m golden 2026-11-24 sessions`. Old ones stay."""

import argparse
import json
from pathlib import Path

from golden import meaning
from golden.recordings import RECORDINGS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m golden", description=__doc__)
    parser.add_argument("name", help="of the file: the day, and what is new about it")
    parser.add_argument("recordings", nargs="+", choices=RECORDINGS)
    given = parser.parse_args()
    file = meaning.FOLDER / f"{given.name}.jsonl"
    if file.exists():
        parser.error(f"{file} is there already, and what was recorded is never changed")
    lines = [
        json.dumps(
            {"subject": aggregate.subject, "commit": json.loads(commit.encode(aggregate))}, ensure_ascii=False
        )
        for recording in given.recordings
        for aggregate, commit in RECORDINGS[recording]()
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_meaning(file)


def write_meaning(file: Path) -> None:
    entries = list(meaning.recorded(file))
    told = {name: tell(entries) for name, tell in meaning.MEANINGS.items()}
    file.with_suffix(".json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
