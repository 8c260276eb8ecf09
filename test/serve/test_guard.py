"""Who may talk to the server: harmless requests against its own guard."""

from __future__ import annotations

import socket

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from asrkit.serve.guard import Guard, is_loopback

TOKEN = "a-token"


def client(host: str = "127.0.0.1", token: str | None = None) -> TestClient:
    async def answer(request: Request) -> Response:
        return PlainTextResponse("inside")

    routes = [Route(path, answer, methods=["GET", "PUT"]) for path in ("/", "/api/state")]
    app = Starlette(routes=routes, middleware=[Middleware(Guard, host=host, token=token)])
    return TestClient(app, base_url="http://127.0.0.1:8808", follow_redirects=False)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.168.1.7", "example.org", "")],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("host", ["127.0.0.1:8808", "localhost:8808", "[::1]:8808", "LOCALHOST"])
def test_names_of_this_machine(host: str) -> None:
    assert client().get("/", headers={"host": host}).text == "inside"


@pytest.mark.parametrize(
    "host",
    ["example.org", "127.0.0.1.example.org", "localhost.example.org:8808", "", "[", "10.0.0.1"],
)
def test_a_name_that_was_made_to_lead_here(host: str) -> None:
    """DNS rebinding: the browser believes to talk to another host, and says so."""
    answer = client().get("/", headers={"host": host})
    assert answer.status_code == 421 and "inside" not in answer.text


@pytest.mark.parametrize(
    "origin", ["http://example.org", "null", "https://127.0.0.1:8808", "http://127.0.0.1:1"]
)
def test_pages_of_others_write_nothing(origin: str) -> None:
    assert client().put("/api/state", headers={"origin": origin}).status_code == 403


def test_our_page_and_programs_write() -> None:
    assert client().put("/api/state").text == "inside"
    ours = {"origin": "http://127.0.0.1:8808", "sec-fetch-site": "same-origin"}
    assert client().put("/api/state", headers=ours).text == "inside"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_others_read_nothing(site: str) -> None:
    embedded = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "audio"}
    assert client().get("/api/state", headers=embedded).status_code == 403
    assert client().get("/", headers=embedded | {"sec-fetch-dest": "iframe"}).status_code == 403
    link = {"sec-fetch-site": site, "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert client().get("/", headers=link).text == "inside"
    assert client().get("/api/state", headers=link).status_code == 403


def test_every_answer_forbids_what_the_page_does_not_need() -> None:
    for answer in (
        client().get("/"),
        client().get("/none"),
        client().get("/", headers={"host": "x"}),
    ):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in answer.headers


def test_without_the_token_nothing() -> None:
    there = client("0.0.0.0", TOKEN)
    for path, headers in (
        ("/", {}),
        ("/?token=", {}),
        ("/?token=a-toke", {}),
        ("/?token=\N{LATIN SMALL LETTER E WITH ACUTE}", {}),
        ("/api/state?token=a-token", {}),
        ("/api/state", {"authorization": "Bearer a-tokem"}),
        ("/api/state", {"authorization": "Basic a-token"}),
        ("/api/state", {"cookie": "asrkit_8808=other"}),
        ("/api/state", {"cookie": "asrkit_8808"}),
    ):
        answer = there.get(path, headers=headers)
        assert answer.status_code == 401, (path, headers)
        assert "a-token" not in answer.text + str(answer.headers)


def test_the_token_in_the_address_becomes_a_cookie() -> None:
    there = client("0.0.0.0", TOKEN)
    answer = there.get("/?token=a-token")
    assert answer.status_code == 303 and answer.headers["location"] == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert there.get("/api/state").text == "inside"  # the client has kept it
    assert there.put("/api/state", headers={"origin": "http://example.org"}).status_code == 403


def test_programs_send_the_token_in_a_header() -> None:
    there = client("0.0.0.0", TOKEN)
    assert there.get("/api/state", headers={"authorization": f"bearer {TOKEN}"}).text == "inside"


def test_on_the_network_it_goes_by_address_and_name() -> None:
    there = client("myhost.lan", TOKEN)
    known = {"authorization": f"Bearer {TOKEN}"}
    for host in ("192.168.1.7:8808", "myhost.lan:8808", socket.gethostname()):
        assert there.get("/", headers={**known, "host": host}).text == "inside"
    assert there.get("/", headers={**known, "host": "example.org"}).status_code == 421
