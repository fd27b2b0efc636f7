"""Tests on the model of who answers: what it learns, what it must not see, and when it is not used."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from library import logistic
from library.forecasting import Sent, data_hash, forecast
from library.propensity import histories

HORIZON = timedelta(days=21)
START = datetime(2026, 1, 1, tzinfo=UTC)


def row(day, contact="a", *, success=False, match=None, kind="radio"):
    return {
        "contact_id": contact,
        "sent_at": START + timedelta(days=day),
        "success": success,
        "match": match,
        "type": kind,
    }


def test_a_history_holds_nothing_that_came_to_be_known_later():
    told = histories([row(0, success=True), row(10), row(30), row(60)], HORIZON)
    assert [(one.k, one.n, one.earlier) for one in told] == [(0, 0, 0), (0, 0, 1), (1, 1, 2), (1, 3, 3)]


def test_a_later_outcome_changes_no_earlier_history():
    rows = [row(day, success=day % 2 == 0) for day in range(40)]
    assert histories(rows, HORIZON)[:30] == histories([*rows[:30], row(31, success=True)], HORIZON)[:30]


def test_a_contact_that_answered_is_likelier_and_a_silent_one_less():
    rng = np.random.default_rng(1)
    rows = [row(i / 4, f"c{i % 30}", success=bool(rng.random() < 0.1)) for i in range(90)]
    made = forecast(rows, HORIZON, "replied")
    never, often, silent = (one["p"] for one in made.predict([Sent(), Sent(k=3, n=4), Sent(k=0, n=9)]))
    assert silent < never < often


def test_a_planted_genre_effect_is_found_and_named():
    made = forecast(_planted(1500), HORIZON, "replied")
    yes, no = made.predict([Sent(type="radio", match=True), Sent(type="radio", match=False)])
    assert made.card["kind"] == "logistic"
    assert yes["p"] > 2 * no["p"]
    assert yes["lo"] < yes["p"] < yes["hi"]
    assert "genre match" in [factor["name"] for factor in yes["factors"]]


def test_the_interval_of_a_contact_holds_its_own_chance():
    rng = np.random.default_rng(5)
    own, contacts = rng.beta(1, 11, 300), rng.integers(300, size=2000)
    matches = rng.random(2000) < 0.5

    def chance(of, match):
        odds = own[of] / (1 - own[of]) * np.where(match, 2.0, 0.5)
        return odds / (1 + odds)

    success = rng.random(2000) < chance(contacts, matches)
    rows = [
        row(number / 4, who, success=bool(won), match=bool(match))
        for number, (who, won, match) in enumerate(zip(contacts.tolist(), success, matches, strict=True))
    ]
    made = forecast(rows, HORIZON, "replied")
    pasts = [success[contacts == who] for who in range(300)]
    sent = [
        Sent(type="radio", match=True, k=int(past.sum()), n=len(past), earlier=len(past), days=30.0)
        for past in pasts
    ]
    told = zip(made.predict(sent), chance(np.arange(300), np.ones(300, bool)), strict=True)
    assert made.card["kind"] == "logistic"
    assert np.mean([one["lo"] <= truth <= one["hi"] for one, truth in told]) > 0.88
    assert made.doubt(sent) < 0.03


def test_what_a_type_does_is_not_told_as_the_history_of_a_contact_that_has_none():
    venues = [
        one | {"type": "venue", "contact_id": f"v{i}", "success": False}
        for i, one in enumerate(_planted(300))
    ]
    both = sorted([*_planted(1500), *venues], key=lambda one: one["sent_at"])
    made = forecast(both, HORIZON, "replied")
    new, silent = made.predict([Sent(type="radio"), Sent(type="radio", k=0, n=9)])
    assert made.card["kind"] == "logistic"
    assert {"name": "history", "why": "0 of 0 known outcomes were successes"} not in _named(new)
    assert {"name": "rate of the type", "why": "type is radio"} in _named(new)
    assert {"name": "history", "why": "0 of 9 known outcomes were successes"} in _named(silent)


def test_columns_of_noise_earn_no_model():
    rng = np.random.default_rng(4)
    used = 0
    for _ in range(12):
        rows = [row(i / 4, f"c{i % 99}", success=bool(rng.random() < 0.1)) for i in range(400)]
        used += forecast(rows, HORIZON, "replied").card["kind"] == "logistic"
    assert used <= 3


@pytest.mark.parametrize("rows", [[], [row(0)], [row(0, success=True)] * 300, [row(i) for i in range(300)]])
def test_nothing_or_all_equal_gives_rates(rows):
    made = forecast(rows, HORIZON, "replied")
    assert made.card["kind"] in ("base_rate", "eb_rate")
    assert 0 < made.predict([Sent()])[0]["p"] < 1


def test_the_hash_tells_other_data_apart():
    assert data_hash([row(0)]) == data_hash([row(0)]) != data_hash([row(0, success=True)])


def test_brier_skill_is_nothing_for_the_constant_and_one_for_the_truth():
    outcome = np.array([0.0, 1.0, 0.0, 0.0])
    assert logistic.brier_skill(np.full(4, 0.25), outcome, 0.25) == 0
    assert logistic.brier_skill(outcome, outcome, 0.25) == 1


def test_log_odds_twice_too_bold_are_drawn_in():
    rng = np.random.default_rng(2)
    line = rng.normal(-1, 1, 20_000)
    outcome = (rng.random(20_000) < 1 / (1 + np.exp(-line))).astype(float)
    fitted = logistic.platt(2 * line, outcome)
    assert fitted.slope == pytest.approx(0.5, abs=0.05)
    assert logistic.platt(np.zeros(0), np.zeros(0)) == logistic.Platt()


def test_calibration_error_is_the_gap_in_each_tenth():
    outcome = np.tile([1.0, 0.0, 0.0, 0.0], 250)
    assert logistic.calibration_error(np.full(1000, 0.25), outcome) < 0.01
    assert logistic.calibration_error(np.full(1000, 0.45), outcome) == pytest.approx(0.2, abs=0.01)


def _planted(count):
    rng = np.random.default_rng(7)
    matches = rng.random(count) < 0.5
    chance = np.where(matches, 0.2, 0.05)
    return [
        row(i / 8, f"c{i % 200}", success=bool(rng.random() < chance[i]), match=bool(matches[i]))
        for i in range(count)
    ]


def _named(prediction):
    return [{"name": one["name"], "why": one["why"]} for one in prediction["factors"]]
