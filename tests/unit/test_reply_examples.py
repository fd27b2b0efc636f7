"""What replies are taken for; what that is learnt from and what it is measured with are apart."""

from pathlib import Path

import pytest

from campaigns import replies
from campaigns.replies import category_of, features, labelled
from quality.analyze_responses import REPLIES


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("I am out of the office until Friday with no access to my email.", "auto"),
        ("Automatic reply: I'm on annual leave, back on Monday.", "auto"),
        ("Ich bin bis Montag im Urlaub und habe keinen Zugriff auf meine E-Mails.", "auto"),
        ("Love it! Can you send me a WAV?", "interested"),
        ("Unfortunately this isn't for us, good luck with it.", "declined"),
        ("Please take me off your mailing list.", "objected"),
        ("Added to the playlist this morning: https://example.org/p", "placed"),
        ("The link is broken.", "other"),
    ],
)
def test_a_reply_is_taken_for_what_it_says(words, kind):
    assert category_of(words) == kind


@pytest.mark.parametrize("words", ["", "   ", "\n> quoted alone", "\N{SNOWMAN}"])
def test_of_no_words_nothing_is_said(words):
    assert category_of(words) == "other"


def test_what_is_quoted_does_not_count():
    mine = "Love it, can you send me a WAV?"
    theirs = "\n\nOn Tue, Sam wrote:\n> I am out of the office until Friday\n"
    assert category_of(mine + theirs) == category_of(mine) == "interested"


@pytest.mark.parametrize(
    "words", ["On Monday I wrote to Sam: please unsubscribe me.", "Am Ende schrieb ich: nein"]
)
def test_what_only_begins_like_a_quotation_does_count(words):
    assert replies.own(words) == words.lower()


def test_letters_numbers_and_addresses_make_no_difference():
    assert features("Back on 3 MAY, write to A@example.org") == features(
        "back on 9 may, write to b@example.org"
    )


def test_a_very_long_reply_is_read_in_part_and_at_once():
    assert category_of("I am out of the office. " * 20_000) == "auto"


def test_what_is_measured_with_was_not_learnt_from():
    learnt = {words for _, words in labelled(replies.EXAMPLES.read_text(encoding="utf-8"))}
    measured = [words for _, words in labelled(REPLIES.read_text(encoding="utf-8"))]
    assert len(set(measured)) == 300
    assert learnt.isdisjoint(measured)


def test_examples_are_fictional():
    for file in (replies.EXAMPLES, Path(REPLIES)):
        hosts = [word for word in file.read_text(encoding="utf-8").split() if "@" in word or "://" in word]
        assert all("example.org" in word for word in hosts)
