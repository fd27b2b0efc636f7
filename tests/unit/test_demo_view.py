"""What the demo shows, without the demo."""

import io
import sys
from pathlib import Path

import pytest

from totalaud.cli import demo_view, show
from totalaud.cli.terminal import Terminal


def test_where_there_is_no_terminal_a_pitch_s_frame_is_as_wide_as_its_words():
    found = {"contacts": [{"id": "1", "name": "Mara Samplewood"}]}
    output = {
        "pitches": [{"contact_id": "1", "subject": "Glass Coast", "body": "Hi,\n" + 40 * "a" + "\nBye"}]
    }
    paper = io.StringIO()
    Terminal(file=paper, width=show.UNBOUNDED).print(
        *demo_view.pitches(found, output, simulated=True), sep="\n"
    )
    frame = paper.getvalue().splitlines()[2:]
    assert "Mara Samplewood: Glass Coast" in frame[0]
    assert {len(line) for line in frame} == {44}


def test_where_there_is_no_terminal_a_pitch_is_as_wide_as_a_page_and_no_wider():
    found = {"contacts": [{"id": "1", "name": "Mara Samplewood"}]}
    output = {"pitches": [{"contact_id": "1", "subject": "Glass Coast", "body": 60 * "word "}]}
    paper = io.StringIO()
    Terminal(file=paper, width=show.UNBOUNDED).print(
        *demo_view.pitches(found, output, simulated=True), sep="\n"
    )
    assert {len(line) for line in paper.getvalue().splitlines()[2:]} == {80}


def test_whose_shell_does_not_find_the_command_is_told_what_makes_it_do_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "of two words"))
    monkeypatch.setenv("PATH", str(tmp_path))
    first, *rest = list(demo_view.next_steps())[2:]
    assert first == f"  . '{tmp_path}/of two words/bin/activate'"
    (tmp_path / "totalaud").touch(mode=0o755)
    assert list(demo_view.next_steps())[2:] == rest
