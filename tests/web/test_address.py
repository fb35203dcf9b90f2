"""Which addresses are public, however they are written."""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from overseer.web.address import address_of, why_not_public


@pytest.mark.parametrize(
    "text",
    [
        "8.8.8.8",
        "1.1.1.1",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.0.1",
        "172.32.0.1",
        "11.0.0.0",
        "2606:2800:220:1::1",
        "2001:4860:4860::8888",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ],
)
def test_what_anybody_can_reach_is_public(text: str) -> None:
    assert why_not_public(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.168.0.1", "private"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "metadata"),
        ("100.100.100.200", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.0.192", "metadata"),
        ("100.64.0.1", "shared behind"),
        ("100.127.255.255", "shared behind"),
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("192.0.2.1", "documentation"),
        ("198.51.100.1", "documentation"),
        ("203.0.113.1", "documentation"),
        ("198.18.0.1", "benchmarks"),
        ("192.88.99.1", "6to4"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::1", "loopback"),
        ("::", "unspecified"),
        ("::2", "IPv4-compatible"),
        ("::127.0.0.1", "IPv4-compatible"),
        ("::ffff:127.0.0.1", r"loopback address \(127.0.0.1\) inside"),
        ("::ffff:10.0.0.1", r"private address \(10.0.0.1\) inside"),
        ("::ffff:169.254.169.254", "metadata"),
        ("::ffff:0:127.0.0.1", "reserved"),
        ("64:ff9b::7f00:1", r"loopback address \(127.0.0.1\) inside"),
        ("64:ff9b:1::a00:1", "reserved"),
        ("2002:7f00:1::1", "6to4"),
        ("2002:808:808::1", "6to4"),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "Teredo"),
        ("2001:10::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("3fff::1", "documentation"),
        ("fe80::1", "link-local"),
        ("fe80::1%1", "link-local"),
        ("fec0::1", "site-local"),
        ("fc00::1", "unique-local"),
        ("fd12:3456::1", "unique-local"),
        ("fd00:ec2::254", "metadata"),
        ("ff02::1", "multicast"),
        ("100::1", "reserved"),
        ("5f00::1", "reserved"),
        ("4000::1", "reserved"),
    ],
)
def test_every_other_address_is_told_by_its_kind(text: str, kind: str) -> None:
    found = why_not_public(ip_address(text))
    assert found is not None
    assert re.search(kind, found)


@given(st.ip_addresses())
def test_what_the_standard_library_takes_for_private_is_never_public(
    address: IPv4Address | IPv6Address,
) -> None:
    is_private = address.is_private or address.is_multicast or address.is_reserved or address.is_loopback
    is_private |= address.is_link_local or address.is_unspecified or not address.is_global
    # What lies inside another address decides in these two ranges.
    is_wrapped = any(address in ipaddress.ip_network(wrapped) for wrapped in ("64:ff9b::/96", "::ffff:0:0/96"))
    if is_private and not is_wrapped:
        assert why_not_public(address) is not None


@given(st.ip_addresses(v=4), st.sampled_from([0xFFFF << 32, 0x64_FF9B << 96]))
def test_an_embedded_address_is_as_public_as_by_itself(inner: IPv4Address, prefix: int) -> None:
    assert (why_not_public(IPv6Address(prefix | int(inner))) is None) == (why_not_public(inner) is None)


@given(st.data(), st.ip_addresses(v=4))
def test_every_way_to_write_an_address_is_the_same_address(data: st.DataObject, address: IPv4Address) -> None:
    number = int(address)
    count = data.draw(st.integers(1, 4))
    values = [number >> 8 * (3 - place) & 255 for place in range(count - 1)]
    values.append(number & (256 ** (5 - count) - 1))
    shapes = data.draw(st.lists(st.sampled_from(["{}", "0{:o}", "0x{:x}", "00{:o}", "0x0{:x}"]), min_size=4))
    text = ".".join(shape.format(value) for shape, value in zip(shapes, values, strict=False))
    assert address_of(text) == address


@given(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True))
def test_dotted_numbers_mean_what_the_standard_library_says(text: str) -> None:
    try:
        expected = IPv4Address(text)
    except ValueError:
        return  # it refuses leading zeros and numbers that are too large
    assert address_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "256.0.0.1",
        "1.2.3.4.5",
        "127.0.0.08",
        "1..2",
        "4294967296",
        "1.16777216",
        "a.1",
        "1.0xg.2",
        "9" * 5000,
        "0x" + "f" * 5000,
    ],
)
def test_what_ends_in_a_number_and_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no (IPv4 address|part of an IPv4 address)"):
        address_of(text)


@pytest.mark.parametrize("text", ["example.com", "1.2.3.com", "0xfg", "127.0.0.1a", "", "a1"])
def test_a_name_is_no_address(text: str) -> None:
    assert address_of(text) is None
