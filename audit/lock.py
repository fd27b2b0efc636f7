"""The lock: every requirement is one version of a name, with hashes, and nothing else is installed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution

PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;*]+)(?:\s*;\s*(?P<marker>.+))?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Pin:
    """One requirement: name in its normal form, version, and where it holds."""

    name: str
    version: str
    marker: str | None

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def read(text: str) -> tuple[list[Pin], list[str]]:
    """Return the lock's pins, and what is wrong with it."""
    pins: list[Pin] = []
    faults: list[str] = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = (line.split("#")[0]).split(" --")
        requirement = requirement.strip()
        if not requirement:
            continue
        found = PINNED.fullmatch(requirement)
        if found is None:
            faults.append(f"{requirement}: not one version of a package")
            continue
        pins.append(Pin(normal(found["name"]), found["version"], found["marker"]))
        if not hashes or not all(HASH.fullmatch(f"--{one.strip()}") for one in hashes):
            faults.append(f"{requirement}: no sha256 for it")
    return pins, faults


def strangers(pins: Iterable[Pin], installed: Iterable[Distribution], ours: set[str]) -> Iterator[str]:
    """Yield what is installed and not in the lock."""
    known = {(pin.name, pin.version) for pin in pins}
    for found in installed:
        if normal(found.name) not in ours and (normal(found.name), found.version) not in known:
            yield f"{found.name}=={found.version}: installed, not in the lock"
