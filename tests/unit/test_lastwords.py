"""What is told of servers and services beside a test that failed."""

from pathlib import Path

from lastwords import LINES, LastWords


def test_the_last_lines_of_logs_written_since_are_told_also_of_a_folder_that_went_with_an_error(
    tmp_path: Path,
):
    words = LastWords()
    (tmp_path / "logs").mkdir()
    words.open(tmp_path)
    log = tmp_path / "logs" / "nats.log"
    log.write_text("".join(f"{number} [ERR] away\n" for number in range(LINES + 1)) + "1 [INF] there\n")
    (tmp_path / "logs" / "gone.log").symlink_to(tmp_path / "nowhere")
    written = log.stat().st_mtime
    ((name, text),) = words.since(written)
    assert (name, text.splitlines()[0], text.splitlines()[-1]) == (
        "nats.log",
        "1 [ERR] away",
        f"{LINES} [ERR] away",
    )
    assert not list(words.since(written + 1))
    words.close(tmp_path, keep=True)
    log.unlink()
    assert list(words.since(written)) == [(name, text)]
