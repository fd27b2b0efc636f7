"""What each of our packages brings along where it is installed without the others, as clients have it."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = [*ROOT.glob("*/pyproject.toml"), *ROOT.glob("services/*/pyproject.toml")]
OURS: dict[str, dict[str, Any]] = {
    project["name"]: {"folder": file.parent, "asks": project["dependencies"]}
    for file in FILES
    for project in [tomllib.loads(file.read_text())["project"]]
}
HOMES = metadata.packages_distributions()


def asked_for_by(package: str) -> Iterator[str]:
    asks = OURS[package]["asks"] if package in OURS else metadata.requires(package) or []
    for asked in map(Requirement, asks):
        if asked.marker is None or asked.marker.evaluate({"extra": ""}):
            yield canonicalize_name(asked.name)


def brought_by(package: str) -> set[str]:
    brought, open_ = set(), {package}
    while open_:
        brought |= open_
        open_ = {asked for one in open_ for asked in asked_for_by(one)} - brought
    return brought


def imported_by(package: str) -> set[str]:
    found: set[str] = set()
    for file in OURS[package]["folder"].rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    found |= {one.name.partition(".")[0] for one in names}
                case ast.ImportFrom(module=str(module), level=0):
                    found.add(module.partition(".")[0])
    return found - sys.stdlib_module_names


def homes_of(module: str) -> set[str]:
    ours = {name for name, one in OURS.items() if (one["folder"] / module / "__init__.py").exists()}
    return ours or {canonicalize_name(one) for one in HOMES.get(module, [])}


@pytest.mark.parametrize("package", sorted(OURS))
def test_a_package_brings_along_all_that_it_imports(package: str):
    brought = brought_by(package)
    assert {module for module in imported_by(package) if not homes_of(module) & brought} == set()
