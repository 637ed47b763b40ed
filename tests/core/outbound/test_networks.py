import pytest

from responder.core.outbound.leaving import refusal

REFUSED = """
127.0.0.1 10.0.0.1 172.16.0.1 192.168.0.1 169.254.169.254 100.64.0.1 192.0.0.8 192.88.99.1 198.18.0.1 0.0.0.0 255.255.255.255 224.0.0.1
240.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1 168.63.129.16
:: ::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::ffff:7f00:1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b:1::1 100::1 2001::1 2001:db8::1
2002:7f00:1:: 3fff::1 4000::1 5f00::1 fc00::1 fd00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
10.255.255.255 172.31.255.255 100.127.255.255 127.255.255.255 198.19.255.255
"""

PUBLIC = """
8.8.8.8 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 172.15.255.255 172.32.0.0 192.167.255.255
198.17.255.255 198.20.0.0 223.255.255.255 2606:4700::1111 2a00:1450:4001::200e 2001:4860:4860::8888 64:ff9b::8.8.8.8
"""


@pytest.mark.parametrize("address", REFUSED.split())
def test_an_address_that_leads_back_to_us_or_nowhere_is_refused(address: str) -> None:
    assert refusal(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_a_public_address_passes(address: str) -> None:
    assert refusal(address) is None


def test_a_refusal_says_what_the_address_is() -> None:
    assert refusal("192.168.0.1") == "private (RFC 1918)"
