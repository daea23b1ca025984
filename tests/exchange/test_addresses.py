"""Where webhooks may lead."""

from __future__ import annotations

import pytest

from apps.core.errors import BadInput
from apps.exchange.domain.addresses import check_url, is_private

INSIDE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1",
]  # fmt: skip
OUTSIDE = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_of_our_own_network_is_private_however_it_is_wrapped(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert not is_private(address)


@pytest.mark.parametrize(
    "url",
    [
        "", "example.org/hooks", "ftp://example.org/", "file:///etc/passwd", "https://", "https:///path",
        "https://user:word@example.org/", "https://@example.org/", "https://example.org/#there",
        "https://example.org:99999/", "https://exa mple.org/", "https://exämple.org/", "https://[::1/",
        "http://localhost/", "http://127.0.0.1:8000/", "http://[::1]:80/", "http://169.254.169.254/latest/",
        "https://example.org/" + "a" * 500, "https://example.org/\n",
    ],
)  # fmt: skip
def test_an_address_that_cannot_or_may_not_be_posted_to_is_refused_with_the_mend(url: str) -> None:
    if url.endswith("\n"):  # what surrounds it is taken off
        assert check_url(url, allow_private=False) == url.strip()
        return
    with pytest.raises(BadInput) as refused:
        check_url(url, allow_private=False)
    assert refused.value.detail["field"] == "url"
    assert refused.value.message.endswith((".", ")."))


def test_addresses_within_are_taken_where_the_installation_allows_them() -> None:
    assert check_url("http://127.0.0.1:9/x", allow_private=True) == "http://127.0.0.1:9/x"
    assert check_url("https://example.org:8443/x?y=1", allow_private=False)
