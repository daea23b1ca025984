"""One post: signed, checked, bounded. The receiver is a real server on this machine."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from apps.exchange.domain.webhooks import secret_of
from apps.exchange.services.deliveries import Answer
from tests.exchange.receiver import Receiver, receiving
from workers import posting
from workers.posting import Letter, post, post_all

BODY = json.dumps({"type": "alias.moved", "data": {"model": 3}})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def letter(url: str, *salts: str, body: str = BODY) -> Letter:
    return Letter(url, "msg_1", body, [secret_of(salt) for salt in salts or ("one",)])


def sent(one: Letter, *, allow_private: bool = True) -> Answer:
    return asyncio.run(post(one, at=datetime.now(UTC), allow_private=allow_private))


def test_a_receiver_can_verify_what_it_is_sent(receiver: Receiver) -> None:
    answer = sent(letter(receiver.url))
    assert (answer.arrived, answer.status, answer.text) == (True, 200, "thanks")
    headers, body = receiver.got[0]
    assert Verifier(secret_of("one")).verify(body, headers) == json.loads(BODY)
    assert headers["webhook-id"] == "msg_1"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret_of("two")).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret_of("one")).verify(body.replace(b"3", b"4"), headers)


def test_while_a_secret_changes_either_verifies(receiver: Receiver) -> None:
    sent(letter(receiver.url, "new", "old"))
    headers, body = receiver.got[0]
    for salt in ("new", "old"):
        Verifier(secret_of(salt)).verify(body, headers)


def test_nothing_is_sent_to_our_own_network(receiver: Receiver) -> None:
    answer = sent(letter(receiver.url), allow_private=False)
    assert not answer.arrived
    assert answer.status is None
    assert "an address within this network" in answer.text
    assert receiver.got == []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that changes after it was checked leads nowhere else: it is looked up once."""
    looked_up = []
    port = int(receiver.url.rpartition(":")[2].partition("/")[0])

    def answers(host: str, *rest: Any, **how: Any) -> Any:
        looked_up.append(host)
        return [
            (
                socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                ("127.0.0.1" if len(looked_up) == 1 else "10.9.9.9", port),
            )
        ]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    answer = sent(letter(f"http://rebound.example:{port}/hooks"))
    assert answer.arrived
    # what is connected to is an address: looking that up again asks nobody
    assert [host for host in looked_up if host != "127.0.0.1"] == ["rebound.example"]
    assert receiver.got[0][0]["host"] == f"rebound.example:{port}"


def test_a_name_with_one_address_within_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, 1, 6, "", (address, 80)) for address in ("1.1.1.1", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    answer = sent(letter("http://both.example/"), allow_private=False)
    assert "both.example is 10.0.0.7" in answer.text


def test_redirects_are_an_answer_like_any_other_and_not_followed(receiver: Receiver) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.headers = 302, {"Location": elsewhere.url}
        answer = sent(letter(receiver.url))
        assert (answer.arrived, answer.status) == (False, 302)
        assert elsewhere.got == []


def test_no_proxy_is_asked(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert sent(letter(receiver.url)).arrived


def test_of_an_endless_answer_only_the_first_bytes_are_read(receiver: Receiver) -> None:
    receiver.answer = b"x" * 50_000_000
    began = time.monotonic()
    answer = sent(letter(receiver.url))
    assert answer.text == "x" * 500
    assert time.monotonic() - began < 5


def test_nul_and_broken_text_in_an_answer_can_be_kept(receiver: Receiver) -> None:
    receiver.answer = b"a\0b\xff"
    assert sent(letter(receiver.url)).text == "a␀b�"


def test_a_receiver_that_does_not_answer_keeps_nobody_waiting(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "SECONDS", 0.5)
    receiver.wait = threading.Event()
    with receiving() as quick:
        letters = [letter(receiver.url), letter(quick.url)]
        slow, good = asyncio.run(post_all(letters, at=datetime.now(UTC), allow_private=True))
    receiver.wait.set()
    assert slow.status is None
    assert slow.text.startswith("No answer within")
    assert good.arrived


def test_one_that_trickles_its_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "SECONDS", 1.0)
    server = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        held, _ = server.accept()
        with held:
            try:
                for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100:
                    held.sendall(bytes([byte]))
                    time.sleep(0.2)
            except OSError:
                return

    thread = threading.Thread(target=trickle, daemon=True)
    thread.start()
    began = time.monotonic()
    answer = sent(letter(f"http://127.0.0.1:{server.getsockname()[1]}/"))
    server.close()
    assert answer.status is None
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://127.0.0.1:1/", "connection"),
        ("http://no-such-host.invalid/", ""),
        (f"http://{'a' * 70}.example/", ""),
    ],
)
def test_what_cannot_be_reached_is_told_in_words(url: str, words: str) -> None:
    answer = sent(letter(url))
    assert answer.status is None
    assert words in answer.text.lower()
    assert answer.text


def test_a_certificate_is_asked_of_the_name_not_of_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}

    async def connect(self: Any, request: Any) -> Any:
        asked.update(
            host=request.url.host, sni=request.extensions["sni_hostname"], header=request.headers["host"]
        )
        raise posting.httpx.ConnectError("far enough")

    monkeypatch.setattr(posting.httpx.AsyncHTTPTransport, "handle_async_request", connect)
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET6, 1, 6, "", ("2606:4700::1", 443))]
    )
    sent(letter("https://named.example/x"), allow_private=False)
    assert asked == {"host": "2606:4700::1", "sni": "named.example", "header": "named.example"}
