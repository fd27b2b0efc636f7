"""Which addresses of the network a skill may fetch from: public ones, and those that the operator names."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from shared.refusal import Refusal

VARIABLE = "TOTALAUD_FETCH_ALLOW"
Address = IPv4Address | IPv6Address
PORTS = frozenset({80, 443})
UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
OF_THE_CLOUD = (IPv4Network("168.63.129.16/32"), IPv4Network("192.0.0.0/24"))
"""Public by number, but answered by the machine below."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What TOTALAUD_FETCH_ALLOW adds: `10.0.0.5:8080` one address and port, `:8443` a port at public ones."""

    places: frozenset[tuple[Address, int]] = frozenset()
    ports: frozenset[int] = PORTS

    @classmethod
    def read(cls, text: str) -> "Allowed":
        """Read entries with commas between; raises Refusal for what is none."""
        places, ports = set[tuple[Address, int]](), set(PORTS)
        for entry in filter(None, (one.strip() for one in text.split(","))):
            address, _, port = entry.rpartition(":")
            try:
                if address:
                    places.add((ip_address(address.strip("[]")), int(port)))
                else:
                    ports.add(int(port))
            except ValueError:
                why = f"{VARIABLE}: {entry!r} is neither ADDRESS:PORT nor :PORT"
                raise Refusal("invalid", VARIABLE, why) from None
        return cls(frozenset(places), frozenset(ports))

    def refusal(self, address: Address, port: int) -> str | None:
        """Say why an address must not be reached, None if it may."""
        if (address, port) in self.places:
            return None
        if port not in self.ports:
            return "the port is none of those that are allowed"
        return None if is_public(address) else "the address is not a public one"


def is_public(address: Address) -> bool:
    """Tell whether everybody may reach it; an IPv4 address that is wrapped in IPv6 is looked at itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address.sixtofour is not None or address.teredo is not None or address not in UNICAST:
            return False
    return address.is_global and not address.is_multicast and not any(address in net for net in OF_THE_CLOUD)
