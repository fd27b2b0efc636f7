"""How alike artists are by genres."""

import pytest

from library.likeness import cosine, profile, rarity


def alike(one, other, everybody=()):
    weights = rarity([one, other, *everybody])
    return cosine(profile(one, weights), profile(other, weights))


def test_the_same_genres_are_wholly_alike_however_they_are_written():
    assert alike(["Synth-Pop"], ["synth pop"]) == pytest.approx(1)
    assert alike(["DnB"], ["drum & bass"]) == pytest.approx(1)


def test_near_genres_are_alike_in_part_and_far_ones_not():
    assert 0 < alike(["synthpop"], ["electropop"]) < 1
    assert alike(["metal"], ["synthpop"]) == 0


def test_a_rare_genre_says_more_than_a_common_one():
    crowd = [["polka"]] * 50
    assert alike(["polka", "metal"], ["metal", "jazz"], crowd) > alike(
        ["polka", "metal"], ["polka", "jazz"], crowd
    )


def test_nothing_is_like_an_artist_without_genres():
    assert alike([], ["metal"]) == alike([], []) == 0
