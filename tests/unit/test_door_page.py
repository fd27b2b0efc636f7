"""The page of a service's doors."""

import re
from typing import Any

from shared.door_page import page
from shared.doors import Door

NOBODY: Any = None
DOORS = [
    Door(
        "ask.*.thing.*", NOBODY, "thing", "`thing.set` takes `{name, of?}`. <b>Once</b>.\n\n`thing.get` too."
    ),
    Door("ask.*.other.*", NOBODY, "What else there is"),
]


def test_each_door_is_told_with_its_subject_and_what_it_takes():
    told = page("things", DOORS)
    assert re.findall("<h2>(.*)</h2>", told) == ["thing", "What else there is"]
    assert re.findall("<p>(<code>ask.*)</p>", told) == [
        "<code>ask.*.thing.*</code>",
        "<code>ask.*.other.*</code>",
    ]
    assert (
        "<p><code>thing.set</code> takes <code>{name, of?}</code>. &lt;b&gt;Once&lt;/b&gt;.</p>\n"
        "<p><code>thing.get</code> too.</p>"
    ) in told


def test_who_answers_nothing_says_so():
    assert "It answers no requests." in page("projector", [])


def test_nothing_of_it_comes_from_elsewhere():
    assert re.findall(r"//|<script|<link|<img|@import", page("things", DOORS)) == []
