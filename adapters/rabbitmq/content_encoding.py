"""Bodies that a sender has compressed, inflated up to a limit.

    gzip, x-gzip, deflate                inflated; deflate with zlib's head, as in HTTP, or without it
    identity, binary, 8bit, 7bit, none   left as they are, and so is every name of a character set: many AMQP clients
                                         write UTF-8 there; an XML body tells its character set itself
    others                               refused

A small body may inflate to a thousand times its size. Inflating ends at the limit, and the rest is never looked at.
"""

from __future__ import annotations

import zlib

from adapters.transport import EnvelopeRefused

_AS_IT_IS = frozenset(("", "identity", "binary", "8bit", "7bit"))
#: zlib's words for a gzip head, for its own head, and for none
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


class EncodingRefused(EnvelopeRefused):
    """A body has a content encoding that the hub doesn't know, or can't be inflated by it."""

    what = "the body's content encoding '{encoding}' is refused"
    where = "content_encoding"
    mend = "send the body as it is, or compressed with gzip or deflate"


def inflated(body: bytes, encoding: object, most_bytes: int) -> bytes:
    """Return *body* without its content encoding.

    Args:
        body: as it came.
        encoding: the content encoding; None for a message without one.
        most_bytes: the largest body that is returned.

    Raises:
        EncodingRefused: the encoding is unknown, or the body is cut off, garbled, or larger than *most_bytes*.
    """
    if encoding is None:
        return body
    if not isinstance(encoding, str):
        raise _refused(encoding, f"it is {type(encoding).__name__}, not text in UTF-8")
    name = encoding.strip().lower()
    if name in ("gzip", "x-gzip"):
        return _inflated(body, _GZIP, encoding, most_bytes)
    if name == "deflate":
        return _inflated(body, _ZLIB if _has_zlib_head(body) else _RAW, encoding, most_bytes)
    if name in _AS_IT_IS or _is_character_set(name):
        return body
    raise _refused(encoding, "the hub doesn't know it")


def _inflated(body: bytes, kind: int, encoding: str, most_bytes: int) -> bytes:
    stream = zlib.decompressobj(kind)
    try:
        # One byte more than allowed: whether there is more is known without inflating the rest.
        content = stream.decompress(body, most_bytes + 1)
    except zlib.error as error:
        raise _refused(encoding, f"the body can't be inflated: {error}") from error
    if len(content) > most_bytes:
        raise _refused(encoding, f"the body inflates to more than {most_bytes} bytes", "send it in parts")
    if not stream.eof:
        raise _refused(encoding, "the body is cut off")
    # A gzip file may have several members. Millions of empty ones in one message would take minutes.
    if stream.unused_data:
        raise _refused(encoding, "there are bytes behind the compressed body")
    return content


def _has_zlib_head(body: bytes) -> bool:
    # RFC 1950: the method 8 in the low half of the first byte, and both bytes together a multiple of 31.
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0


def _is_character_set(name: str) -> bool:
    try:
        "".encode(name)
    except (LookupError, ValueError):  # ValueError: a name with NUL
        return False
    return True


def _refused(encoding: object, why: str, mend: str | None = None) -> EncodingRefused:
    shown = encoding[:40] if isinstance(encoding, str) else repr(encoding)[:40]
    return EncodingRefused(part="content_encoding", encoding=shown, why=why, **({} if mend is None else {"mend": mend}))
