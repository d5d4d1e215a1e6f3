"""Marked texts become HTML of a few elements, whatever is written in them."""

from __future__ import annotations

import re

import pytest

from hub.presentation.marked_text import marked_html
from tests.road import sample

#: every tag that may come out
SAFE = re.compile(
    r"</?(p|h3|ul|ol|li|strong|br)>|</a>"
    r"|<a href=\"(/help/[a-z-]+|https?://[^\"<>' ]+)\"( rel=\"noopener noreferrer\")?>"
)


def html_of(text):
    return marked_html(text, lambda topic: f"/help/{topic}")


def test_the_marks_become_paragraphs_headings_lists_and_links():
    text = (
        "# Title\nOne\ntwo\n\n- first\n- **second**\n  goes on\n1. a\n2. b\n\nSee [it](https://hub.example/x?a=1&b=2)."
    )
    assert html_of(text) == (
        "<h3>Title</h3>\n<p>One<br>\ntwo</p>\n<ul><li>first</li><li><strong>second</strong> goes on</li></ul>\n"
        "<ol><li>a</li><li>b</li></ol>\n"
        '<p>See <a href="https://hub.example/x?a=1&amp;b=2" rel="noopener noreferrer">it</a>.</p>'
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '# <img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        '[x](https://a"onmouseover="alert(1))',
        "[<b>x</b>](topic:x)",
        "[x](topic:../../admin)",
        "**<i>**</i>",
        "[x](data:text/html;base64,AAAA)",
        "- [x](https://a'b)",
        "[a **b](https://hub.example)** c",
    ],
)
def test_no_text_brings_html_a_script_or_another_kind_of_address(text):
    made = html_of(text)
    tags = re.findall(r"<[^>]*>", made)
    assert all(SAFE.fullmatch(tag) for tag in tags), made
    assert "<" not in re.sub(r"<[^>]*>", "", made)


def test_the_samples_are_written_with_these_marks():
    text = sample("help_topics.xml").decode()
    bodies = re.findall(r"<Text>(.*?)</Text>", text, re.S)
    assert any("<ul><li><strong>received</strong>" in html_of(body) for body in bodies)
    assert any('<a href="/help/order-status">' in html_of(body) for body in bodies)
