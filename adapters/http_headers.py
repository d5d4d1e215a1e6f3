"""Properties of a message as HTTP headers: a token, or a structured field of RFC 9651.

    m-1                      plain: letters, digits and the other characters of a token
    "m 1"                    a string: printable ASCII
    %"m:1/%c3%bc"            a display string: any characters, in UTF-8, percent-encoded

The id of a message travels as `Idempotency-Key`, the header of the IETF's draft of that name.
"""

from __future__ import annotations

import re
import urllib.parse

MESSAGE_ID = "Idempotency-Key"
CORRELATION_ID = "Correlation-Id"
#: the headers of W3C Trace Context, the only ones of a sender that the hub keeps
TRACE = ("traceparent", "tracestate")

_TOKEN = re.compile(r"[A-Za-z0-9!#$&'*+\-.^_`|~:/=]+")
_PRINTABLE = re.compile(r"[ -~]*")
_STRING = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
#: the bytes that stand for themselves in a display string
_PLAIN = frozenset(range(0x20, 0x7F)) - frozenset(b'%"')
_DISPLAY = re.compile(r'%"((?:[ !#$&-~]|%[0-9a-f]{2})*)"')


def header_of(text: str) -> str:
    """Write a property as the value of a header.

    >>> header_of("m-1"), header_of('a "b"'), header_of("m:1/ü")
    ('m-1', '"a \\\\"b\\\\""', '%"m:1/%c3%bc"')
    """
    if _TOKEN.fullmatch(text):
        return text
    if _PRINTABLE.fullmatch(text):
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
    return '%"' + "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in text.encode()) + '"'


def text_of_header(value: str) -> str | None:
    """Read the value of a header that has a property; None for a value of another form.

    >>> [text_of_header(value) for value in ('m-1', '"a \\\\"b\\\\""', '%"m:1/%c3%bc"', '%"%ff"', '"open', 'a, b')]
    ['m-1', 'a "b"', 'm:1/ü', None, None, None]
    """
    if _TOKEN.fullmatch(value):
        return value
    string = _STRING.fullmatch(value)
    if string:
        return re.sub(r"\\(.)", r"\1", string[1])
    display = _DISPLAY.fullmatch(value)
    if display is None:
        return None
    try:
        return urllib.parse.unquote(display[1], errors="strict")
    except UnicodeDecodeError:
        return None
