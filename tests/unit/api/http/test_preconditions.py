"""Entity tags that the server issued are recognized, and no others."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from todo_api.http.preconditions import expected_revisions, strong_tag, tag_matcher
from todo_domain import RuleViolated

revisions = st.integers(1, 2**53 - 1)
separators = st.sampled_from([",", ", ", " , ", ",,", "\t, ,"])
opaque = st.text(st.characters(min_codepoint=0x23, max_codepoint=0xFF, exclude_categories=["Cc"]), max_size=4)
foreign = opaque.filter(lambda text: not text.isdecimal()).map(lambda text: f'"{text}"')


@given(st.sets(revisions, min_size=1, max_size=4), st.lists(foreign, max_size=3), separators, st.randoms())
def test_if_match_expects_the_revisions_whose_tags_it_lists(
    expected: set[int], others: list[str], separator: str, random: Random
) -> None:
    tags = [*map(strong_tag, expected), *others]
    random.shuffle(tags)

    assert expected_revisions(separator.join(tags)) == frozenset(expected)


@given(st.lists(revisions, min_size=1, max_size=3), separators)
def test_if_match_with_only_weak_tags_expects_no_revision(listed: list[int], separator: str) -> None:
    assert expected_revisions(separator.join(f"W/{strong_tag(each)}" for each in listed)) == frozenset()


@given(st.lists(revisions, min_size=1, max_size=3), revisions, separators, st.booleans())
def test_if_none_match_of_a_write_expects_every_revision_that_it_does_not_list(
    listed: list[int], other: int, separator: str, weak: object
) -> None:
    expected = expected_revisions(None, separator.join(f"{'W/' if weak else ''}{strong_tag(each)}" for each in listed))

    assert expected is not None
    assert not any(each in expected for each in listed)
    assert (other in expected) == (other not in listed)


def test_both_headers_expect_the_revisions_that_each_of_them_allows() -> None:
    assert expected_revisions('"1", "2"', '"2", "3"') == frozenset({1})
    assert expected_revisions('"1"', "*") == frozenset()


@given(st.lists(revisions, min_size=1, max_size=3), revisions, separators, st.booleans())
def test_if_none_match_of_a_read_matches_weak_and_strong_tags(
    listed: list[int], other: int, separator: str, weak: object
) -> None:
    is_known = tag_matcher(separator.join(f"{'W/' if weak else ''}{strong_tag(each)}" for each in listed))

    assert all(is_known(strong_tag(each)) and is_known(f"W/{strong_tag(each)}") for each in listed)
    assert is_known(strong_tag(other)) == (other in listed)


@pytest.mark.parametrize("value", ["*", " * ", "\t*"])
def test_an_asterisk_matches_every_tag(value: str) -> None:
    assert expected_revisions(value) is None
    assert expected_revisions(None, value) == frozenset()
    assert tag_matcher(value)('"7"')


def test_without_headers_every_revision_is_expected_and_no_tag_matches() -> None:
    assert expected_revisions(None) is None
    assert not tag_matcher(None)('"7"')


@given(st.text(st.sampled_from('"W/*, 17\t\x80'), max_size=12))
def test_a_header_that_is_not_a_list_of_tags_is_refused_and_named(value: str) -> None:
    def refused(parse: Callable[[str], object]) -> str:
        try:
            parse(value)
        except RuleViolated as violated:
            return str(violated).partition(": ")[0]
        return ""

    def if_none_match(value: str) -> object:
        return expected_revisions(None, value)

    assert (refused(expected_revisions), refused(if_none_match), refused(tag_matcher)) in {
        ("", "", ""),
        ("if_match", "if_none_match", "if_none_match"),
    }
