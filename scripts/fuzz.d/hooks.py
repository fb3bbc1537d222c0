"""What schemathesis cannot know of this API: its streams, ids that exist, and tokens.

Every choice is made of what was generated, never at random, so that a seed repeats its run.
"""

import base64
import csv
import gzip
import io
import json
import os
import time
import urllib.request
import zlib

import schemathesis

IMPORT = "/_api/admin/users/import"
BCRYPT = "$2a$10$abcdefghijklmnopqrstuuSmWlhCuQdVAdSnmIr4qwbLLGUDAbxn6"
LINES = ("application/x-ndjson", "application/jsonl", "application/ndjson")
EMAILS = ["fuzz-bare@example.com", "fuzz-whole@example.com"]
COLUMNS = ["email", "phone_number", "external_id", "name", "address.country", "roles", "disabled"]
SEEDS = [
    {"email": "fuzz-bare@example.com"},
    {
        "email": "fuzz-whole@example.com", "email_verified": True, "phone_number": "+41446681800",
        "phone_number_verified": True, "preferred_username": "fuzz", "external_id": "fuzz-1",
        "disabled": True, "account_valid_from": "2024-01-01T00:00:00Z", "name": "A B",
        "given_name": "A", "family_name": "B", "middle_name": "C", "nickname": "D", "gender": "E",
        "profile": "https://example.com/p", "website": "https://example.com/",
        "picture": "https://example.com/p.png", "birthdate": "1990-01-01",
        "zoneinfo": "Europe/Vienna", "locale": "de-AT", "address": {"country": "AT"},
        "custom_attributes": {}, "roles": ["reader"], "groups": ["staff"],
        "password": {"type": "bcrypt", "password_hash": BCRYPT, "expire_after": "2030-01-01T00:00:00Z"},
        "mfa": {
            "email": "fuzz-mfa@example.com", "phone_number": "+41446681801",
            "password": {"type": "bcrypt", "password_hash": BCRYPT},
            "totp": {"secret": "JBSWY3DPEHPK3PXP"},
        },
    },
    {"email": "fuzz-bare@example.com", "email_verified": False},
    {"email": "no address"},
    {"email": "fuzz-unknown@example.com", "unknown": 1},
]

tasks: list[str] = []
users: list[str] = []


def call(path, body=None):
    headers = {"Authorization": f"Bearer {os.environ['FUZZ_TOKEN']}", "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["FUZZ_URL"] + path, body and json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def seed():
    """Two tasks that have ended, with users of every kind and failures."""
    for upsert in (False, True):
        task = call(IMPORT, {"identifier": "email", "upsert": upsert, "records": SEEDS})["id"]
        tasks.append(task)
        for _ in range(600):
            answer = call(f"{IMPORT}/{task}")
            if answer["status"] == "completed":
                break
            time.sleep(0.1)
        users.extend(detail["user_id"] for detail in answer["details"] if "user_id" in detail)
    users[:] = list(dict.fromkeys(users))
    if len(users) < 2:
        raise SystemExit(f"fuzz: the first users were not imported: {json.dumps(answer)}")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    """The document gives the schema of one line or event's data; here it is that of all lines, and
    of the event. Its examples hold ids that do not exist, which would be tried over and over."""
    for item in raw_schema["paths"].values():
        for operation in item.values():
            for parameter in operation["parameters"]:
                parameter.pop("example", None)
            answers = [response["content"] for response in operation["responses"].values()]
            for media in [media for content in answers for media in content.values()]:
                media.pop("example", None)
            for content in [operation.get("requestBody", {}).get("content", {}), *answers]:
                if event := content.get("text/event-stream"):
                    event["schema"] = {
                        "type": "object", "required": ["event", "data"], "additionalProperties": False,
                        "properties": {
                            "event": {"enum": ["progress", "completed", "cancelled"]},
                            "data": event["schema"],
                        },
                    }
                for media in set(LINES) & set(content):
                    content[media]["schema"] = {"type": "array", "items": content[media]["schema"]}
                    content[media].pop("example", None)
    table = {
        "type": "array", "minItems": 1, "maxItems": 8,
        "items": {"type": "array", "minItems": 1, "maxItems": len(COLUMNS), "items": {"type": "string"}},
    }
    text = raw_schema["paths"][IMPORT]["post"]["requestBody"]["content"]["text/csv"]
    text["schema"] = {"anyOf": [text["schema"], table]}


def as_encoded(context, body):
    """A body that is said to be gzip is gzip half of the time."""
    encoding = (context.case.headers or {}).get("Content-Encoding")
    return gzip.compress(body, mtime=0) if encoding == "gzip" and zlib.crc32(body) % 2 else body


@schemathesis.serializer(*LINES)
def lines(context, value):
    if isinstance(value, bytes):
        return value
    items = value if isinstance(value, list) else [value]
    return as_encoded(context, "".join(json.dumps(item) + "\n" for item in items).encode())


@schemathesis.serializer("text/csv")
def table(context, value):
    if isinstance(value, bytes):
        return value
    if not isinstance(value, list):
        return as_encoded(context, str(value).encode("utf-8", "replace"))
    rows = [row if isinstance(row, list) else [row] for row in value]
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS[: max(map(len, rows), default=1)], *rows])
    return as_encoded(context, text.getvalue().encode("utf-8", "replace"))


@schemathesis.deserializer("application/x-ndjson")
def read_lines(context, response):
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.deserializer("text/event-stream")
def read_events(context, response):
    events = response.content.decode().removesuffix("\n\n").split("\n\n")
    events = [dict(line.split(": ", 1) for line in event.split("\n")) for event in events]
    return [event | {"data": json.loads(event["data"])} for event in events]


def fresh_task():
    """A task that is most likely pending when it is asked for at once."""
    records = [{"email": f"fuzz-{i}@example.com"} for i in range(100)]
    return call(IMPORT, {"identifier": "email", "upsert": True, "records": records})["id"]


def chosen(case, of):
    """A number below `of`, for a request as it was generated; a token is another in each run."""
    headers = {name: value for name, value in (case.headers or {}).items() if name != "Authorization"}
    request = (case.path_parameters, case.query, headers, case.media_type, case.body)
    return zlib.crc32(repr(request).encode()) % of


def forged(claims):
    """A token that nobody has signed, which is read before its signature is looked at."""
    parts = [{"alg": "RS256", "kid": "fuzz"}, {"exp": 1 << 32} | claims]
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return "Bearer " + ".".join([*parts, "AAAA"])


FORGED = [forged({"aud": aud}) for aud in ("\0", ["fuzz", "\0"], "\ud800", "", [], "a" * 3000)]


@schemathesis.hook
def before_call(context, case, kwargs):
    """Most requests would be refused alike: for an id that does not exist, two login ids where one
    is to be given, a key of another request, settings that a JSON import has inside. And it never
    sends an id with U+0000, or a token that can be read."""
    choice = chosen(case, 1000)
    for name, known in (("id", tasks), ("user_id", users)):
        if name in (case.path_parameters or {}) and case.path_parameters[name] not in known and choice % 3:
            case.path_parameters[name] = known[choice % len(known)]
            if name == "id" and choice % 3 == 1:
                case.path_parameters[name] = fresh_task()
            if choice % 8 == 1:
                case.path_parameters[name] += "%00"
    if choice % 32 == 2 and "Authorization" in (case.headers or {}):
        case.headers["Authorization"] = FORGED[choice // 32 % len(FORGED)]
    if case.operation.label == "GET /_api/admin/users" and choice % 2:
        case.query = {"email": EMAILS[choice % 4 // 2]}
    if case.operation.label != f"POST {IMPORT}":
        return
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if key and len(key) < 200 and choice % 8:
        headers["Idempotency-Key"] = f"{key}{choice}"
    if case.media_type == "application/json" and choice % 4:
        case.query = {}
        headers.pop("Content-Encoding", None)


seed()
