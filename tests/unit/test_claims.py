"""What a text claims that nobody gave is found, and an honest text raises no alarm."""

import time
from datetime import date

import pytest

from library.amounts import amounts
from library.checking import one_question
from library.claims import Sheet, unsupported
from library.days import days
from library.prose import count, sentences

FACTS = (
    "Neon Harbour record at home with two synthesizers and a drum machine",
    "They played Long Meadow Festival in 2024",
    "Their last single had 12,000 streams in its first month",
    "The video was filmed in Whitby",
    "Forty percent of their listeners are in Germany",
)
SHEET = Sheet(
    texts=(*FACTS, "synthpop", "new wave", "presenter", "single"),
    names=("Neon Harbour", "Glass Coast", "Leeds", "BBC Radio 6 Music", "Tees Valley FM", "UK"),
    links=("https://example.org/glass-coast",),
    dates=(date(2026, 12, 20),),
    today=date(2026, 11, 24),
)
HONEST = """
Hi [[name]], I hope you are well. May I send you the single?
Neon Harbour, from Leeds, make synthpop. Their new single, Glass Coast, is out on 20 December 2026.
“Glass Coast” comes out on Sunday 20th December.
Glass Coast is released on December 20th, 2026, which is next month.
It arrives in 26 days, or in about four weeks: in four weeks, to be exact enough.
The date is 20/12/2026, or 2026-12-20 if you prefer.
Out in December. Out on Dec 20. Out on the 20th.
Out on the twentieth of December, or December the twentieth.
They record at home with two synthesizers. The drum machine does the rest.
Recording at home with 2 synthesizers and a drum machine, they keep things simple.
Synthesizers, a drum machine, and home: that is how Neon Harbour record.
In 2024 they played Long Meadow Festival. It was a festival to remember.
Their last single had 12k streams. Twelve thousand streams in a first month!
Forty per cent of listeners are in Germany; 40 % is a good share.
Listen here: https://example.org/glass-coast. Or at example.org/glass-coast, as you like.
Would it suit BBC Radio 6 Music? I'd love to know. It's yours if you'd like it.
Tees Valley FM's listeners might like NEON HARBOUR. We're not in a hurry.
Best wishes
Kind regards, Neon Harbour
Yours sincerely
One thing: may I send one link? No one else has it yet, and one listen is enough.
Give it a second listen if you can. You were the first I thought of.
P.S. An EP may follow. I will be in touch about that EP when there is something to say.
They describe the sound as "two synthesizers and a drum machine".
The Leeds-based act sounds warm. Warmth is what they are after.
Shimmering synths and a steady beat carry the song. Quietly, it grows.
Inspired by new wave, the song is short. New wave is an old love.
The video was filmed in Whitby. Whitby's light is in every shot.
"Glass Coast" — a single by Neon Harbour (Leeds, UK).
Hello, and thank you for all you play. Thanks for listening!
Cheers, Neon Harbour
Could I send you a WAV? Speak soon
Warmest wishes
Stream it here if you like. Picture two synthesizers at home. Fancy a listen?
Written at home, driven by a drum machine, it is moody and cinematic. Sometimes it is airy.
Catchy, melodic and intimate, it may be perfect. Consider it, and check the link. Truly yours
""".strip().splitlines()
FALSE = {
    "NME called it the best single of the year.": {"name"},
    "It won an award.": {"claim"},
    "The award-winning act is back.": {"claim"},
    "They were nominated twice.": {"claim"},
    "A prize-winning song.": {"claim"},
    "It came out a couple of weeks ago.": {"date"},
    "It was made in late summer.": {"date"},
    "Glass Coast is out on 21 December 2026.": {"date"},
    "Glass Coast is out on December 12th.": {"date"},
    "It comes out on Friday.": {"date"},
    "Out tomorrow!": {"date"},
    "Out in three weeks.": {"date"},
    "Out in six days.": {"date"},
    "It was written in 2019.": {"date"},
    "It came out last year.": {"date"},
    "A song of this summer.": {"date"},
    "It came a month ago.": {"date"},
    "It arrives in January.": {"date"},
    "In May 2027 they tour.": {"date", "claim"},
    "It has 13,000 streams.": {"number"},
    "It has 1.2 million streams.": {"number"},
    "It has a million streams.": {"number"},
    "Thousands love it.": {"number"},
    "Dozens of plays in a week.": {"number"},
    "It was played five times.": {"number"},
    "It is their third single.": {"number"},
    "It is their 3rd single.": {"number"},
    "It is the 20th single.": {"number"},
    "It is out on the 3rd.": {"date"},
    "Their first single is here.": {"number"},
    "It reached number one.": {"claim"},
    "50% of it is new.": {"number"},
    "It cost £40 to make.": {"number"},
    "It sounds like the 80s.": {"number"},
    "It sounds like the eighties.": {"number"},
    "A trio from Leeds.": {"claim"},
    "They sold out every night.": {"claim"},
    "A chart-topping act.": {"claim"},
    "Critics agree.": {"claim"},
    "Signed last week, they tour.": {"claim", "date"},
    "Their debut is here.": {"claim"},
    "It is on Radio Caroline.": {"name"},
    "Pitchfork wrote about it.": {"name"},
    "The Guardian wrote about it.": {"name"},
    "Clash wrote about it.": {"name"},
    "We heard from Rough Trade.": {"name"},
    "Mixed by Jane Sample.": {"name", "claim"},
    "It was filmed in Scarborough.": {"name"},
    "Manchester is their home.": {"name"},
    "A Manchester-based act.": {"name"},
    "Neon Coast is the single.": {"name"},
    "Glass Harbour is the single.": {"name"},
    "Glass Shore is the single.": {"name"},
    "Glass Coast Deluxe is here.": {"name"},
    "Neon Harbor make synthpop.": {"name"},
    "For fans of Depeche Mode.": {"name"},
    "iTunes has it.": {"name"},
    "It was on BBC Radio 4.": {"number"},
    "“A triumph,” they say.": {"quote"},
    'One listener said "I cried".': {"quote"},
    "They call it 'a modern classic'.": {"quote"},
    "«Fabelhaft» is what we heard.": {"quote"},
    "Listen at https://example.org/other.": {"link"},
    "Listen at soundcloud.com/neonharbour.": {"link"},
    "Listen at neonharbour.rocks/listen.": {"link"},
    "It is on neonharbour.live now.": {"link"},
    "Write to press@example.org.": {"link"},
    "Out on the first of December.": {"date"},
    "Out on December the twenty-first.": {"date"},
    "Follow @neonharbour and #synthpop.": {"link"},
}
TITLES = {
    "Neon Harbour: Glass Coast": set(),
    "New Synthpop for Tees Valley FM": set(),
    "A New Single From Leeds": set(),
    "Synthpop Recorded at Home": set(),
    "Glass Coast Loved by NME": {"name"},
    "Award-Winning Synthpop": {"claim"},
    "Neon Harbour: Out Friday": {"date"},
    "Three Million Streams and Counting": {"number"},
}


def kinds(text, sheet=SHEET, *, title=False):
    return {claim.kind for claim in unsupported(text, sheet, title=title)}


@pytest.mark.parametrize("text", HONEST)
def test_an_honest_text_raises_no_alarm(text):
    assert unsupported(text, SHEET) == []


def test_honest_texts_raise_none_together():
    assert unsupported("\n\n".join(HONEST), SHEET) == []


@pytest.mark.parametrize(("text", "found"), FALSE.items())
def test_what_nobody_gave_is_found_by_its_kind(text, found):
    assert kinds(text) >= found, unsupported(text, SHEET)


@pytest.mark.parametrize(("text", "found"), FALSE.items())
def test_it_is_found_in_the_midst_of_an_honest_text_too(text, found):
    whole = f"{HONEST[1]} {text} {HONEST[7]}"
    assert kinds(whole) >= found


@pytest.mark.parametrize(("text", "found"), TITLES.items())
def test_every_word_of_a_title_may_be_capitalised(text, found):
    assert kinds(text, title=True) >= found
    assert found or unsupported(text, SHEET, title=True) == []


@pytest.mark.parametrize(
    "link",
    [
        *("evil.ru", "evil.click", "www.evil.example", "пример.рф", "evil。top", "evil\uff0etop"),
        *("xn--e1afmkfd.xn--p1ai", "eve@evil.ru", "hxxp://evil.ru"),
    ],
)
def test_an_address_is_one_whatever_it_ends_in(link):
    assert "link" in {one.kind for one in unsupported(f"Listen at {link} if you like.", SHEET)}


def test_a_name_with_a_point_in_it_is_no_address_where_it_was_given():
    named = Sheet(texts=(), names=("Last.fm", "will.i.am"))
    assert unsupported("It may suit Last.fm, as will.i.am did.", named) == []
    assert {one.kind for one in unsupported("It is at last.fm/evil for you.", named)} == {"link"}


@pytest.mark.parametrize(
    "word",
    [
        *(
            "aw\ufe0fard",
            "\u200daward",
            "award\u200d",
            "aw\u200bard",
            "aw\u00adard",
            "drum\u202e",
            "dr\u0336um",
            "home\U000e0041",
            "drum\x1b",
            "\u0445",
        ),
        *(
            "\u0430ward",
            "\U0001d41a\U0001d430\U0001d41a\U0001d42b\U0001d41d",
            "\uff41ward",
            "获得",
            "جائزة",
            "ﬁrst",
            "ⅻ",
        ),
    ],
)
def test_a_word_that_is_seen_otherwise_than_it_is_read_is_not_what_was_given(word):
    found = unsupported(f"They record at home with a {word} machine.", SHEET)
    assert "letters" in {one.kind for one in found}


def test_letters_of_the_language_and_those_that_were_given_are_no_alarm():
    given = Sheet(texts=("синий час", "the zwj\u200dname"), names=("Ærø", "Ålesund"))
    text = "They record «синий час» at home, a cafe\u0301, naïve, with the zwj\u200dname ❤️ 👩\u200d🎤"
    assert unsupported(text, given) == []
    assert unsupported("They record at home!❤️ Thanks❤️ 👩\u200d🎤", SHEET) == []


def test_every_false_sentence_is_honest_once_it_was_given():
    for text in FALSE:
        given = Sheet((*SHEET.texts, text), SHEET.names, SHEET.links, SHEET.dates, today=SHEET.today)
        assert unsupported(text, given) == [], text


def test_a_number_in_a_name_is_no_number_that_may_be_used_elsewhere():
    assert kinds("BBC Radio 6 Music played it 6 times.") == {"number"}


def test_a_name_may_be_a_word_of_every_day():
    plain = Sheet(texts=("pop",), names=("May", "The", "Award Season"))
    assert unsupported("May is a band. The band made Award Season.", plain) == []
    assert kinds("It won an award.", plain) == {"claim"}


def test_what_counts_from_today_is_no_date_where_nobody_knows_today():
    timeless = Sheet(texts=SHEET.texts, names=SHEET.names, dates=SHEET.dates)
    assert kinds("Out in 26 days.", timeless) == {"date"}


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("1,200 streams", 1200, ""),
        ("1.5k streams", 1500, ""),
        ("2 million", 2e6, ""),
        ("two hundred and fifty thousand", 250_000, ""),
        ("twenty-five", 25, ""),
        ("half a million", 500_000, ""),
        ("one and a half million", 1_500_000, ""),
        ("a million and a half", 1_500_000, ""),
        ("two and a half thousand", 2_500, ""),
        ("two and a half", 2.5, ""),
        ("a dozen", 12, ""),
        ("12.5 %", 12.5, "%"),
        ("twelve per cent", 12, "%"),
        ("£1,000", 1000, "£"),
        ("the 1980s", 80, "s"),
        ("the '90s", 90, "s"),
        ("the 4th", 4, "th"),
        ("twelfth", 12, "th"),
        ("thirteenth", 13, "th"),
        ("the fortieth", 40, "th"),
        ("their hundredth", 100, "th"),
        ("hundreds", 100, "many"),
        ("½ of them", 0.5, ""),
        ("their ②nd", 2, ""),
    ],
)
def test_a_number_is_read_however_it_is_written(text, value, unit):
    assert [(one.value, one.unit) for one in amounts(text)] == [(value, unit)]


@pytest.mark.parametrize(
    "text", ["one of them", "at first", "a second listen", "first to hear", "per second"]
)
def test_small_words_that_are_no_numbers_are_none(text):
    assert amounts(text) == []


@pytest.mark.parametrize(
    "text",
    [
        *("the twentieth of December", "December the twentieth", "December twentieth, 2026"),
        *("20 December 2026", "20th of December", "December 20", "Dec. 20, 2026", "20/12/2026", "20.12.26"),
        *("2026-12-20", "in December", "December 2026", "2026", "Sunday", "next month", "in 26 days"),
        *("in four weeks", "26 days to go", "this year", "this winter", "in a month"),
    ],
)
def test_a_date_is_read_however_it_is_written(text):
    (said,) = days(text, date(2026, 11, 24))
    (release,) = days("2026-12-20")
    assert said.says(release)


@pytest.mark.parametrize(
    ("text", "given", "right"),
    [
        ("last year", "2025", True),
        ("last year", "in March 2025", True),
        ("last month", "October 2026", True),
        ("this year", "2026", True),
        ("last year", "2024", False),
        ("last month", "2026", False),
        ("last week", "November 2026", False),
        ("last year", "in March", False),
    ],
)
def test_a_date_that_counts_from_today_may_be_one_that_is_given_in_part(text, given, right):
    (said,), (known,) = days(text, date(2026, 11, 24)), days(given)
    assert said.says(known) is right


@pytest.mark.parametrize(
    "text", ["you may like it", "a march of drums", "may I", "second to none", "one day"]
)
def test_words_that_look_like_dates_are_none(text):
    assert days(text, date(2026, 11, 24)) == []


@pytest.mark.parametrize(
    "text", ["31 February 2026", "in 999999999 days", "in 99999 years", "0/0/00", "last year"]
)
def test_an_impossible_date_is_no_date_that_was_given(text):
    for said in days(text, date(2026, 11, 24)):
        assert not said.says(days("2026-12-20")[0])


@pytest.mark.parametrize(
    ("text", "today", "first", "last"),
    [
        ("last summer", date(2026, 11, 24), date(2026, 6, 1), date(2026, 8, 31)),
        ("last summer", date(2026, 7, 1), date(2025, 6, 1), date(2025, 8, 31)),
        ("next summer", date(2026, 11, 24), date(2027, 6, 1), date(2027, 8, 31)),
        ("this winter", date(2027, 1, 15), date(2026, 12, 1), date(2027, 2, 28)),
        ("last winter", date(2027, 1, 15), date(2025, 12, 1), date(2026, 2, 28)),
        ("next winter", date(2027, 1, 15), date(2027, 12, 1), date(2028, 2, 29)),
        ("last winter", date(2028, 3, 1), date(2027, 12, 1), date(2028, 2, 29)),
    ],
)
def test_the_last_season_is_the_one_that_was_over_last_and_a_winter_lies_in_two_years(
    text, today, first, last
):
    (said,) = days(text, today)
    assert (said.first, said.last) == (first, last)


@pytest.mark.parametrize(
    ("text", "day"), [("12/18/2026", date(2026, 12, 18)), ("12/01/2026", date(2026, 1, 12))]
)
def test_the_month_stands_first_where_it_cannot_stand_second(text, day):
    assert days(text)[0].whole == day


@pytest.mark.parametrize("text", [f"in {'9' * 400} years", f"in {'9' * 5_000} days"])
def test_a_count_that_no_number_holds_is_no_fault(text):
    (said,) = days(text, date(2026, 11, 24))
    assert not said.says(days("2026-12-20")[0])


def test_words_are_counted_as_a_reader_counts_them():
    assert count("Hi [[name]],\n\nit's a two-word thing - really!") == 7


def test_a_sentence_ends_where_a_reader_ends_it():
    assert sentences("One. “Two!” Three?\nFour: five… six") == [
        "One.",
        "“Two!”",
        "Three?",
        "Four:",
        "five…",
        "six",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *(" ".join(HONEST) * 20, "1" * 50_000, "a" * 50_000, " A" * 5_000, "'" * 20_000, "one " * 5_000),
        *("1 " * 12_000, "3 May " * 5_000, "a." * 25_000),
    ],
)
def test_a_long_text_is_read_in_no_time(text):
    begun = time.process_time()
    unsupported(text, SHEET)
    one_question(text, SHEET.names)
    assert time.process_time() - begun < 2
