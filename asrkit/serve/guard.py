"""Who may talk to the server: its own page, at its own address, with the token where one is needed.

Other pages in the same browser can send requests to this machine, and by DNS rebinding even in the
name of a host of theirs; people on the network can where the address is not the loopback one.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; media-src 'self' blob:; connect-src 'self' blob:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """Passes on to ``app`` what may pass. token: None where the server listens on loopback only."""

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        self.app, self.token = app, token
        self.names = {"localhost", host.lower()}
        if token is not None:
            self.names |= {socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self.app(scope, receive, send)

        async def with_headers(message: Message) -> None:
            if message["type"].endswith("http.response.start"):  # also of a WebSocket's refusal
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self.app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_ours(headers.get("host", "")):
            return _refuse(421, "this server does not go by that name; use its address")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none") and not (
            _opens_the_page(scope, headers)
        ):
            return _refuse(403, "another site may not use this server")
        origin = headers.get("origin")
        scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
        wanted = f"{scheme}://{headers['host']}"
        if _method(scope) not in SAFE and origin is not None and origin.lower() != wanted.lower():
            return _refuse(403, f"a page of {origin!r} may not change anything here")
        return None if self.token is None else self._without_token(scope, headers)

    def _is_ours(self, host: str) -> bool:
        """An address in numbers, which no name server can redirect, or a name of this machine."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name in self.names
        return self.token is not None or address.is_loopback

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """What to answer to who does not show the token; who shows it in the address gets a cookie
        for it, so that it does not stay there."""
        assert self.token is not None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[-1]
        if _method(scope) == "GET" and scope["path"] == "/" and self._is_token(given):
            response = RedirectResponse("/", status_code=303)
            response.set_cookie(_cookie(scope), self.token, httponly=True, samesite="lax")
            return response
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(bearer.strip()):
            return None
        if self._is_token(_cookies(headers).get(_cookie(scope), "")):
            return None
        return _refuse(
            401,
            "open the address that the server has printed, with its token; a program sends the "
            "header Authorization: Bearer TOKEN",
        )

    def _is_token(self, given: str) -> bool:
        assert self.token is not None
        return hmac.compare_digest(given.encode(), self.token.encode())


def _method(scope: Scope) -> str:
    """Of a WebSocket none: it may do anything, and browsers let any page open one anywhere."""
    return str(scope.get("method", "WEBSOCKET"))


def _opens_the_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """A link of another site, or a mail, that leads here is followed as any."""
    return (
        _method(scope) == "GET"
        and scope["path"] == "/"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
    )


def _cookie(scope: Scope) -> str:
    """Cookies are of a host, whatever the port: two servers must not share one."""
    return f"asrkit_{(scope.get('server') or ('', 0))[1]}"


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {k: morsel.value for k, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _refuse(status: int, reason: str) -> Response:
    return JSONResponse({"error": reason}, status_code=status)
