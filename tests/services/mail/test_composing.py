"""
Letters as they travel: parts, headers, and that nobody can smuggle anything in.
"""

from __future__ import annotations

import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pocketbase_server.services.mail.composing import compose
from pocketbase_server.services.mail.messages import Address, MailError, Message
from pocketbase_server.services.mail.plain_text import plain_text

HTML = '<p>Hello <b>you</b></p><p><a href="http://x.y/?a=1&amp;b=2">here</a></p>'


def letter(**changed) -> Message:
    made = Message(Address("app@example.com", "App"), [Address("a@example.com")], "Subject", HTML)
    for name, value in changed.items():
        setattr(made, name, value)
    return made


def parsed(message: Message):
    return email.message_from_bytes(compose(message), policy=email.policy.default)


@pytest.mark.parametrize("address", ["é@example.com", "a@bücher.example", "é.ü@bücher.example"])
def test_addresses_beyond_ascii(address: str):
    """
    Letters go to addresses in any script.
    """
    assert address.encode() in compose(letter(to=[Address(address, "Ä")]))


def test_text_and_html():
    """
    A letter has a plain part, made from the HTML, and the HTML itself.
    """
    read = parsed(letter())

    assert read.get_body(("plain",)).get_content().splitlines() == [
        "Hello you",
        "[here](http://x.y/?a=1&b=2)",
    ]
    assert read.get_body(("html",)).get_content().strip() == HTML
    assert (read["from"], read["to"], read["subject"]) == (
        "App <app@example.com>",
        "a@example.com",
        "Subject",
    )
    assert read["message-id"].endswith("@example.com>")
    assert read["date"].datetime


def test_a_text_of_its_own_wins():
    assert parsed(letter(text="mine")).get_body(("plain",)).get_content().strip() == "mine"


def test_copies_and_attachments():
    """
    Copies are named, blind copies are not; files keep their names and types.
    """
    message = letter(
        cc=[Address("c@example.com")],
        bcc=[Address("b@example.com"), Address("a@example.com")],
        attachments={"a.png": b"\x89PNG\r\n\x1a\nxx", "ä\r\nx: y.bin": b"\x00\x01"},
        inline_attachments={"logo": b"GIF89axx"},
        headers={"X-Own": "1\r\nBcc: e@x.y", "Bad Name": "x", "Subject": "other", "a:b": "x"},
    )
    read = parsed(message)
    files = {part.get_filename(): part.get_content_type() for part in read.iter_attachments()}

    assert read["cc"] == "c@example.com"
    assert read["bcc"] is None
    assert message.recipients() == ["a@example.com", "c@example.com", "b@example.com"]
    assert files == {"a.png": "image/png", "ä x: y.bin": "application/octet-stream"}
    assert read["x-own"] == "1 Bcc: e@x.y"
    assert read.get_all("subject") == ["Subject"]
    assert b"Content-ID: <logo>" in compose(message)


@pytest.mark.parametrize(
    "address",
    ["", "a", "a@x.y\r\nBcc: e@x.y", "a@x.y\nRCPT TO:<e@x.y>", "a b@x.y", "a@x.y\x00", "a@x.y>, <e@x.y", "a@x.y\u2028"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(MailError):
        compose(letter(to=[Address(address)]))
    with pytest.raises(MailError):
        compose(letter(sender=Address(address)))


TRICKY = st.text(st.sampled_from("ab\r\n\x00\x0b\x0c\x85\u2028 :<>@,;\"'=?é\t"), max_size=40)


@settings(max_examples=200, deadline=None)
@given(subject=TRICKY, name=TRICKY)
def test_no_text_becomes_a_header(subject, name):
    """
    Whatever a subject or name holds, the headers are those we set.
    """
    sent = compose(letter(subject=subject + "\r\nBcc: e@x.y", sender=Address("a@x.y", name + "\nBcc: e@x.y")))  # fmt: skip
    read = email.message_from_bytes(sent, policy=email.policy.compat32)

    assert sorted({key.lower() for key in read}) == [
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<p>a</p>\n\n<p>b</p>", "a\nb"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two"),
        ('<a href="http://x.y">t</a>', "[t](http://x.y)"),
        ("<a>t</a>", "[t]"),
        ("<style>x</style><script>y</script>z", "z"),
        ("&lt;b&gt; &amp; &nbsp;", "<b> &"),
        ("<p>a <b>b</b>  c\n d</p>", "a b c d"),
        ("<table><tr><td>1</td><td>2</td></tr></table>", "1\n2"),
        ("<p>open <b>ended", "open ended"),
        ("</p></a></style>x", "x"),
    ],
)
def test_plain_text(html, text):
    assert plain_text(html).replace("\xa0", "").strip() == text
