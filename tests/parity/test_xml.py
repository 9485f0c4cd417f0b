"""
Bodies in XML: fixed forms are read from them, records are not.
"""

from __future__ import annotations

import pytest

from tests.scenario import Pair, q

pytestmark = pytest.mark.parity

LOGIN = "/api/collections/users/auth-with-password"
BODIES: list[str | bytes] = [
    "<a/>", "", "   ", "x", "<a", "<a>", "<a></b>", "< a/>", "<a / >", "<1/>", "<\u00e9/>", "<a <b/>", "  <a/>", "<a/><b/>", "<a/> trailing", "<a/><", "<a/>&",
    "<a><Identity>bob</Identity></a>", "<a><identity>bob</identity></a>", '<a Identity="bob"/>', "<a><b><Identity>bob</Identity></b></a>", "<Identity>bob</Identity>",
    "<a><Identity>bob</Identity><Identity></Identity></a>", "<a><Identity><b>q</b></Identity></a>", "<a><Identity>b<b>q</b>ob</Identity></a>", "<a><x:Identity>bob</x:Identity></a>",
    "<a><Identity><![CDATA[bob]]></Identity></a>", "<a><Identity>&#98;ob</Identity></a>", "<a><Password>&amp;</Password></a>", "<a>]]></a>",
    "<a><Identity>bob</Identity><Password>1234567890</Password></a>",
    '<?xml version="1.0"?><a/>', '<?xml version="1.1"?><a/>', '<?xml version="1.0" encoding="utf-8"?><a/>', '<?xml version="1.0" encoding="latin-1"?><a/>', "<?x?>",
    "<!DOCTYPE a><a/>", "<!-- c --><a/>", "<!---><a/>", "<a>a & b</a>", "<a>&amp</a>", "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#x110000;</a>", "<a>\x01</a>", b"<a>\xff</a>",
    "<a b=c/>", "<a b/>", "<a b='c'/>", '<a b="<"/>', '<a xmlns=""/>', '<!DOCTYPE a [<!ENTITY e "v">]><a>&e;</a>', '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a><Identity>&e;</Identity></a>',
]  # fmt: skip
FORMS = [
    ("/api/sql?fields=rows,message", "<a><Query>select 1</Query></a>", "superuser"),
    ("/api/backups", "<a><Name>!</Name></a>", "superuser"),
    ("/api/settings/test/email", "<a><Email>x</Email></a>", "superuser"),
    ("/api/settings/test/s3", "<a><Filesystem>x</Filesystem></a>", "superuser"),
    ("/api/settings/apple/generate-client-secret", "<a><TeamId>x</TeamId><Duration>5</Duration></a>", "superuser"),
    ("/api/settings/apple/generate-client-secret", "<a><Duration>x</Duration></a>", "superuser"),
    ("/api/collections/users/impersonate/user00000000001", "<a><Duration>5</Duration></a>", "superuser"),
    ("/api/collections/users/impersonate/user00000000001", "<a><Duration>x</Duration></a>", "superuser"),
    ("/api/collections/users/request-otp", "<a><Email>x</Email></a>", "guest"),
    ("/api/collections/users/request-verification", "<a/>", "guest"),
    ("/api/realtime", "<a><ClientId>x</ClientId></a>", "guest"),
    ("/api/realtime", "<a/>", "guest"),
    ("/api/realtime", "<a", "guest"),
    ("/api/collections/posts/records", "<a/>", "guest"),
    ("/api/collections/posts/records", "<map><title>x</title></map>", "superuser"),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body)[:60])
def test_what_is_xml(body: str | bytes, pair: Pair) -> None:
    """
    Texts of elements count by the names that the reference gives them; entities are never read.
    """
    pair.check(
        *(
            q(LOGIN, "POST", body, headers={"Content-Type": kind})
            for kind in ("application/xml", "text/xml; charset=utf-8")
        )
    )


@pytest.mark.parametrize(("url", "body", "who"), FORMS)
def test_forms(url: str, body: str, who: str, pair: Pair) -> None:
    """
    Forms say the same of a body in XML; records take none.
    """
    pair.check(q(url, "POST", body, who, headers={"Content-Type": "application/xml"}))
