"""What the bench makes of its measurements: ratios, goals, tables, a plot."""

import os
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench.cells import number, table
from bench.figures import figures, lookup
from bench.goals import Goal, goals, growth, memory_growth, missed, tracing
from bench.meter import Memory, Meter, memory
from bench.names import DBOS, FLOOR, OURS, RESTATE, TRACED
from bench.peers import field, installing
from bench.plot import plot
from bench.ratios import quantile, value
from bench.report import report
from bench.results import FirstWork, MemoryAt, Results
from bench.run import Run, Setting
from bench.servers import Database
from bench.told import told
from bench.work import STEPS, Wrong, check, document, passed_on

DEFAULT = Setting("default", 300)


def run(contender: str = OURS, steps_per_s: float = 300, *, round_: int = 1, **changes) -> Run:
    """A turn of one second on a quiet machine."""
    given = {
        "setting": DEFAULT,
        "ms": (2.0, 3.0, 4.0),
        "cpu_per_step": {"nats": 100.0, "driver": 20.0},
        "foreign_cores": 0.0,
    } | changes
    return Run(contender, round=round_, sessions=round(steps_per_s / STEPS), seconds=1.0, cores=1.0, **given)


def goal(results: Results, what: str) -> Goal:
    return next(goal for goal in goals(results, figures(results)) if goal.what == what)


def test_a_ratio_is_the_median_of_the_rounds_ratios():
    results = Results(
        runs=[
            *(run(OURS, steps, round_=number) for number, steps in enumerate((300, 600, 900), 1)),
            *(run(FLOOR, steps, round_=number) for number, steps in enumerate((600, 600, 600), 1)),
        ]
    )
    ratio = lookup(figures(results), "steps/s", OURS, DEFAULT).ratios[FLOOR]
    assert (ratio.middle, ratio.low, ratio.high, ratio.quiet) == (1.0, 0.5, 1.5, True)


def test_rounds_in_which_others_used_the_machine_are_left_out():
    results = Results(
        runs=[
            run(OURS, 300),
            run(FLOOR, 600),
            run(OURS, 30, round_=2, foreign_cores=0.31),
            run(FLOOR, 600, round_=2),
        ]
    )
    found = lookup(figures(results), "steps/s", OURS, DEFAULT)
    assert (found.value.middle, found.ratios[FLOOR].middle) == (300, 0.5)


def test_a_figure_without_a_quiet_round_is_marked():
    found = value(
        [run(steps_per_s=300, foreign_cores=1.0), run(steps_per_s=600, foreign_cores=1.2)],
        lambda one: one.steps_per_s,
    )
    assert (found.middle, found.quiet) == (450, False)


def test_every_figure_has_its_ratio_beside_the_floor():
    results = Results(runs=[run(OURS, 300), run(FLOOR, 600), run(RESTATE, 150)])
    assert all(FLOOR in one.ratios for one in figures(results) if one.who != FLOOR)
    assert lookup(figures(results), "steps/s", OURS, DEFAULT).ratios[RESTATE].middle == 2


def test_settings_are_not_compared_with_each_other():
    results = Results(runs=[run(OURS), run(FLOOR, setting=Setting("always", 300))])
    assert lookup(figures(results), "steps/s", OURS, DEFAULT).ratios == {}


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100)])
def test_a_quantile_is_one_of_the_values(share: float, expected: int):
    assert quantile(list(range(1, 101)), share) == expected


def test_a_receiver_of_traces_is_not_our_cost():
    results = Results(runs=[run(TRACED, cpu_per_step={"nats": 100.0, "receiver": 50.0}), run(FLOOR)])
    assert lookup(figures(results), "CPU per step", TRACED, DEFAULT).value.middle == 100


def test_a_goal_is_passed_missed_or_not_measured():
    results = Results(runs=[run(OURS, 600), run(FLOOR, 900), run(RESTATE, 330)])
    assert goal(results, "steps/s, default, beside floor").verdict == "pass"
    assert goal(results, "steps/s, default, beside Restate").verdict == "MISS"
    assert goal(results, "steps/s, default, beside DBOS").verdict == "not measured"
    assert [one.what for one in missed(goals(results, figures(results)))] == [
        "steps/s, default, beside Restate",
        "p50 of a session alone, default, beside the fastest peer",
    ]


def test_a_verdict_from_a_busy_machine_says_so():
    results = Results(runs=[run(OURS, 300, foreign_cores=0.9), run(FLOOR, 900)])
    assert goal(results, "steps/s, default, beside floor").verdict == "MISS, not on a quiet machine"


def test_latency_is_judged_beside_the_fastest_peer():
    results = Results(runs=[run(OURS, ms=(4.0,)), run(RESTATE, ms=(5.0,)), run(DBOS, ms=(8.0,))])
    assert goal(results, "p50 of a session alone, default, beside the fastest peer").got.middle == 0.8


def test_growth_takes_out_what_the_machine_did_meanwhile():
    large = Setting("default", 300_000)
    results = Results(
        runs=[run(OURS, 300), run(FLOOR, 600), run(OURS, 150, setting=large), run(FLOOR, 300, setting=large)]
    )
    assert growth(figures(results), "default", 300, 300_000).middle == 1


def test_tracing_costs_the_share_that_is_missing():
    results = Results(runs=[run(OURS, 300), run(TRACED, 270)])
    assert tracing(results).middle == pytest.approx(0.1)


def test_memory_growth_counts_from_a_warm_stack_over_a_hundred_thousand_sessions():
    def at(sessions: int, pss: float) -> MemoryAt:
        return MemoryAt(DEFAULT, sessions, {"orchestrator": Memory(0, pss), "nats": Memory(0, 1000 * pss)})

    results = Results(memory=[at(0, 50), at(10_000, 100), at(60_000, 120)])
    assert memory_growth(results) is None
    results.memory.append(at(110_000, 130))
    assert memory_growth(results).middle == 1.3


def test_tables_are_aligned():
    assert table([["a", "bb"], ["ccc", "d"]]).splitlines() == ["| a   | bb |", "| --- | -- |", "| ccc | d  |"]


@pytest.mark.parametrize(
    ("figure", "written"),
    [(0.4567, "0.46"), (9.994, "9.99"), (45.67, "45.7"), (456.7, "457"), (45670, "45,670")],
)
def test_figures_have_about_three_digits(figure: float, written: str):
    assert number(figure) == written


def test_the_report_tells_all_that_was_found():
    results = Results(
        about={"Work": "three steps"},
        runs=[run(OURS, 300), run(FLOOR, 600), run(OURS, 300, round_=2, foreign_cores=0.5)],
        memory=[
            MemoryAt(DEFAULT, 0, {"projector": Memory(60, 40)}),
            MemoryAt(DEFAULT, 99, {"projector": Memory(70, 44)}),
        ],
        first_works=[FirstWork(0.8, 0.0)],
        skipped={DBOS: "no index"},
    )
    text = report(results, figures(results), goals(results, figures(results)))
    for expected in (
        "Work: three steps",
        "| default | 300        | totalaud | 300     | 0.50    | ≤ 0.50        |",
        "| default | 300        | our services | 60.0     | 40.0    | 44.0  | 99       | 1.10            |",
        "| start of a skill-runner to its first work, s | 0.80   | the goal, 1.0 s | 0.80  |",
        "Left out: DBOS, no index",
    ):
        assert expected in text


def test_the_json_holds_turns_figures_and_goals():
    results = Results(runs=[run(OURS, 300), run(FLOOR, 600)])
    found = told(results, figures(results), goals(results, figures(results)))
    assert found["runs"][0]["ms"] == {"p50": 3.0, "p95": 4.0, "p99": 4.0, "sessions": 3}
    assert found["figures"][0]["ratios"][FLOOR]["middle"] == 0.5
    assert {one["verdict"] for one in found["goals"]} >= {"pass", "not measured"}


def test_the_plot_draws_a_line_for_each_setting_and_more_is_higher():
    large = Setting("default", 30_000)
    results = Results(
        runs=[
            run(OURS, 300),
            run(OURS, 600, setting=large),
            run(FLOOR, 900),
            run(OURS, 90, setting=Setting("always", 300)),
        ]
    )
    drawn = ET.fromstring(plot(figures(results)))
    lines = [one.attrib["points"].split() for one in drawn.iter() if one.tag.endswith("polyline")]
    assert sorted(map(len, lines)) == [1, 1, 2]
    (first, last) = next(line for line in lines if len(line) == 2)
    assert float(first.split(",")[0]) < float(last.split(",")[0])
    assert float(first.split(",")[1]) > float(last.split(",")[1])


def test_a_plot_of_nothing_is_a_picture_still():
    assert ET.fromstring(plot([])).tag.endswith("svg")


def test_the_meter_counts_what_its_processes_use_and_not_as_foreign():
    meter = Meter({"this": [os.getpid()]})
    until = time.process_time() + 0.3
    while time.process_time() < until:
        pass
    spent = meter.spent()
    assert 0.25 <= spent.cpu_s["this"] <= spent.seconds * 1.2
    assert memory({"this": [os.getpid()]})["this"].pss > 1


def test_a_process_that_has_ended_costs_nothing_more():
    assert Meter({"gone": [2**22 + 1]}).spent().cpu_s == {"gone": 0.0}
    assert memory({"gone": [2**22 + 1]}) == {"gone": Memory(0, 0)}


def test_a_document_that_missed_a_step_is_wrong():
    given = document(1)
    for _ in range(STEPS - 1):
        given = passed_on(given)
    with pytest.raises(Wrong, match="after 2 of 3 steps"):
        check(given)
    check(passed_on(given))


async def test_a_peer_that_cannot_be_had_is_named_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("TOTALAUD_BENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(installing, "UV", tmp_path / "no-uv")
    said: list[str] = []
    contenders, skipped = await field.ready([field.PEERS["dbos"]], tmp_path, Database("", 0), said.append)
    assert contenders == []
    assert "no-uv: run it by 'make bench-peers'" in skipped[DBOS]
    assert said[0] == "DBOS needs dbos==3.4.0"
