"""Until when a certificate holds, and for which names: read from DER, without a library for it.

RFC 5280: Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version, serial, algorithm,
issuer, validity SEQUENCE { notBefore, notAfter }, subject, key, ..., [3] extensions } ... }
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from modelgate.doctor.snapshot import Certificate

_PEM: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----\s(.*?)\s-----END CERTIFICATE-----", re.DOTALL
)
_SEQUENCE: Final = 0x30
_UTC_TIME: Final = 0x17
_OID: Final = 0x06
_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_DNS_NAME: Final = 0x82
_ALTERNATIVE_NAME: Final = bytes.fromhex("551d11")
_AFTER_VERSION: Final = 3  # serial, algorithm, issuer; then comes validity


def read(pem: str) -> Certificate:
    """The first certificate of a PEM text; a certificate with a `fault` where there is none."""
    match = _PEM.search(pem)
    if match is None:
        return Certificate(fault="it holds no PEM certificate")
    try:
        return _read(base64.b64decode("".join(match[1].split()), validate=True))
    except (binascii.Error, IndexError, ValueError):
        return Certificate(fault="it holds no readable certificate")


def of_secret(data: Mapping[str, str]) -> Certificate:
    """The certificate in the `data` of a TLS Secret."""
    try:
        return read(base64.b64decode(data.get("tls.crt", "")).decode())
    except (binascii.Error, UnicodeDecodeError):
        return Certificate(fault="its tls.crt is no text")


def _read(der: bytes) -> Certificate:
    fields = list(_parts(_inside(_inside(der))))
    if fields[0][0] == _VERSION:
        fields = fields[1:]
    before, after = (_time(*part) for part in _parts(fields[_AFTER_VERSION][1]))
    extensions = [value for tag, value in fields if tag == _EXTENSIONS]
    names = tuple(_names(extensions[0])) if extensions else ()
    return Certificate(names, before, after)


def _inside(der: bytes) -> bytes:
    """The content of the one SEQUENCE at the beginning of `der`."""
    tag, value = next(_parts(der))
    if tag != _SEQUENCE:
        raise ValueError("not a SEQUENCE")
    return value


def _parts(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of every element, one after the other."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("cut short")
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, value: bytes) -> datetime:
    text = value.decode("ascii")
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _names(extensions: bytes) -> Iterator[str]:
    for _, extension in _parts(_inside(extensions)):
        (tag, oid), *_, (_, value) = _parts(extension)
        if tag == _OID and oid == _ALTERNATIVE_NAME:
            for kind, name in _parts(_inside(value)):
                if kind == _DNS_NAME:
                    yield name.decode("ascii")
