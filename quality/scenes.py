"""Scenes of music, and the tags of who belongs to one: names that its people use, some of them noise."""

import numpy as np

SCENES = {
    "synth": ("synthpop", "Synth-Pop", "electropop", "new wave", "synthwave"),
    "guitar": ("indie", "Indie Rock", "alternative", "indie pop", "post-punk"),
    "club": ("techno", "house", "electronic", "Electronica", "disco"),
    "urban": ("hip hop", "Hip-Hop", "rap", "grime", "trip hop"),
    "soul": ("soul", "r&b", "R & B", "neo soul", "funk"),
    "roots": ("folk", "Singer-Songwriter", "acoustic", "americana", "country"),
    "heavy": ("metal", "hard rock", "hardcore", "Hard-Rock", "punk"),
}
NOISE = 0.15


def tags(scene: str, rng: np.random.Generator, *, most: int = 3, noise: float = NOISE) -> list[str]:
    """Draw one tag or more, the same perhaps twice."""
    others = [name for names in SCENES.values() for name in names]
    many = int(rng.integers(1, most + 1))
    return [str(rng.choice(others if rng.random() < noise else SCENES[scene])) for _ in range(many)]
