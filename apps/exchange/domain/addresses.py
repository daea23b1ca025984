"""Which addresses on the network may be told anything: none of the house's own, unless that is allowed."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from apps.core.errors import BadInput

LONGEST_URL = 500
NAT64 = ipaddress.ip_network("64:ff9b::/96")
MEND = "Use an address that the internet can reach, or set WEBHOOKS_ALLOW_PRIVATE (docs/webhooks.md)."
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def check_url(url: str, *, allow_private: bool) -> str:
    """The URL, if it can be posted to; raises `BadInput` with the mend.

    What a name resolves to is looked at when something is sent: it may change at any time.
    """
    url = url.strip()
    parts = _parts(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadInput("Give a whole address that begins with https:// or http://.", field="url")
    if parts.username is not None or parts.fragment:
        raise BadInput("Leave user, password and #fragment out of the address.", field="url")
    if not allow_private and (parts.hostname == "localhost" or _is_private_literal(parts.hostname)):
        raise BadInput(f"{parts.hostname} is an address within this network. {MEND}", field="url")
    return url


def _parts(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise BadInput(f"The address is longer than {LONGEST_URL} characters.", field="url")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise BadInput("Write the address in ASCII, without spaces: encode what is neither.", field="url")
    try:
        parts = urlsplit(url)
        _ = parts.port  # read here, for it is checked only when it is read
    except ValueError as error:
        raise BadInput(f"This is not an address: {error}.", field="url") from error
    return parts


def _is_private_literal(host: str) -> bool:
    try:
        return is_private(host)
    except ValueError:
        return False  # a name


def is_private(text: str) -> bool:
    """Whether this is no address of the public internet, also where it is wrapped in an IPv6 one.

    Raises `ValueError` for what is no address at all.
    """
    address = _unwrapped(ipaddress.ip_address(text.partition("%")[0]))
    return not address.is_global or address.is_multicast or address.is_reserved


def _unwrapped(address: Address) -> Address:
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None) or address
