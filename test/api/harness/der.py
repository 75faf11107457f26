# SPDX-License-Identifier: Apache-2.0
"""Writes DER (X.690), right or wrong: what the throw-away CAs need that a library will not sign for them."""
import datetime

INTEGER, BITS, OCTETS, NULL, OID, UTF8, SEQUENCE, SET = 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x30, 0x31
PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x13, 0x16, 0x17, 0x18


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + body


def sequence(*parts):
    return tlv(SEQUENCE, *parts)


def integer(value, tag=INTEGER):
    """Two's complement in the least number of octets."""
    size = (value + (value < 0)).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def oid(text):
    first, second, *rest = (int(n) for n in text.split("."))
    out = b""
    for n in [40 * first + second, *rest]:
        septets = [n & 0x7F]
        while n := n >> 7:
            septets.append(0x80 | (n & 0x7F))
        out += bytes(reversed(septets))
    return tlv(OID, out)


def octets(data):
    return tlv(OCTETS, data)


def bits(data, unused=0):
    return tlv(BITS, bytes([unused]), data)


def boolean(value):
    return tlv(0x01, b"\xff" if value else b"\0")


def explicit(number, *parts):
    return tlv(0xA0 | number, *parts)


def time(when):
    """As RFC 5280, 4.1.2.5 wants it; `when` is a datetime in UTC, or bytes that go in as they are."""
    if isinstance(when, bytes):
        return when
    text = when.strftime("%Y%m%d%H%M%SZ").encode()
    return tlv(UTC_TIME, text[2:]) if when < datetime.datetime(2050, 1, 1) else tlv(GENERALIZED_TIME, text)


def name(*attributes):
    """A distinguished name; attributes: (OID, tag, text)."""
    return sequence(*(tlv(SET, sequence(oid(kind), tlv(tag, text.encode()))) for kind, tag, text in attributes))


def extension(kind, value, critical=False):
    return sequence(oid(kind), boolean(True) if critical else b"", octets(value))
