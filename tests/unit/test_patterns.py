"""Which subgroups are found, and which are not: true ones, chance, one campaign's doing, a hidden cause."""

import numpy as np
import pytest

from library.exact import Table
from library.patterns import Finding, Rules, missing_pitches, search
from library.subgroups import Column, Sample
from library.told_patterns import pattern

RULES = Rules(fdr=0.1, min_support=20, adjust="contact type")


def sample(outcome, *, types=None, campaigns=None, contacts=None, **columns):
    n = len(outcome)
    spread = types if types is not None else ["radio"] * n
    clusters = campaigns if campaigns is not None else [number % 10 for number in range(n)]
    return Sample(
        np.asarray(outcome, dtype=bool),
        {name: Column.of([str(value) for value in given]) for name, given in columns.items()},
        Column.of([str(value) for value in spread]),
        Column.of([str(value) for value in clusters]),
        Column.of([str(value) for value in (contacts if contacts is not None else range(n))]),
    )


def supported(given):
    return [finding for finding in search(given, RULES)[0] if finding.verdict == "supported"]


def story():
    """57 of 480 against 43 of 720, spread over campaigns, beside 19 coins."""
    matched = np.repeat([True, False], [480, 720])
    replied = np.concatenate([np.arange(480) < 57, np.arange(720) < 43])
    order = np.random.default_rng(4).permutation(1200)
    coins = {f"coin_{n}": np.random.default_rng(n).random(1200) < 0.5 for n in range(19)}
    return sample(replied[order], match=matched[order], **coins)


def test_a_true_doubling_among_coins_is_supported():
    best = search(story(), RULES)[0][0]
    assert (best.rule, best.table, best.verdict) == ((("match", "True"),), (57, 480, 43, 720), "supported")
    assert best.q < 0.1


def test_nothing_to_look_at_finds_nothing():
    assert search(sample([]), RULES) == ([], 0)


def test_one_pitch_is_not_enough_data():
    findings, tested = search(sample([True], match=[True]), RULES)
    assert tested == 0
    assert [finding.verdict for finding in findings] == ["not_enough_data"]
    assert findings[0].needed > 100


@pytest.mark.parametrize("outcome", [True, False])
def test_where_all_came_out_alike_nothing_is_tested(outcome):
    findings, tested = search(sample([outcome] * 400, coin=[n % 2 for n in range(400)]), RULES)
    assert tested == 0
    assert {finding.verdict for finding in findings} == {"not_enough_data"}


def test_what_one_campaign_decides_is_not_taken_for_the_template_it_used():
    campaigns = np.repeat(np.arange(4), 300)
    rates = np.array([0.2, 0.06, 0.06, 0.06])[campaigns]
    replied = np.random.default_rng(1).random(1200) < rates
    assert supported(sample(replied, campaigns=campaigns, template=campaigns == 0)) == []


def test_what_the_contact_type_explains_is_not_taken_for_the_channel():
    rng = np.random.default_rng(2)
    radio = rng.random(3000) < 0.5
    phone = rng.random(3000) < np.where(radio, 0.9, 0.1)
    replied = rng.random(3000) < np.where(radio, 0.14, 0.04)
    assert supported(sample(replied, types=radio, channel=phone)) == []


def test_a_second_condition_is_looked_for_below_a_supported_one_only():
    rng = np.random.default_rng(5)
    match, short = rng.random(4000) < 0.5, rng.random(4000) < 0.5
    replied = rng.random(4000) < np.where(match & short, 0.24, np.where(match, 0.1, 0.04))
    rules = [finding.rule for finding in supported(sample(replied, match=match, short=short))]
    assert (("match", "True"), ("short", "True")) in rules
    assert all(len(rule) <= 2 for rule in rules)


def test_a_finely_divided_attribute_says_how_much_is_missing():
    given = story()
    slots = Column.of([str(n % 21) for n in range(1200)])
    findings, _ = search(
        Sample(given.outcome, {**given.columns, "slot": slots}, given.stratum, given.campaign, given.contact),
        RULES,
    )
    (slot,) = [finding for finding in findings if finding.rule[0][0] == "slot"]
    assert slot.verdict == "not_enough_data"
    assert slot.needed > 1000


def test_false_findings_stay_rare_where_campaigns_differ():
    false = [bool(supported(_nothing(seed))) for seed in range(400)]
    assert np.mean(false) <= 0.13


def _nothing(seed):
    rng = np.random.default_rng(seed)
    campaigns = rng.integers(0, 10, 800)
    replied = rng.random(800) < np.exp(rng.normal(np.log(0.07), 0.5, 10))[campaigns]
    coins = {f"coin_{n}": rng.random(800) < 0.5 for n in range(12)}
    return sample(replied, campaigns=campaigns, template=campaigns % 3, **coins)


def test_the_more_there_is_the_less_is_missing_and_never_less_than_one():
    missing = [missing_pitches(n // 20, n, level=0.005, share=0.5, have=n) for n in (0, 60, 600, 100_000)]
    assert missing == sorted(missing, reverse=True)
    assert missing[-1] == 1


@pytest.mark.parametrize(
    ("verdict", "told"), [("supported", "supported"), ("suggestive", "suggestive, but it may be chance")]
)
def test_what_is_only_suggestive_is_said_to_be_chance_perhaps(verdict, told):
    finding = Finding((("region", "UK"),), Table(9, 77, 27, 116), 0.584, adjusted=False, verdict=verdict)
    assert pattern(finding, "replied")["text"].endswith(f"q 0.584, {told}")


def test_what_one_contact_does_again_and_again_is_not_taken_for_its_region():
    contacts = np.concatenate([np.zeros(50, dtype=int), np.arange(1, 601) % 150 + 1])
    replied = np.concatenate([np.arange(50) < 45, np.arange(600) % 16 == 0])
    given = sample(replied, contacts=contacts, region=np.where(contacts % 30 == 0, "Leeds", "elsewhere"))
    assert supported(given) == []


def test_where_contacts_are_pitched_again_and_again_chance_is_not_supported_more_often():
    rng, wrong = np.random.default_rng(7), 0
    for _ in range(80):
        rates, regions = rng.beta(0.4, 4.6, 60), rng.choice(list("abcde"), 60)
        contacts = np.repeat(np.arange(60), 16)
        wrong += bool(
            supported(
                sample(
                    rng.random(960) < rates[contacts],
                    campaigns=np.tile(np.arange(16), 60),
                    contacts=contacts,
                    types=rng.choice(["radio", "press"], 60)[contacts],
                    region=regions[contacts],
                    taste=rng.choice(["yes", "no"], 60)[contacts],
                )
            )
        )
    assert wrong / 80 < 0.15


@pytest.mark.parametrize(("needed", "told"), [(1, "1 more pitch would"), (2, "2 more pitches would")])
def test_what_is_missing_is_counted_as_one_says_it(needed, told):
    few = Finding((("region", "UK"),), Table(0, 0, 0, 0), 1.0, False, "not_enough_data", needed)
    assert pattern(few, "replied")["text"] == f"region: not enough data; about {told} show a doubling"
