"""The Python file of a custom skill, looked at without running it."""

import ast
from pathlib import Path

from totalaud.skillfiles.problem import Faults

MAX_BYTES = 1024 * 1024
PARAMETERS = 2


def python_file(yaml_file: Path, skill: str) -> Path:
    """`research-contacts` is bound to `research_contacts.py` beside its YAML."""
    return yaml_file.with_name(f"{skill.replace('-', '_')}.py")


def python_source(file: Path, faults: Faults, line: int) -> bytes | None:
    """Return the file's bytes if it can be run; `line` is that of the YAML's provider, which asks for it."""
    try:
        source = file.read_bytes()
    except OSError:
        faults.add(line, f"a custom skill needs its Python file: no readable {file.name} is beside it")
        return None
    python = Faults(file)
    if len(source) > MAX_BYTES:
        python.add(1, f"the file has {len(source)} bytes, at most {MAX_BYTES} are read")
    else:
        _check(source, python)
    faults.found += python.found
    return None if python.found else source


def _check(source: bytes, faults: Faults) -> None:
    try:
        module = ast.parse(source)
    except SyntaxError as error:
        faults.add(error.lineno or 1, f"not Python: {error.msg}")
        return
    except (ValueError, RecursionError, MemoryError):
        faults.add(1, "not Python that can be read")
        return
    for node in module.body:
        match node:
            case ast.FunctionDef(name="run", args=args):
                if not _takes_two(args):
                    faults.add(node.lineno, "'run' takes two arguments: run(input, context)")
                return
            case ast.AsyncFunctionDef(name="run"):
                faults.add(node.lineno, "'run' is a plain function, not an async one")
                return
            case _:
                pass
    faults.add(1, "there is no function 'run(input, context)'")


def _takes_two(args: ast.arguments) -> bool:
    positional = len(args.posonlyargs) + len(args.args)
    needed = positional - len(args.defaults)
    fits = needed <= PARAMETERS and (positional >= PARAMETERS or args.vararg is not None)
    return fits and len(args.kwonlyargs) == sum(default is not None for default in args.kw_defaults)
