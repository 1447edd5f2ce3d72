"""Addresses of machines, and names that are unique by chance: IP, UUID.

IPv4 lies in the networks for documentation (RFC 5737) and for benchmarks (198.18.0.0/15, RFC 2544), IPv6 in
2001:db8::/32 (RFC 3849). None of them is routed. A UUID is of version 4 (RFC 9562).
"""

from __future__ import annotations

import ipaddress
import re

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.mixing import drawn, numbers
from synthdata.fields.providers.writing import matching

__all__ = ["NETWORK"]

NETWORKS = (("192.0.2.0", 8), ("198.51.100.0", 8), ("203.0.113.0", 8), ("198.18.0.0", 17))
ROOM = sum(1 << bits for _, bits in NETWORKS)
UUID = re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?", re.IGNORECASE)
OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IP = re.compile(rf"{OCTET}(?:\.{OCTET}){{3}}")
VERSION = re.compile(r"(?:\d\.|1\d\.){3}(?:\d|1\d)")


def _ip(people: People) -> np.ndarray:
    place = drawn(people, "ip", ROOM)
    address = np.zeros(len(place), dtype=np.int64)
    for network, bits in NETWORKS:
        address = np.where((place >= 0) & (place < 1 << bits), int(ipaddress.IPv4Address(network)) + place, address)
        place = np.where(place >= 1 << bits, place - (1 << bits), -1)
    octets = np.array([str(octet) for octet in range(256)], dtype=object)
    first, second, third, fourth = (octets[address >> shift & 255] for shift in (24, 16, 8, 0))
    return np.asarray(first + "." + second + "." + third + "." + fourth)


def _is_ip(cells: np.ndarray) -> np.ndarray:
    return matching(cells, IP)


def _tells_ip(cells: np.ndarray) -> np.ndarray:
    """An IP address that is not as well a version such as 1.2.0.14, nor a number such as 0.0.0.0."""
    return np.asarray(matching(cells, IP) & ~matching(cells, VERSION))


def _ipv6(people: People) -> np.ndarray:
    """Six groups that vary, none of them 0: nothing is left to compress but zeros in front."""
    high, low = numbers(people, "ipv6 high"), numbers(people, "ipv6 low")
    groups = [(half >> np.uint64(shift) & np.uint64(0xFFFF)) for half in (high, low) for shift in (0, 16, 32)]
    spelled = [[f"{max(group, 1):x}" for group in column.tolist()] for column in groups]
    return np.array([f"2001:db8:{':'.join(parts)}" for parts in zip(*spelled, strict=True)], dtype=object)


def _is_ipv6(cells: np.ndarray) -> np.ndarray:
    return np.fromiter((isinstance(cell, str) and ":" in cell and _parses(cell) for cell in cells), bool, len(cells))


def _parses(cell: str) -> bool:
    try:
        ipaddress.IPv6Address(cell.strip())
    except ValueError:
        return False
    return True


def _uuid(people: People) -> np.ndarray:
    high = numbers(people, "uuid high") & np.uint64(0xFFFF_FFFF_FFFF_0FFF) | np.uint64(0x4000)
    low = numbers(people, "uuid low") & np.uint64(0x3FFF_FFFF_FFFF_FFFF) | np.uint64(0x8000_0000_0000_0000)
    words = [f"{a:016x}{b:016x}" for a, b in zip(high.tolist(), low.tolist(), strict=True)]
    return np.array([f"{w[:8]}-{w[8:12]}-{w[12:16]}-{w[16:20]}-{w[20:]}" for w in words], dtype=object)


def _is_uuid(cells: np.ndarray) -> np.ndarray:
    return matching(cells, UUID)


NETWORK = (
    Provider(
        "ip", "an IPv4 address", _ip, _is_ip, True, telling=_tells_ip, room=ROOM, hint=r"ip( ?(v4|address|addr))?"
    ),
    Provider("ipv6", "an IPv6 address", _ipv6, _is_ipv6, True, telling=_is_ipv6, fewest=3, hint=r"ip ?v6( address)?"),
    Provider("uuid", "a random unique id (UUID)", _uuid, _is_uuid, True, telling=_is_uuid, fewest=3, hint=r"uuid|guid"),
)
