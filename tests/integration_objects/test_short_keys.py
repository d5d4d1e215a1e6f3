"""The short forms of keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from integration_objects.short_keys import FEWEST, short_keys

KEYS = st.sets(st.text("AB", min_size=1, max_size=12), max_size=40)


def test_a_short_key_is_the_keys_last_six_characters() -> None:
    assert short_keys(["06H25V0HP00082SYSZTGWM5WAB"]) == {"06H25V0HP00082SYSZTGWM5WAB": "WM5WAB"}


def test_keys_with_the_same_ending_have_longer_short_forms() -> None:
    """Only the two keys that share an ending need more characters."""
    assert short_keys(["111-LINE-1", "222-LINE-1", "333-LINE-2"]) == {
        "111-LINE-1": "1-LINE-1",
        "222-LINE-1": "2-LINE-1",
        "333-LINE-2": "LINE-2",
    }


def test_a_key_that_ends_another_key_is_its_own_short_form() -> None:
    assert short_keys(["LINE-12", "MY-LINE-12"]) == {"LINE-12": "LINE-12", "MY-LINE-12": "-LINE-12"}


def test_no_keys_have_no_short_forms() -> None:
    assert short_keys([]) == {}


@given(KEYS)
def test_a_short_key_is_the_shortest_ending_that_only_its_key_has(keys: set[str]) -> None:
    """The law is checked against the plain definition, which looks at every pair of keys."""
    for key, short in short_keys(keys).items():
        others = keys - {key}
        endings = [key[-length:] for length in range(FEWEST, len(key)) if not _is_taken(key[-length:], others)]
        assert short == (endings[0] if endings else key)


def _is_taken(ending: str, others: set[str]) -> bool:
    return any(other.endswith(ending) for other in others)
