"""The bridge publishes the address of its pages only where others can reach it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limber_bridge.config.model import HttpEndpoint
from limber_bridge.daemon.page_address import page_url

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", None),
        ("::1", None),
        ("localhost", None),
        ("192.168.1.5", "http://192.168.1.5:47801/"),
        ("fd00::5", "http://[fd00::5]:47801/"),
        ("bridge.local", "http://bridge.local:47801/"),
        (EVERYWHERE, "http://homeassistant.local:47801/"),
    ],
)
def test_the_address_of_the_pages(
    address: str, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMBER_HOST", "homeassistant.local")
    assert page_url(HttpEndpoint(address, 47801)) == url


def test_no_pages_have_no_address() -> None:
    assert page_url(None) is None


def test_every_network_is_published_under_an_address_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("LIMBER_HOST", raising=False)
    url = page_url(HttpEndpoint(EVERYWHERE, 47801))
    assert url is None or not url.startswith("http://0.0.0.0")


@given(st.ip_addresses())
def test_an_address_is_published_as_it_is(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    url = page_url(HttpEndpoint(str(address), 1))
    if address.is_loopback or address.is_unspecified:
        return
    assert url is not None
    assert str(address) in url
