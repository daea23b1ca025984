"""Signed posts to addresses outside: looked up once, checked, and connected to as they were checked."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

import httpx
from standardwebhooks import Webhook as Signer

from apps.exchange.domain.addresses import MEND, is_private
from apps.exchange.services.deliveries import Answer

SECONDS = 10.0  # for a whole try, however slowly it trickles
READ = 1_024  # bytes of an answer
SHOWN = 500
AGENT = "Whetstone-Webhooks/1"


@dataclass(frozen=True)
class Letter:
    """One message with its address and the secrets that sign it."""

    url: str
    message_id: str
    body: str
    secrets: Sequence[str] = field(repr=False)


class AddressRefused(httpx.ConnectError):
    """The address may not be told anything."""


def signed(letter: Letter, *, at: datetime) -> dict[str, str]:
    """The headers of the letter; every secret has its signature, so that a receiver may hold any of them."""
    signatures = [Signer(secret).sign(letter.message_id, at, letter.body) for secret in letter.secrets]
    return {
        "content-type": "application/json",
        "accept-encoding": "identity",
        "user-agent": AGENT,
        "webhook-id": letter.message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


async def checked_address(host: str, port: int, *, allow_private: bool) -> str:
    """The address to connect to; raises `AddressRefused` where any the name has lies within our network."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(where[0]) for *_, where in found]
    inside = next((one for one in addresses if is_private(one)), None)
    if inside and not allow_private:
        raise AddressRefused(f"{host} is {inside}, an address within this network. {MEND}")
    return addresses[0]


class CheckedTransport(httpx.AsyncHTTPTransport):
    """Connects to the address that was checked: a name that is looked up twice may have changed in between.

    TLS still asks for, and verifies, the certificate of the name.
    """

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(verify=_tls(), retries=0)
        self.allow_private = allow_private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, url = request.url.raw_host.decode("ascii"), request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await checked_address(host, port, allow_private=self.allow_private)
        request.url = url.copy_with(host=address)
        request.extensions["sni_hostname"] = host
        return await super().handle_async_request(request)


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context()


async def post_all(letters: Sequence[Letter], *, at: datetime, allow_private: bool) -> list[Answer]:
    """What came of each, in their order; all at the same time, and over within `SECONDS`."""
    return await asyncio.gather(*(post(one, at=at, allow_private=allow_private) for one in letters))


async def post(letter: Letter, *, at: datetime, allow_private: bool) -> Answer:
    """What came of it. Redirects are not followed, and no proxy is asked: both would go where nobody checked."""
    began = time.monotonic()
    status, text = None, ""
    try:
        async with asyncio.timeout(SECONDS):
            status, text = await _post(letter, at, allow_private)
    except TimeoutError:
        text = f"No answer within {SECONDS:.0f} seconds."
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        text = str(error) or f"The connection failed ({type(error).__name__})."
    return Answer(status, text.replace("\0", "␀")[:SHOWN], round((time.monotonic() - began) * 1000))


async def _post(letter: Letter, at: datetime, allow_private: bool) -> tuple[int, str]:
    # a client for each letter: a connection kept for another name at the same address was verified for that name
    transport = CheckedTransport(allow_private=allow_private)
    async with (
        httpx.AsyncClient(transport=transport, trust_env=False, timeout=SECONDS) as client,
        client.stream(
            "POST", letter.url, content=letter.body.encode(), headers=signed(letter, at=at)
        ) as answer,
    ):
        read = b""
        async for chunk in answer.aiter_raw():
            read += chunk
            if len(read) >= READ:
                break
        return answer.status_code, read[:READ].decode("utf-8", "replace")
