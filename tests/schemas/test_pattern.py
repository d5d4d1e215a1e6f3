"""Patterns of XML Schema: the same verdict as a judge that knows only the meaning of the parts."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.pattern import PatternTooLarge, PatternUnreadable, compiled

ALPHABET = "abcAZ019 \t\n\r.-_:^$\\[é\u0100\u0663\u2013\U0001d7ce"
#: Of these, the characters that begin a name and that stand in one, by the fifth edition of XML 1.0.
NAME_START = "abcAZ_:é\u0100\u0663"
NAME = NAME_START + "019.-"


def category(sign: str) -> str:
    return unicodedata.category(sign)


#: Every kind of atom, and the characters that it stands for.
ATOMS: list[tuple[str, Callable[[str], bool]]] = [
    ("a", lambda sign: sign == "a"),
    ("é", lambda sign: sign == "é"),
    ("-", lambda sign: sign == "-"),
    ("^", lambda sign: sign == "^"),
    ("$", lambda sign: sign == "$"),
    (r"\.", lambda sign: sign == "."),
    (r"\\", lambda sign: sign == "\\"),
    (r"\[", lambda sign: sign == "["),
    (r"\n", lambda sign: sign == "\n"),
    (".", lambda sign: sign not in "\n\r"),
    ("[a-c]", lambda sign: sign in "abc"),
    ("[^a-c]", lambda sign: sign not in "abc"),
    ("[-a]", lambda sign: sign in "-a"),
    ("[a-]", lambda sign: sign in "-a"),
    ("[^-a]", lambda sign: sign not in "-a"),
    (r"[\^a^]", lambda sign: sign in "^a"),
    (r"[\--\.]", lambda sign: sign in "-."),
    ("[a-z-[b]]", lambda sign: sign in "acdefghijklmnopqrstuvwxyz"),
    ("[^a-[1]]", lambda sign: sign not in "a1"),
    ("[a-z-[a-c-[b]]]", lambda sign: sign in "bdefghijklmnopqrstuvwxyz"),
    (r"[\w-[\d_]]", lambda sign: category(sign)[0] not in "PZC" and category(sign) != "Nd"),
    (r"\d", lambda sign: category(sign) == "Nd"),
    (r"\D", lambda sign: category(sign) != "Nd"),
    (r"\s", lambda sign: sign in " \t\n\r"),
    (r"\S", lambda sign: sign not in " \t\n\r"),
    (r"\w", lambda sign: category(sign)[0] not in "PZC"),
    (r"\W", lambda sign: category(sign)[0] in "PZC"),
    (r"\i", lambda sign: sign in NAME_START),
    (r"\c", lambda sign: sign in NAME),
    (r"[^\i]", lambda sign: sign not in NAME_START),
    (r"\C", lambda sign: sign not in NAME),
    (r"\p{Lu}", lambda sign: category(sign) == "Lu"),
    (r"\P{L}", lambda sign: category(sign)[0] != "L"),
    (r"[\P{L}b]", lambda sign: category(sign)[0] != "L" or sign == "b"),
    (r"\p{IsBasicLatin}", lambda sign: ord(sign) < 0x80),
    (r"\P{IsLatin-1Supplement}", lambda sign: not 0x80 <= ord(sign) < 0x100),
    (r"[\D\S]", lambda sign: category(sign) != "Nd" or sign not in " \t\n\r"),
    (r"[^\D\s]", lambda sign: category(sign) == "Nd"),
]


@dataclass(frozen=True)
class Node:
    """A part of a pattern: its text, and the places at which a match that begins at a place may end."""

    text: str
    ends: Callable[[str, int], frozenset[int]]


def atom(text: str, holds: Callable[[str], bool]) -> Node:
    def ends(value: str, at: int) -> frozenset[int]:
        return frozenset([at + 1]) if at < len(value) and holds(value[at]) else frozenset()

    return Node(text, ends)


def sequence(nodes: list[Node]) -> Node:
    def ends(value: str, at: int) -> frozenset[int]:
        places = frozenset([at])
        for node in nodes:
            places = frozenset().union(*(node.ends(value, place) for place in places))
        return places

    return Node("".join(node.text for node in nodes), ends)


def choice(nodes: list[Node]) -> Node:
    def ends(value: str, at: int) -> frozenset[int]:
        return frozenset().union(*(node.ends(value, at) for node in nodes))

    return Node(f"({'|'.join(node.text for node in nodes)})", ends)


def repeated(node: Node, least: int, more: int | None, sign: str | None) -> Node:
    most = None if more is None else least + more
    if sign is not None:
        least, most = {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
    count = sign or (f"{{{least},{'' if most is None else most}}}" if most != least else f"{{{least}}}")

    def ends(value: str, at: int) -> frozenset[int]:
        places, found, rounds = frozenset([at]), frozenset([at] if least == 0 else []), 0
        # Rounds without an end may stay in the same place; as many as the text is long reach every place.
        bound = least + len(value) + 1 if most is None else most
        while rounds < bound and places:
            places = frozenset().union(*(node.ends(value, place) for place in places))
            rounds += 1
            if rounds >= least:
                found |= places
        return found

    return Node(f"({node.text}){count}", ends)


NODES = st.recursive(
    st.sampled_from(ATOMS).map(lambda entry: atom(*entry)),
    lambda inner: (
        st.lists(inner, max_size=3).map(sequence)
        | st.lists(inner, min_size=1, max_size=3).map(choice)
        | st.builds(
            repeated, inner, st.integers(0, 4), st.none() | st.integers(0, 3), st.none() | st.sampled_from("?*+")
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(NODES, st.lists(st.text(ALPHABET, max_size=8), min_size=1, max_size=12))
def test_a_pattern_is_judged_as_its_parts_mean(node: Node, texts: list[str]) -> None:
    fits = compiled(node.text)
    for text in texts:
        assert fits(text) is (len(text) in node.ends(text, 0)), (node.text, text)


@pytest.mark.parametrize(("text", "holds"), ATOMS)
def test_a_class_holds_its_characters(text: str, holds: Callable[[str], bool]) -> None:
    fits = compiled(text)
    assert [sign for sign in ALPHABET if fits(sign)] == [sign for sign in ALPHABET if holds(sign)]


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        # libxml2 judges these two wrongly.
        ("([0-9]{3})?[0-9]{4}", ["1234", "1234567"], ["123456", "12345"]),
        ("([0-9]?){4}", ["", "12", "1234"], ["12345"]),
        # A rule against repeats within repeats would forbid these.
        ("[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*", ["en", "en-US", "zh-Hans-CN"], ["", "-en", "en-"]),
        (r"[0-2](\.(0|[1-9][0-9]*))*", ["1", "2.16.840.1.113883"], ["3.1", "1..2", "1.02"]),
        ("(a+)+b", ["ab", "aaab"], ["a" * 60_000, ""]),
        # Counts beyond the engine's own, alone and one within another.
        (".{0,4000}", ["", "a" * 4000], ["a" * 4001, "a\n"]),
        ("a{1500,}", ["a" * 1500, "a" * 9000], ["a" * 1499]),
        (r"[\s\S]{0,65000}", ["", "\n" * 65_000], ["a" * 65_001]),
        ("(a|b){2500}", ["ab" * 1250], ["ab" * 1249, "ab" * 1250 + "a"]),
        ("([A-Z]{2}[0-9]{8}){1,300}", ["AB12345678", "AB12345678" * 300], ["", "AB12345678" * 301]),
        ("([a-z]{1,1000};){0,2}", ["", "a;", "a;b;"], [";", "a;b;c", "a;b;c;d;"]),
    ],
)
def test_patterns_of_real_schemas_are_judged_rightly(pattern: str, fitting: list[str], others: list[str]) -> None:
    fits = compiled(pattern)
    assert [fits(text) for text in fitting] == [True] * len(fitting)
    assert [fits(text) for text in others] == [False] * len(others)


@pytest.mark.parametrize(
    ("pattern", "at", "fault"),
    [
        ("(a", 2, "a group stays open"),
        ("a)", 2, "no group is open here"),
        ("a??", 3, "there is nothing to repeat"),
        ("|*", 2, "there is nothing to repeat"),
        ("(?:a)", 2, "there is nothing to repeat"),
        ("[a", 2, "a class stays open"),
        ("[]", 2, r"write '\]' for the character"),
        ("a{2", 2, "expected a count as {2}, {2,} or {2,5}"),
        ("a{3,2}", 2, "the largest count is smaller than the least"),
        ("[z-a]", 2, "a range goes from one character to a later one"),
        (r"[\d-z]", 2, "a range goes from one character to a later one"),
        ("[a-[b]c]", 7, "the class ends behind the class that it subtracts"),
        (r"\q", 1, r"there is no escape '\q'"),
        ("\\", 1, "there is no escape '\\'"),
        (r"\p{Latin}", 1, "there is no category or block 'Latin'"),
        (r"\pL", 1, r"expected a category or block as \p{Lu} or \p{IsGreek}"),
        ("a}", 2, "'}' closes nothing"),
    ],
)
def test_a_pattern_against_the_grammar_is_told_with_its_place(pattern: str, at: int, fault: str) -> None:
    with pytest.raises(PatternUnreadable) as caught:
        compiled(pattern)
    assert caught.value.why == f"character {at}: {fault}"


@pytest.mark.parametrize(
    "pattern", ["(a{1000}){1000}(b{999}c){999999999}", "(.{0,300}x){0,300}y", "(.{0,9999}x)*", ".{0,5000}x"]
)
def test_a_pattern_whose_counts_are_too_large_is_refused(pattern: str) -> None:
    with pytest.raises(PatternTooLarge):
        compiled(pattern)
