"""The results as JSON: turns as they were measured, figures with their ratios, goals with verdicts."""

from dataclasses import asdict
from typing import Any

from bench.figures import Figure
from bench.goals import Goal
from bench.ratios import quantile
from bench.results import Results
from bench.run import Run

Json = dict[str, Any]


def told(results: Results, figures: list[Figure], goals: list[Goal]) -> Json:
    return {
        "about": results.about,
        "figures": [asdict(one) for one in figures],
        "goals": [asdict(goal) | {"verdict": goal.verdict} for goal in goals],
        "memory": [asdict(at) for at in results.memory],
        "first_works": [asdict(one) for one in results.first_works],
        "rebuilds": [
            asdict(one)
            | {
                "events_per_s": one.events_per_s,
                "share_of_raw": one.share,
                "share_of_copy": one.share_of_copy,
            }
            for one in results.rebuilds
        ],
        "skipped": results.skipped,
        "runs": [_run(run) for run in results.runs],
    }


def _run(run: Run) -> Json:
    quantiles = {f"p{share:.0%}".rstrip("%"): quantile(run.ms, share) for share in (0.5, 0.95, 0.99)}
    return {**asdict(run), "ms": quantiles | {"sessions": len(run.ms)}, "steps_per_s": run.steps_per_s}
