"""Skills for the tests of a skill-runner: custom ones by their Python, some whose model is at fault."""

import shutil
from pathlib import Path
from typing import Any

from shared.definitions import SkillConfig, SkillDefinition
from shared.skill_source import library_of, python_hash
from skillmodules import SKILLS

PERSONAL = {"type": "string", "x-personal": True}
PYTHON = {
    "kept": "def run(input, context):\n    return {'text': input['text']}\n",
    "echo": "def run(input, context):\n    return {'text': input['text']}\n",
    "spin": "def run(input, context):\n    yield {'text': 'so far'}\n    while True:\n        pass\n",
    "more": (
        "def run(input, context):\n    yield {'text': 'a', 'secret': 'jane@example.org'}\n"
        "    if input.get('fail'):\n        raise ValueError\n"
    ),
    "quit": "import os\ndef run(input, context):\n    os._exit(1)\n",
    "greet": (
        "def run(input, context):\n"
        "    name = input['contact']['name']\n"
        "    return {'contact_id': input['contact']['id'], 'text': f'Hi {name}'}\n"
    ),
    "big": "def run(input, context):\n    return {'text': 'x' * input['size']}\n",
    "nul": "def run(input, context):\n    return {'text': 'a' + chr(0)}\n",
    "wrong": "def run(input, context):\n    return {'text': 3}\n",
    "rows": (
        "def run(input, context):\n"
        "    found = context.rows(\n"
        "        \"SELECT id, name, price, ':user' AS quoted FROM things\"\n"
        "        ' WHERE owner = :user AND id = ANY(:ids::uuid[])', ids=input['ids'])\n"
        "    return {'text': repr(found)}\n"
    ),
    "write": (
        "def run(input, context):\n"
        "    context.rows('WITH gone AS (DELETE FROM things WHERE owner = :user RETURNING id) TABLE gone')\n"
        "    return {'text': ''}\n"
    ),
}
TEXT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ANY = {"type": "object"}
FAULTS = (
    "invent=9",
    "invent=1",
    "invalid=9",
    "refuse=9",
    "truncate=9",
    "cut=9",
    "429=9",
    "503=9",
    "latency=60",
)
SCHEMAS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "greet": (
        {
            "type": "object",
            "properties": {
                "contact": {
                    "type": "object",
                    "properties": {"id": {"type": "string"}, "name": PERSONAL},
                }
            },
            "required": ["contact"],
        },
        {
            "type": "object",
            "properties": {"contact_id": {"type": "string"}, "text": PERSONAL},
            "required": ["text"],
        },
    ),
    "echo": (TEXT, TEXT),
}


def definitions(root: Path) -> dict[str, SkillDefinition]:
    shutil.copytree(SKILLS, root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
    folder = root / "scout"
    made = {}
    for name, source in PYTHON.items():
        (folder / f"{name}.py").write_text(source)
        given, output = SCHEMAS.get(name, (ANY, TEXT))
        made[name] = SkillDefinition(
            name=name,
            category="research",
            provider="custom",
            input_schema=given,
            output_schema=output,
            hash=f"hash-{name}",
            python_hash=python_hash(source.encode(), library_of(root)),
        )
    made["kept"] = made["kept"].model_copy(update={"config": SkillConfig(cache_s=60)})
    given, output = SCHEMAS["greet"]
    models = {
        "pitch": "claude-sonnet-5",
        "slow": "local;latency=30",
        "pause": "local;latency=1",
        "busy": "local;429=9",
        "draft": "local",
    }
    for name, model in models.items():
        made[name] = SkillDefinition(
            name=name,
            category="generation",
            provider="openai" if name in ("busy", "draft") else "anthropic",
            model=model,
            input_schema=given,
            output_schema=output,
            hash=f"hash-{name}",
        )
    return made


def faulty(definition: SkillDefinition) -> list[SkillDefinition]:
    """Versions of the shipped pitch and press release whose model is at fault as its name orders."""
    if definition.name not in ("generate-pitch", "write-press-release"):
        return []
    return [
        definition.model_copy(update={"hash": fault, "model": f"claude-haiku-4-5;{fault}"})
        for fault in FAULTS
    ]
