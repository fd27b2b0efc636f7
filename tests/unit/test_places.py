"""Where a server was looked for is told without what stands in its URL beside that."""

import pytest

from totalaud.connection import place


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgresql://me:secret@one:1,two:2/db?sslmode=disable", "one:1, two:2"),
        ("postgresql://me:secret@[::1]:5432/db", "[::1]:5432"),
        ("postgresql://me:secret@/db?host=/run/postgresql&port=5433", "/run/postgresql"),
        ("postgresql:///db?user=me&host=/run/postgresql", "/run/postgresql"),
        ("nats://me:se/cret@here:4222", "here:4222"),
        ("nats://me:secret", "an address that cannot be read"),
    ],
)
def test_hosts_or_the_socket_s_folder_are_told_and_no_password(url: str, told: str):
    assert place(url) == told
