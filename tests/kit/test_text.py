"""
Sentences, names and excerpts come out as the reference's do.
"""

from __future__ import annotations

import pytest
from pocketbase_server.kit.text import excerpt, html_to_text, sentence, snake_case

SENTENCES = [
    ("", ""),
    ("  ", ""),
    ("failed", "Failed."),
    ("Failed.", "Failed."),
    ("really?", "Really?"),
    ("stop!", "Stop!"),
    ("éa b ", "Éa b."),
]
NAMES = [
    ("300_UhLKX91HVb", "300_uh_lkx91_hvb"),
    ("Hello World", "hello_world"),
    ("ÉÀü test", "test"),
    ("__x__", "x"),
    ("ABCDef", "abcdef"),
    ("1A2b3C", "1_a2b3_c"),
    ("a b  c", "a_b_c"),
    ("naïve Café", "na_ve_caf"),
    ("HTTPServer2Go", "httpserver2_go"),
    ("fooBAR", "foo_bar"),
    ("ß straße", "stra_e"),
    ("a_B", "a_b"),
    ("日本語", ""),
]
HTML = [
    ("<p>Hello <b>World</b> this is</p><p>para two</p>", "Hello World this is para two"),
    ("a < b && c > d", "a < b && c > d"),
    ("&lt;b&gt; x &amp; y &nbsp;z", "<b> x & y \xa0z"),
    ("<script>alert(1)</script>after<style>x{}</style>end", "afterend"),
    ("line1<br>line2<br/>line3", "line1line2line3"),
    ("<div>a</div><div>b</div>  <span> c </span>   d", "a b c d"),
    ("text <!-- comment --> more", "text more"),
    ("<p>unclosed <b>bold", "unclosed bold"),
    ("a<b", "a"),
    ("a <", "a <"),
    ("a</b>c", "ac"),
    ("<table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table>", "1 2 3"),
    ("x<td>1</td><td>2</td>", "x12"),
    ("a<!doctype html>b", "ab"),
    ("a<hr>b</hr>c", "a bc"),
    ("<select><option>1<option>2</select>x", "x"),
    ("&copy;&unknown;&amp;lt;", "©&unknown;&lt;"),
    ("a<div><p>x</p></div>c", "a x c"),
    ("  lead   and\n\ttrail  ", "lead and trail"),
]
EXCERPTS = [
    ("one two three", 10, False, "one two th"),
    ("one two three", 10, True, "one two th..."),
    ("a < b", 4, True, "a <..."),
    ("abc def", 7, True, "abc def"),
    ("<p>abc</p><p>def</p>", 4, True, "abc..."),
    ("abc<p> </p>", 3, True, "abc"),
    ("日本語テキスト です", 3, True, "日本語..."),
]


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentence(text, expected):
    """Messages begin with a capital letter and end with a mark."""
    assert expected == sentence(text)


@pytest.mark.parametrize(("text", "expected"), NAMES)
def test_snake_case(text, expected):
    """File names keep ASCII letters and digits only."""
    assert expected == snake_case(text)


@pytest.mark.parametrize(("text", "expected"), HTML)
def test_html_to_text(text, expected):
    """Tags are gone, blocks are apart, scripts and form controls are left out."""
    assert expected == html_to_text(text)


@pytest.mark.parametrize(("text", "size", "with_ellipsis", "expected"), EXCERPTS)
def test_excerpt(text, size, with_ellipsis, expected):
    """An excerpt counts characters of the plain text."""
    assert expected == excerpt(text, size, with_ellipsis=with_ellipsis)
