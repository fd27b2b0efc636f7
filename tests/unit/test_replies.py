"""What a reply's words are taken for; all of them are fictional."""

import time

import pytest

from campaigns.replies import category_of

TOLD = {
    "auto": [
        "I am out of the office until Monday 4 May with limited access to email.",
        "Automatic reply: Thank you for your message.",
        "This is an automated response. We have received your submission and will be in touch.",
        "I\u2019m on annual leave and will love to hear from you when I am back.",
        "Thank you for contacting Radio Nowhere. Due to the volume of emails we cannot answer each one.",
        "Sam no longer works here; your email has been forwarded.",
        "On maternity leave until September.",
        "This inbox is not monitored. Please do not reply to this message.",
    ],
    "placed": [
        "We played it last night, listeners loved it!",
        "Just added this to our New Music playlist.",
        "The review is live on the site now, hope you like it.",
        "Here's the link to the feature: https://example.org/a",
        "It was featured in Sunday's show.",
        "I've posted the single on the blog.",
    ],
    "declined": [
        "Thanks but it's not quite right for us.",
        "Unfortunately we can't cover this one.",
        "I'm going to pass on this, good luck though.",
        "Not for me I'm afraid.",
        "We're not taking submissions at the moment.",
        "Nice track but it doesn't really fit the show.",
        "No thanks.",
        "Great song, but we won't be able to add it.",
    ],
    "interested": [
        "love it, call me",
        "Can you send me a WAV and the press shots?",
        "Sounds great, when is it out?",
        "Really enjoyed this. Happy to premiere it.",
        "I'll play it on Friday!",
        "Keen to do an interview, let's set something up.",
        "Great track. Send it over please.",
    ],
    "other": [
        "Who is this?",
        "Which station is this for?",
        "ok",
        "",
        "\U0001f44d",
        "Prosz\u0119 usun\u0105\u0107 mnie z listy",
        "Ta bort mig fr\u00e5n listan",
        "D\u011bkuji, nem\u00e1me z\u00e1jem",
        "Te\u015fekk\u00fcrler, \u00e7alaca\u011f\u0131z",
    ],
}


@pytest.mark.parametrize(("category", "words"), [(name, one) for name, all_ in TOLD.items() for one in all_])
def test_words_are_taken_for_what_they_say(category: str, words: str):
    assert category_of(words) == category


@pytest.mark.parametrize(
    "lead", ["> ", "On Fri, 1 May 2026 at 10:00, Somebody wrote:\n", "-----Original Message-----\n"]
)
def test_what_is_quoted_is_not_the_persons_own(lead: str):
    assert category_of(f"Who is this?\n\n{lead}We would love to hear from you") == "other"


@pytest.mark.parametrize(
    "words", ["on " * 100_000, "we have " * 50_000, "not really quite " * 50_000, "\n" * 500_000]
)
def test_long_words_take_no_time(words: str):
    began = time.process_time()
    category_of(words)
    assert time.process_time() - began < 0.2
