"""The offline half of `make audit`: what we depend on is pinned with hashes and free to use."""

from email.message import Message

import pytest

from audit import __main__ as audit
from audit.advisories import Answer, understood, withdrawn
from audit.licences import is_free, licence
from audit.lock import Pin, read, strangers

HASH = "--hash=sha256:" + "ab" * 32


class Package:
    """A distribution's name, version and metadata."""

    def __init__(self, name: str, version: str = "1.0", **said: str | list[str]) -> None:
        self.name, self.version, self.metadata = name, version, Message()
        for field, values in said.items():
            for value in [values] if isinstance(values, str) else values:
                self.metadata[field.replace("_", "-")] = value


def test_what_is_locked_and_installed_here_is_as_it_should_be():
    pins, faults = audit.here()
    assert len(pins) > 80
    assert faults == []


def test_a_pin_has_a_normal_name_a_version_and_where_it_holds():
    pins, faults = read(
        f"Some_Thing.x==1.2 ; python_version < '4' \\\n    {HASH} \\\n    {HASH}\n# a comment\n"
    )
    assert (pins, faults) == ([Pin("some-thing-x", "1.2", "python_version < '4'")], [])
    assert str(pins[0]) == "some-thing-x==1.2 ; python_version < '4'"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("x==1.0", "no sha256"),
        ("x==1.0 --hash=md5:00", "no sha256"),
        (f"x>=1.0 {HASH}", "not one version"),
        (f"x==1.* {HASH}", "not one version"),
        (f"x @ file:///tmp/x.whl {HASH}", "not one version"),
        ("--index-url somewhere", "not one version"),
        ("-r other.txt", "not one version"),
    ],
)
def test_a_requirement_that_is_not_one_version_with_hashes_is_named(line, fault):
    (told,) = read(line)[1]
    assert fault in told


def test_what_is_installed_beside_the_lock_is_named():
    pins = [Pin("known", "1.0", None)]
    installed = [Package("Known"), Package("known", "2.0"), Package("stranger"), Package("own")]
    assert list(strangers(pins, installed, {"own"})) == [
        "known==2.0: installed, not in the lock",
        "stranger==1.0: installed, not in the lock",
    ]


@pytest.mark.parametrize(
    ("expression", "free"),
    [
        ("MIT", True),
        ("MPL-2.0", True),
        ("GPL-3.0-only", False),
        ("LGPL-2.1-or-later", False),
        ("AGPL-3.0-only OR MIT", True),
        ("MIT AND GPL-2.0-only", False),
        ("(MIT OR GPL-2.0-only) AND (BSD-3-Clause)", True),
        ("MIT AND (GPL-2.0-only OR SSPL-1.0)", False),
        ("GPL-2.0-only OR MIT AND Zlib", True),
        ("Apache-2.0 WITH LLVM-exception", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT Apache-2.0", False),
        ("", False),
        ("Proprietary", False),
    ],
)
def test_a_licence_expression_is_free_when_a_choice_of_ours_satisfies_it(expression, free):
    assert is_free(expression) is free


@pytest.mark.parametrize(
    ("package", "said"),
    [
        (Package("x", License_Expression="MIT", License="GPL"), "MIT"),
        (Package("x", Classifier=["License :: OSI Approved :: MIT License"]), "MIT"),
        (Package("x", Classifier=["License :: DFSG approved"], License="ISC"), "ISC"),
        (
            Package("x", Classifier=["License :: OSI Approved :: GNU General Public License v3 (GPLv3)"]),
            "LicenseRef-GNU-General-Public-License-v3-(GPLv3)",
        ),
        (Package("x", License="3-Clause BSD License"), "BSD-3-Clause"),
        (Package("x", License="All rights reserved\nreally"), "All rights reserved"),
        (Package("x"), None),
    ],
)
def test_what_a_package_says_of_its_licence_is_read(package, said):
    assert licence(package) == said
    assert said in ("MIT", "ISC", "BSD-3-Clause") or not is_free(said or "")


@pytest.mark.parametrize(
    ("code", "answer"),
    [(0, Answer.CLEAN), (1, Answer.VULNERABLE), (2, Answer.NOT_ASKED), (-9, Answer.NOT_ASKED)],
)
def test_a_question_that_was_not_answered_is_never_taken_for_a_clean_bill(code, answer):
    assert understood(code) is answer


def test_a_withdrawn_version_is_told():
    assert withdrawn(["Resolved 3 packages", "warning: `attrs==21.1.0` is yanked"]) == [
        "warning: `attrs==21.1.0` is yanked"
    ]
