"""How good the skills are: seeded worlds with known truth, baselines, and the bars each skill has to pass."""
