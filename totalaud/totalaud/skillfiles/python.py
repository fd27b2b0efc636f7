"""The Python file beside a skill's YAML, looked at without running it."""

import ast
import sys
from pathlib import Path
from typing import NamedTuple

from shared.skill_source import LIBRARY, library_of
from totalaud.skillfiles.problem import Faults

MAX_BYTES = 1024 * 1024
Signatures = dict[str, tuple[str, ...]]
CUSTOM: Signatures = {"run": ("input", "context")}
AI: Signatures = {
    "check": ("given", "answer"),
    "template": ("given",),
    "brief": ("given", "now"),
    "complete": ("given", "answer"),
    "rests_on": ("given",),
}
NEEDED = ("run", "check")


class Python(NamedTuple):
    """A file's bytes, and which of the functions that the engine knows it has."""

    source: bytes
    functions: tuple[str, ...]


def python_of(file: Path, provider: str, faults: Faults, line: int) -> Python | None:
    """Return the file if it can be run; a skill that asks a model need not have one.

    `line` is that of the YAML's provider, which asks for it.
    """
    if provider != "custom" and not file.exists():
        return None
    try:
        source = file.read_bytes()
    except OSError:
        faults.add(line, f"a custom skill needs its Python file: no readable {file.name} is beside it")
        return None
    python = Faults(file)
    functions: tuple[str, ...] = ()
    if len(source) > MAX_BYTES:
        python.add(1, f"the file has {len(source)} bytes, at most {MAX_BYTES} are read")
    else:
        functions = _functions(source, CUSTOM if provider == "custom" else AI, python)
    faults.found += python.found
    return None if python.found else Python(source, functions)


def check_library(folder: Path) -> list[Faults]:
    """Look at the code that all skills of a folder share."""
    told = []
    for name, source in library_of(folder).items():
        told.append(faults := Faults(folder / LIBRARY / name))
        _parsed(source, faults)
    return told


def _parsed(source: bytes, faults: Faults) -> ast.Module | None:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        faults.add(error.lineno or 1, f"not Python: {error.msg}")
    except (ValueError, RecursionError, MemoryError):
        faults.add(1, "not Python that can be read")
    return None


def _functions(source: bytes, known: Signatures, faults: Faults) -> tuple[str, ...]:
    module = _parsed(source, faults)
    if module is None:
        return ()
    _check_imports(module, faults)
    found = []
    for node in module.body:
        match node:
            case ast.FunctionDef(name=name, args=args) if name in known and name not in found:
                found.append(name)
                if not _takes(args, len(known[name])):
                    count = "one argument" if len(known[name]) == 1 else "two arguments"
                    faults.add(node.lineno, f"'{name}' takes {count}: {_call(name, known)}")
            case ast.AsyncFunctionDef(name=name) if name in known and name not in found:
                found.append(name)
                faults.add(node.lineno, f"'{name}' is a plain function, not an async one")
            case _:
                pass
    for name in NEEDED:
        if name in known and name not in found:
            faults.add(1, f"there is no function '{_call(name, known)}'")
    return tuple(name for name in known if name in found)


def _check_imports(module: ast.Module, faults: Faults) -> None:
    """Tell of modules that lie where no skill finds them; what else is installed, its runner knows."""
    folder = faults.file.parent
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                imported = [each.name for each in names]
            case ast.ImportFrom(module=name, level=level):
                imported = [f"{'.' * level}{name or ''}"]
            case _:
                continue
        for name in imported:
            first, *inner = name.split(".")
            if first == LIBRARY and inner and not _is_file(folder.parent / LIBRARY / inner[0]):
                faults.add(node.lineno, f"there is no {LIBRARY}/{inner[0]}.py")
            elif not first or (first not in sys.stdlib_module_names and _is_module(folder / first)):
                faults.add(node.lineno, f"'{name}' cannot be imported: shared code lies in {LIBRARY}/")


def _is_module(path: Path) -> bool:
    return path.is_dir() or _is_file(path)


def _is_file(path: Path) -> bool:
    """A folder within the library is no part of it: nothing there is pinned, or kept."""
    return path.with_suffix(".py").is_file()


def _call(name: str, known: Signatures) -> str:
    return f"{name}({', '.join(known[name])})"


def _takes(args: ast.arguments, count: int) -> bool:
    positional = len(args.posonlyargs) + len(args.args)
    needed = positional - len(args.defaults)
    fits = needed <= count and (positional >= count or args.vararg is not None)
    return fits and len(args.kwonlyargs) == sum(default is not None for default in args.kw_defaults)
