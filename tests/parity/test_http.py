"""
HTTP manners: unknown paths, methods, CORS, body limits, malformed bodies, static files.
"""

from __future__ import annotations

import pytest

from tests.scenario import Pair, Scenario, q

pytestmark = pytest.mark.parity

POSTS = "/api/collections/posts/records"
SECURITY = (
    "content-type",
    "x-content-type-options",
    "x-frame-options",
    "x-xss-protection",
    "cross-origin-opener-policy",
    "vary",
    "access-control-allow-origin",
    "location",
    "cache-control",
)
CORS = (
    *SECURITY,
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
    "access-control-allow-credentials",
    "access-control-expose-headers",
)
ORIGIN = {"Origin": "http://example.com"}
PREFLIGHT = {**ORIGIN, "Access-Control-Request-Method": "POST"}
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def manners(url: str, method: str = "GET", **more: object) -> Scenario:
    return q(url, method, look_at=SECURITY, **more)  # type: ignore[arg-type]


PATHS = [
    manners(url, method, who=who)
    for url, methods in {
        "/api/health": ("GET", "HEAD", "POST", "DELETE"),
        "/api/health/": ("GET",),
        "/api": ("GET", "POST"),
        "/api/": ("GET", "POST"),
        "/api/unknown": ("GET", "HEAD", "POST", "PATCH", "DELETE", "PUT"),
        "/api/collections": ("GET", "HEAD", "DELETE", "PATCH", "PUT"),
        "/api/collections/": ("GET",),
        "/api/collections/posts": ("GET", "HEAD", "POST", "PUT"),
        "/api/collections/posts/": ("GET",),
        "/api/collections/missing": ("GET", "PATCH", "DELETE"),
        "/api/collections/missing/records": ("GET", "POST"),
        "/api/collections/missing/records/abc": ("GET", "PATCH", "DELETE"),
        "/api/collections/posts/records/": ("GET", "POST"),
        "/api/collections/posts/records/missing": ("GET", "HEAD", "PATCH", "DELETE", "POST", "PUT"),
        "/api/collections/posts/records/post00000000001/": ("GET",),
        "/api/collections/posts/auth-methods": ("GET",),
        "/api/collections/posts/auth-with-password": ("GET", "POST"),
        "/api/collections/posts/auth-refresh": ("POST",),
        "/api/collections/POSTS/records/post00000000001": ("GET",),
        "/api/collections/Posts": ("GET",),
        "/api/collections/%20/records": ("GET",),
        "/api/collections/p%C3%B6sts/records": ("GET",),
        "/api/logs": ("POST",),
        "//api/health": ("GET",),
        "/api//health": ("GET",),
        "/api/../api/health": ("GET",),
        "/API/health": ("GET",),
        "/missing": ("GET", "HEAD", "POST", "DELETE", "OPTIONS"),
        "/missing/": ("GET",),
        "/a/b/c.txt": ("GET",),
        "/%00": ("GET",),
    }.items()
    for method in methods
    for who in ("guest", "superuser")
    if who == "guest" or method != "DELETE"
]

HEALTH = [
    manners("/api/health?fields=code"),
    manners("/api/health?fields=*"),
    manners("/api/health?fields=data.x,message"),
    manners("/api/health", headers={"Authorization": "nonsense"}),
    manners("/api/health", who="alice"),
    q("/api/health", look_at=CORS, headers=ORIGIN),
    q("/api/health", look_at=CORS, headers={"Origin": "null"}),
    q("/api/missing", look_at=CORS, headers=ORIGIN),
]

PREFLIGHTS = [
    q(url, "OPTIONS", look_at=CORS, headers=headers)
    for url in ("/api/health", POSTS, "/api/missing", "/missing")
    for headers in (
        PREFLIGHT,
        {**PREFLIGHT, "Access-Control-Request-Headers": "Authorization,X-Custom"},
        {**PREFLIGHT, "Access-Control-Request-Method": "TRACE"},
        ORIGIN,
        {},
    )
]

BODIES = [
    q(POSTS, "POST", body, headers=headers, who=who, name=f"{who} body {i}")
    for i, (body, headers) in enumerate(
        [
            ("", {}),
            ("", JSON),
            ("{", JSON),
            ("[]", JSON),
            ("[1,2]", JSON),
            ("null", JSON),
            ("42", JSON),
            ('"text"', JSON),
            ("true", JSON),
            ("{}", JSON),
            ("{} trailing", JSON),
            ('{"title":"a"} {"title":"b"}', JSON),
            ('{"title":"a","title":"b"}', JSON),
            ('{"title":"a",}', JSON),
            ("{'title':'a'}", JSON),
            ('{"title":NaN}', JSON),
            ('{"title":1e999}', JSON),
            ('{"title":"\\ud800"}', JSON),
            (b'{"title":"\xff\xfe"}', JSON),
            (b'\xef\xbb\xbf{"title":"bom"}', JSON),
            ('{"title":"a\\u0000b", "id":"nul000000000001"}', JSON),
            ('{"title":"a\nb"}', JSON),
            ("  {}", JSON),
            ("{}", {"Content-Type": "application/json; charset=utf-8"}),
            ("{}", {"Content-Type": "APPLICATION/JSON"}),
            ("{}", {"Content-Type": "application/jsonp"}),
            ("{}", {"Content-Type": "application/json;"}),
            ("{}", {"Content-Type": "text/json"}),
            ("{}", {"Content-Type": "text/plain"}),
            ("{}", {"Content-Type": ""}),
            ("{}", {"Content-Type": "nonsense"}),
            ("{}", {}),
            ("<a/>", {"Content-Type": "application/xml"}),
            ("title=", FORM),
            ("a=%zz", FORM),
            ("@jsonPayload={", FORM),
            ("@jsonPayload={}", FORM),
            ("x", {"Content-Type": "multipart/form-data"}),
            ("x", {"Content-Type": "multipart/form-data; boundary=b"}),
            ("--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}),
            (
                '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\n\r\n--b--\r\n',
                {"Content-Type": "multipart/form-data; boundary=b"},
            ),
            (
                '--b\r\nContent-Disposition: form-data; name="@jsonPayload"\r\n\r\n{"title":\r\n--b--\r\n',
                {"Content-Type": "multipart/form-data; boundary=b"},
            ),
            (
                '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nno end',
                {"Content-Type": "multipart/form-data; boundary=b"},
            ),
            ("[" * 9000, JSON),
            ('{"meta":' + "[" * 1000 + "]" * 1000 + "}", JSON),
            ('{"a":' * 11000 + "1" + "}" * 11000, JSON),
        ]
    )
    for who in ("guest", "superuser")
]

FORMS = [
    ("title=form&n=5&published=true&opts=x&opts=y&type=a", FORM),
    ("title=form+two&n=abc&published=1&opts=x&when=2024-01-01", FORM),
    ('@jsonPayload={"title":"payload","n":3}&n=4', FORM),
    (
        "title=a&title=b&author=user00000000001&editors=user00000000001&editors=user00000000002",
        FORM,
    ),
    ('title=js&meta={"a":1}&loc={"lon":1,"lat":2}', FORM),
    ("title=js&meta=[1,2]&n=1.5&published=false", FORM),
    ("title=js&meta=text&n=-0&published=f", FORM),
    ("title=js&meta=12&secret=12", FORM),
    ("title=001&secret=true", FORM),
    ("title=null&meta=null", FORM),
    (
        (
            '--b\r\nContent-Disposition: form-data; name="title"\r\n\r\nmulti\r\n'
            '--b\r\nContent-Disposition: form-data; name="opts"\r\n\r\nx\r\n'
            '--b\r\nContent-Disposition: form-data; name="opts"\r\n\r\ny\r\n'
            '--b\r\nContent-Disposition: form-data; name="@jsonPayload"\r\n\r\n{"n": 7, "meta": {"k": 1}}\r\n--b--\r\n'
        ),
        {"Content-Type": "multipart/form-data; boundary=b"},
    ),
    (
        '--b\r\nContent-Disposition: form-data; name="title"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nfile\r\n--b--\r\n',
        {"Content-Type": "multipart/form-data; boundary=b"},
    ),
]


@pytest.mark.parametrize("scenario", [*PATHS, *HEALTH], ids=str)
def test_paths(scenario: Scenario, pair: Pair) -> None:
    """Known and unknown paths, with every method, answer as the reference does."""
    pair.check(scenario)


@pytest.mark.parametrize("scenario", PREFLIGHTS, ids=lambda s: f"{s.url} {dict(s.headers)}")
def test_preflight(scenario: Scenario, pair: Pair) -> None:
    """Browsers get the same permission to call from elsewhere."""
    pair.check(scenario)


@pytest.mark.parametrize("scenario", BODIES, ids=str)
def test_bodies(scenario: Scenario, pair: Pair) -> None:
    """Bodies that are empty, broken or of an unknown kind are refused in the same words."""
    pair.check(scenario)


@pytest.mark.parametrize(("number", "form"), list(enumerate(FORMS)))
def test_forms(number: int, form: tuple[str, dict[str, str]], pair: Pair) -> None:
    """Form bodies become the same values as the reference makes of them."""
    body, headers = form
    pair.check(q(POSTS, "POST", body, headers=headers, name=f"form {number}"))


TOO_LARGE = [
    ("/api/collections/posts/records", "guest"),
    ("/api/collections/posts/records", "superuser"),
    ("/api/collections/users/auth-with-password", "guest"),
    ("/api/collections", "superuser"),
]


@pytest.mark.parametrize(("url", "who"), TOO_LARGE)
def test_too_large(url: str, who: str, pair: Pair) -> None:
    """A body above the limit is refused."""
    body = b'{"title":"' + b"x" * 40_000_000 + b'"}'
    found = pair.compare(q(url, "POST", body, who=who, headers=JSON, name=f"40 MB to {url}"))

    assert not found, found


FILES = {
    "index.html": "<h1>home</h1>",
    "a.txt": "plain",
    "style.css": "a{}",
    "app.js": "1",
    "data.json": "{}",
    "pic.svg": "<svg/>",
    "noext": "???",
    "sub/index.html": "<h1>sub</h1>",
    "sub/b.txt": "b",
    "bare/c.txt": "c",
    "ünï.txt": "u",
    "sp ace.txt": "s",
}
STATIC = [
    "/", "/index.html", "/a.txt", "/style.css", "/app.js", "/data.json", "/pic.svg", "/noext",
    "/sub", "/sub/", "/sub/index.html", "/sub/b.txt", "/sub/missing", "/bare", "/bare/", "/bare/c.txt",
    "/missing", "/missing.txt", "/a.txt/", "/a.txt/b", "/%C3%BCn%C3%AF.txt", "/sp%20ace.txt", "/api/missing",
    "/../data.db", "/./a.txt", "/sub/../a.txt", "/sub//b.txt", "/?x=1", "/sub?x=1",
]  # fmt: skip


@pytest.fixture(scope="module")
def with_files(pair: Pair) -> Pair:
    for side in (pair.reference, pair.ours):
        for name, text in FILES.items():
            path = side.server.home / "pb_public" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
    return pair


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("url", STATIC)
def test_static(url: str, method: str, with_files: Pair) -> None:
    """Files of the public folder, with redirects and the fallback to index.html."""
    with_files.check(q(url, method, look_at=(*SECURITY, "content-length")))


LATER = "Fri, 01 Jan 2100 00:00:00 GMT"
EARLIER = "Fri, 01 Jan 2010 00:00:00 GMT"
DATES = (LATER, EARLIER, "nonsense", "Friday, 01-Jan-2100 00:00:00 GMT", "Sunday, 01-Jan-68 00:00:00 GMT", "Fri Jan  1 00:00:00 2100", "")  # fmt: skip
TAGS = ("*", '"x"', "", 'W/"a", *', '"a" , "b"', "a, *", '"a", b, *')
CONDITIONS = {
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
    "If-Match": TAGS,
    "If-None-Match": TAGS,
}
RANGES = (
    "bytes=1-2", "bytes=-2", "bytes=9-", "bytes=90-", "bytes=x", "bytes=0-1", "bytes=-99", "bytes=-0", "bytes=3-1", "BYTES=0-1",
    "bytes=", "items=0-1", "bytes=0-1,99-", "bytes=99-,100-", "bytes=0 - 1", "bytes=+0-1", "bytes=--1",
    "bytes=0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0,0-0", "bytes=0--0", "bytes=0--1", "bytes=0-99999999999999999999", "bytes=0-9223372036854775807", "bytes=0-1;", "bytes=-", "",
)  # fmt: skip


def test_ranges(with_files: Pair) -> None:
    """Parts of a public file and conditional requests are honoured."""
    look = ("content-type", "content-range", "content-length", "accept-ranges")
    with_files.check(
        *(
            q(url, method, headers=headers, look_at=look)
            for url in ("/a.txt", "/missing")
            for method in ("GET", "HEAD")
            for headers in (
                *({"Range": text} for text in RANGES),
                *({name: text} for name, texts in CONDITIONS.items() for text in texts),
                *({"Range": "bytes=0-1", "If-Range": text} for text in ('"x"', LATER, "x", "")),
            )
        )
    )


KINDS = [
    "html", "shtml", "EHTML", "xht", "css", "csv", "mjs", "json", "map", "webmanifest", "rss", "atom", "vtt", "md", "yaml", "toml",
    "ts", "go", "py", "sh", "rs", "java", "sql", "log", "tsv", "rdf", "eml", "text", "apk", "exe", "com", "flac", "opus", "mkv",
    "3gp", "avi", "7z", "tgz", "tar.gz", "svgz", "odt", "psd", "pem", "gpx", "kml", "zzz",
]  # fmt: skip
OURS_ON_BARE_MACHINES = {"webmanifest", "md"}
"""Types that we know also where the machine knows none; in docs/differences.md."""


@pytest.mark.parametrize("kind", KINDS)
def test_types_of_files(kind: str, with_files: Pair) -> None:
    """A file's type comes from its name, as the reference and the machine know it, or from its start."""
    for side in (with_files.reference, with_files.ours):
        (side.server.home / "pb_public" / f"kind.{kind}").write_text("just text")
    answers = [s.client().get(f"/kind.{kind}") for s in (with_files.reference, with_files.ours)]
    expected, got = (answer.headers["content-type"] for answer in answers)

    assert got == expected or (kind in OURS_ON_BARE_MACHINES and expected.startswith("text/plain"))


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS"])
def test_root_of_the_dashboard(method: str, pair: Pair) -> None:
    """Only who would be answered there is sent to `/_/`; there are scripts of extensions, if none."""
    pair.check(manners("/_", method), manners("/_/extensions.js", method))


OUTSIDE = ["/..%2fpb_data/data.db", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%2fetc/passwd", "/sub%5c..%5c..", "/%00", "/a.txt%00.html", "/%c0%ae%c0%ae/etc/passwd"]  # fmt: skip


@pytest.mark.parametrize("url", OUTSIDE)
def test_the_folder_cannot_be_left(url: str, with_files: Pair) -> None:
    """Dots and slashes in disguise lead to the fallback page, or to a clean path inside."""
    answer = with_files.ours.client().get(url)

    assert (answer.status, answer.text) == (200, FILES["index.html"]) or (
        answer.status == 307 and ".." not in answer.headers["location"]
    )
