"""
Settings: what is shown, what is refused and why, secrets, forms, run-time effect.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario import Pair, Scenario, as_each, q

pytestmark = pytest.mark.parity

URL = "/api/settings"


def patch(body: Any, **more: Any) -> Scenario:
    return q(URL, "PATCH", body, who="superuser", **more)


def rule(**more: Any) -> dict[str, Any]:
    return {"label": "/api/", "audience": "", "duration": 1, "maxRequests": 1, **more}


def rules(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rateLimits": {"rules": list(items), **more}}


LONG = "x" * 256
S3 = {"bucket": "b", "region": "r", "accessKey": "k", "secret": "s"}

SECTIONS: list[Any] = [
    {},
    {"unknown": 1},
    {"meta": {"appName": ""}},
    {"meta": {"appName": LONG}},
    {"meta": {"appName": "é" * 200}},
    {"meta": {"senderAddress": "bad", "senderName": ""}},
    {"meta": {"senderName": LONG}},
    {"meta": {"hideControls": None, "appName": None}},
    {"meta": None},
    {"smtp": {"enabled": True, "host": "", "port": 0}},
    {"smtp": {"enabled": True, "host": "a b", "port": -1}},
    {"smtp": {"enabled": False, "host": "", "port": 0}},
    {"smtp": {"localName": "bad name"}},
    {"smtp": {"localName": "mail.example.com"}},
    {"s3": {"enabled": True}},
    {"s3": {**S3, "enabled": True, "endpoint": "bad url"}},
    {"s3": {"enabled": False, "endpoint": "bad url"}},
    {"s3": {"endpoint": "s3.example.com"}},
    {"s3": {"endpoint": ""}},
    {"backups": {"s3": {"enabled": True}}},
    {"backups": {"cron": "", "cronMaxKeep": -1}},
    {"backups": {"cron": "* * * * *", "cronMaxKeep": 0}},
    {"backups": {"cron": "", "cronMaxKeep": 3}},
    {"batch": {"enabled": True, "maxRequests": 0, "timeout": 0, "maxBodySize": -1}},
    {"batch": {"enabled": False, "maxRequests": -1, "timeout": -1}},
    {"logs": {"maxDays": -1, "minLevel": -100, "maxDataSize": -1}},
    {"logs": {"maxDataSize": 1 << 60}},
    {"logs": {"maxDays": "5"}},
    {"logs": {"maxDays": 1.5}},
    {"logs": {"logIP": "true"}},
    {"trustedProxy": {"headers": ["X-A", " "], "useLeftmostIP": True}},
    {"trustedProxy": {"headers": [1]}},
    {"trustedProxy": None},
    {"superuserIPs": ["bad", "1.2.3.4/33", "", " 127.0.0.1"]},
    {"superuserIPs": ["127.0.0.1", "10.0.0.0/8"]},
    {"superuserIPs": None},
    {"meta": {"appName": "", "appURL": "x"}, "smtp": {"enabled": True, "host": ""}},
    {"META": {"APPNAME": "upper"}},
    {"meta": "x"},
    {"meta": {"appName": 5}},
    [1],
]

URLS = [
    "",
    "bad",
    "http://x y",
    "http://a",
    "https://a.b/c?d",
    "ftp://x",
    "a.b",
    "localhost:80",
    "//a.b",
    "ab.cd",
    "1.2.3.4",
    "exam_ple.com/x?y",
    "user@host.com",
]
COLORS = ["", "bad", "#abc", "#ABCDEF", "#ggGGgg", "1234567", "#12345é"]
HOSTS = ["a", "a_b", "::1", "a..b", "-a", "a-", "é", "a:25", "[::1]", "a.b.", "999.1.1.1", "*.a"]
CRONS = [
    "bad", "@hourly", "@foo", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
    "* * * * 7", "*/0 * * * *", "*/60 * * * *", "*/59 * * * *", "1-5/2 * * * *", "5-1 * * * *",
    "70-80 * * * *", "1,2,3 * * * *", "a * * * *", "1- * * * *", "*/a * * * *", "1/2 * * * *",
    "1-2-3 * * * *", "*/1/1 * * * *", "-1 * * * *", "1,, * * * *", " * * * * *", "*  * * * *",
    "+1 * * * *", "*-5 * * * *", "\t* * * * *", "9999999999999999999999 * * * *", '" * * * *',
]  # fmt: skip
LABELS = [
    "", "abc", "abc:", "abc:def", ":x", "*", "*:*", "*:auth", "/", "/a", "/a/", "GET /a", "get /a",
    "GET  /a", "a-b", "a.b:create", "/a b", "GET:/a", "POST /api/x/{id}", "é", "a/b", "/a?b",
]  # fmt: skip
RULES = [
    rules(enabled=True),
    rules(enabled=False),
    rules(rule(duration=0, maxRequests=0)),
    rules(rule(duration=-1, maxRequests=-1)),
    rules(rule(audience="@x")),
    rules(rule(), rule()),
    rules(rule(), rule(audience="@guest")),
    rules(rule(audience="@auth"), rule(audience="@guest")),
    rules(rule(label="a:b"), rule(), rule(label="a:b", audience="@auth"), rule(label="A:b")),
    rules(rule(label="a:b", audience="@auth"), rule(label=""), rule(label="a:b", duration=0)),
    {"rateLimits": {"excludedIPs": ["bad", "1.1.1.1", "1.1.1.1/8", "::1"]}},
    {
        "rateLimits": {
            "excludedIPs": ["1.1.1.1/08", "1.1.1.1/00", "1.1.1.1/0", "::1/064", "1.1.1.1/+8"]
        }
    },
    {
        "rateLimits": {
            "excludedIPs": ["01.1.1.1", "fe80::1%eth0", "fe80::1%eth0/64", "::ffff:1.2.3.4/100"]
        }
    },
    {"rateLimits": {"rules": None, "excludedIPs": None}},
]

TWICE = [
    '{"meta":{"app_name":"marked"}}',
    '{"Meta":{"App-Name":"marked too"}}',
    '{"meta":{"appName":"1"},"META":{"appName":"2"}}',
    '{"meta":{"APPNAME":"1","appname":"2"}}',
    '{"meta":{"appName":"known","unknown":1,"Unknown":2}}',
    '{"rateLimits":{"rules":[{"LABEL":"/x","max_requests":1,"DURATION":1}]}}',
    '{"rateLimits":{"rules":[{"LABEL":"/x","label":"/y","maxRequests":1,"duration":1}]}}',
]
"""Names that are spelled otherwise, or given twice."""
JSON = {"Content-Type": "application/json"}

BODIES = [
    *SECTIONS,
    *({"meta": {"appURL": text}} for text in URLS),
    *({"meta": {"accentColor": text}} for text in COLORS),
    *({"smtp": {"host": text}} for text in HOSTS),
    *({"smtp": {"authMethod": text}} for text in ("PLAIN", "LOGIN", "plain", "X", "")),
    *({"backups": {"cron": text}} for text in CRONS),
    {"backups": {"cron": ""}},
    *(rules(rule(label=text)) for text in LABELS),
    *RULES,
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: str(body)[:90])
def test_what_is_saved_and_what_is_refused(body: Any, pair: Pair) -> None:
    """
    The same settings are accepted, and the same are refused in the same words.
    """
    pair.check(patch(body), q(URL, who="superuser"))


@pytest.mark.parametrize("body", TWICE)
def test_spellings(body: str, pair: Pair) -> None:
    """
    Case and marks do not matter; the same name twice is refused.
    """
    pair.check(patch(body, headers=JSON), q(URL, who="superuser"))


FORMS = [
    ("meta.appName=form&x=1", "application/x-www-form-urlencoded"),
    ('@jsonPayload={"meta":{"appName":"payload"}}', "application/x-www-form-urlencoded"),
    ('{"meta":{"appName":"q"}} tail', "application/json"),
    ('{"meta":{"appName":"q"}}', "text/plain"),
    ("{bad", "application/json"),
    ("", "application/json"),
]


@pytest.mark.parametrize(("body", "kind"), FORMS, ids=str)
def test_bodies_in_other_forms(body: str, kind: str, pair: Pair) -> None:
    """
    Forms count as JSON does; what cannot be read is refused alike.
    """
    pair.check(
        patch(body, headers={"Content-Type": kind}), q(f"{URL}?fields=meta", who="superuser")
    )


FORM_TEXTS = [
    "meta=x", "meta=", "meta=x&meta.appName=both", "smtp=5", "backups.s3=x&backups.cron=@daily", "rateLimits.rules=x", "rateLimits.rules.0.label=/q/",
    "rateLimits.enabled=1&rateLimits.rules=x", 'rateLimits.rules={"label":"/x/","duration":1,"maxRequests":1}', "logs=5&logs.maxDays=2", "Logs.maxDays=2", "logs.maxdays=2",
    *(f"logs.maxDays={text}" for text in ("3", "03", "0x3", "0b11", "0o7", "0X1F", "1_0", "-0", "%2B3", "09", "_1", "1__0", "0x", "1e3", "3.0", "+3", "3+", "true", "", "%D9%A3", "3&logs.maxDays=x", "x&logs.maxDays=3")),
    "batch.timeout=0x8000000000000000", "batch.maxRequests=-9",
    *(f"batch.enabled={text}" for text in ("True", "T", "tRUE", "on", "0", "f", "2", "1.0", "+true", "yes", "", "1&batch.enabled=0", "no&batch.enabled=1")),
    *(f"meta.appName={text}" for text in ("1e3", "1.50", "-0", "null", "true", '{"a":1}', "a&meta.appName=b", "&meta.appName=b", "a&meta.appName.x=b")),
    "meta.appName.x=z", "smtp.password=x&smtp.host=h.co", "trustedProxy.headers=5&trustedProxy.headers=1.50", "trustedProxy.headers", 'superuserIPs=["127.0.0.1"]', "superuserIPs=&superuserIPs=127.0.0.1",
    *(f"@jsonPayload={text}" for text in (
        '{"meta.appName":"q"}', '{"logs":{"maxDays":"7"}}', '{"logs":{"maxDays":7}}&logs.maxDays=8', '{"batch":{"enabled":"yes"}}', '{"superuserIPs":"x"}', '{"superuserIPs":null}', '{"meta":5}',
        '{"META":{"APPNAME":"z"}}', '{"meta":{"app_name":"z"}}', '{"meta":{"appName":"1"}}&@jsonPayload={"meta":{"appURL":"http://x.co"}}', '{"logs":null}', '{"rateLimits":{"rules":[{"LABEL":"/x/","duration":1}]}}',
    )),
    'meta.appName=one&@jsonPayload={"meta":{"appURL":"http://x.co"}}', 'trustedProxy.headers=a&@jsonPayload={"trustedProxy":{"headers":null}}',
]  # fmt: skip


@pytest.fixture(scope="module")
def plain(pair: Pair) -> dict[str, Any]:
    """
    What the settings are set back to.
    """
    settings: dict[str, Any] = pair.reference.client("superuser").must("GET", URL)
    return settings | {"superuserIPs": []}


@pytest.mark.parametrize("text", FORM_TEXTS)
def test_texts_of_forms(text: str, pair: Pair, plain: dict[str, Any]) -> None:
    """
    A form names settings with dots; of its texts, as much counts as with the reference.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = text.replace('"', "%22")
    pair.check(patch(body, headers=headers), q(URL, who="superuser"), patch(plain))


def test_buckets_in_forms(ours: Any) -> None:
    """
    Either bucket has its own names.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = "s3.bucket=one&backups.s3.bucket=two"
    root = ours.client("superuser")
    answer = root.ask("PATCH", URL, body, headers).json()
    root.patch(URL, {"s3": {"bucket": ""}, "backups": {"s3": {"bucket": ""}}})

    assert (answer["s3"]["bucket"], answer["backups"]["s3"]["bucket"]) == ("one", "two")


def test_secrets_are_written_and_never_read(pair: Pair) -> None:
    """
    Secrets do not come back.
    """
    body = {
        "smtp": {"password": "s3cret"},
        "s3": {"secret": "a"},
        "backups": {"s3": {"secret": "b"}},
    }
    pair.check(patch(body), q(URL, who="superuser"), patch({"smtp": {"password": ""}}))


@pytest.mark.parametrize(
    "scenario",
    [
        *as_each(q(URL), "guest", "alice"),
        *as_each(q(URL, "PATCH", {}), "guest", "alice"),
        *as_each(q(f"{URL}/test/s3", "POST", {"filesystem": "storage"}), "guest", "superuser"),
        *(
            q(f"{URL}/test/s3", "POST", body, who="superuser")
            for body in ({}, {"filesystem": "x"}, {"filesystem": "backups"}, {"filesystem": 5}, [])
        ),
        *(
            q(f"{URL}/test/email", "POST", body, who="superuser")
            for body in (
                {},
                {"email": "x", "template": "y"},
                {"email": "a" * 300 + "@b.co", "template": "otp"},
                {"email": "a@b.co", "template": "otp", "collection": "nope"},
                {"email": "a@b.co", "template": "otp", "collection": "_mfas"},
                {"email": 5},
            )
        ),
    ],
    ids=str,
)
def test_who_may_ask_and_try(scenario: Scenario, pair: Pair) -> None:
    """
    Only superusers; what can be tried and what not is told in the same words.
    """
    pair.check(scenario)
