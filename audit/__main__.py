"""Checks what can be checked here, then asks for known vulnerabilities; exit 1 when something is wrong."""

import sys
from importlib.metadata import distributions
from pathlib import Path

from audit import advisories, licences, lock

ROOT = Path(__file__).parents[1]
OURS = {
    "totalaud",
    *(f"totalaud-{name}" for name in ("shared", "orchestrator", "skill-runner", "projector", "campaigns")),
}


def here() -> tuple[list[lock.Pin], list[str]]:
    """Return the lock's pins and all that is wrong without asking anybody."""
    installed = list(distributions())
    pins, faults = lock.read((ROOT / "requirements.lock").read_text())
    faults += lock.strangers(pins, installed, OURS)
    faults += licences.complaints(installed, OURS)
    return pins, faults


def main() -> int:
    pins, faults = here()
    for fault in faults:
        print(fault)
    print(
        f"{len(pins)} requirements: hashes, licences, and what is installed: {'wrong' if faults else 'right'}"
    )
    answer, words = advisories.ask(pins, ROOT / ".tools" / "bin" / "uv")
    for line in advisories.withdrawn(words) if answer is advisories.Answer.CLEAN else words:
        print(f"  {line}")
    print(f"vulnerabilities: {answer.value}")
    if answer is advisories.Answer.NOT_ASKED:
        print("this is no clean bill: the advisory service was not reached, ask again with a network")
    return int(bool(faults) or answer is not advisories.Answer.CLEAN or bool(advisories.withdrawn(words)))


if __name__ == "__main__":
    sys.exit(main())
