"""The Python behind skills: a file beside the YAML, and the folder `library` that all of them may import."""

import hashlib
from pathlib import Path

LIBRARY = "library"


def file_name(skill: str) -> str:
    """`research-contacts` is bound to `research_contacts.py` beside its YAML."""
    return f"{skill.replace('-', '_')}.py"


def library_of(root: Path) -> dict[str, bytes]:
    """Return the files of <root>/library by name; without such a folder there are none.

    A hidden one is none of it: an editor's lock, say, which is a link to nowhere.
    """
    files = sorted(file for file in (root / LIBRARY).glob("[!.]*.py") if file.is_file())
    return {file.name: file.read_bytes() for file in files}


def python_hash(source: bytes, library: dict[str, bytes]) -> str:
    """Return what tells this file, with the library it may use, from any other."""
    digest = hashlib.sha256(source)
    for name, content in sorted(library.items()):
        digest.update(b"\0" + name.encode() + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()
