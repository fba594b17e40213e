"""docs/formats/headers.md, applied by hand: what each side must have seen."""

from typing import List, Tuple

Headers = List[Tuple[str, str]]

HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer",
       "transfer-encoding", "upgrade", "http2-settings"}
CREDENTIALS = {"authorization", "x-api-key", "api-key", "x-goog-api-key",
               "proxy-authorization"}
DROPPED_IN = HOP | CREDENTIALS | {
    "cookie", "cookie2", "forwarded", "x-real-ip", "x-client-ip",
    "true-client-ip", "cf-connecting-ip", "via", "x-codex-turn-metadata",
    "expect", "origin", "referer"}
PREFIXES_IN = ("x-cofferdam-", "x-forwarded-", "x-original-", "sec-")
DROPPED_OUT = HOP | {
    "proxy-authenticate", "set-cookie", "set-cookie2", "alt-svc",
    "strict-transport-security", "public-key-pins"}
# Each hop's own: compared by what they say, not where they stand.
OWN = {"host", "content-length", "accept-encoding"}


def _kept(headers: Headers, dropped, prefixes=()) -> Headers:
    named = set()
    for name, value in headers:
        if name.lower() == "connection":
            named |= {word.strip().lower() for word in value.split(",")}
    return sorted(
        (name.lower(), value) for name, value in headers
        if name.lower() not in dropped | named | OWN
        and not name.lower().startswith(prefixes or ("\0",)))


def expected_upstream(seen, dialect: str, key: str) -> Headers:
    """What the provider gets of a request that the agent sent."""
    credential = {"anthropic": ("x-api-key", key),
                  "gemini": ("x-goog-api-key", key)}.get(
                      dialect, ("authorization", f"Bearer {key}"))
    return sorted([*_kept(seen.headers, DROPPED_IN, PREFIXES_IN), credential,
                   ("accept-encoding", "identity")])


def sent(heard) -> Headers:
    """What the provider got; its length must be the body's."""
    assert heard.header("content-length") == str(len(heard.body))
    found = _kept(heard.headers, set())
    found.append(("accept-encoding", heard.header("accept-encoding") or ""))
    return sorted(found)


def expected_downstream(heard) -> Headers:
    """What the agent gets of the provider's answer, our own header aside."""
    return _kept(heard.response_headers, DROPPED_OUT, ("x-cofferdam-",))


def received(seen) -> Headers:
    exchange = [value for name, value in seen.response_headers
                if name.lower() == "x-cofferdam-exchange"]
    assert len(exchange) == 1 and len(exchange[0]) == 26
    return _kept(seen.response_headers, HOP, ("x-cofferdam-",))
