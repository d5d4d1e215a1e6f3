"""What stands in a number's place and is no number: blanks, LOW-VALUES, HIGH-VALUES.

Each is a fact of its own, and a layout says what each means. Without a word of the layout each is refused.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.layouts.values.form import Meaning


@dataclass(frozen=True)
class NoNumber:
    """The meanings that a layout gives to bytes that are no number.

    Attributes:
        blank: the byte of a blank.
        blanks: the meaning of blanks.
        low_values: the meaning of bytes 00.
        high_values: the meaning of bytes FF.
    """

    blank: bytes = b" "
    blanks: Meaning = "refused"
    low_values: Meaning = "refused"
    high_values: Meaning = "refused"

    def read(self, raw: bytes) -> tuple[str | None, bool] | None:
        """Return the value that the bytes have by the layout, as `Form.read`; None where they are none of the three.

        Raises:
            ValueError: the bytes are one of the three, and the layout gives no meaning to it.
        """
        for filling, meaning, name in (
            (self.blank, self.blanks, "blanks"),
            (b"\x00", self.low_values, "low values"),
            (b"\xff", self.high_values, "high values"),
        ):
            if raw == filling * len(raw):
                if meaning == "refused":
                    raise ValueError(
                        f"it holds {name}, and the layout gives no meaning to them ('{name}: null or zero')"
                    )
                null = meaning == "null"
                return (None if null else "0"), null and raw == self.write(len(raw))
        return None

    def write(self, length: int) -> bytes:
        """Return the bytes of null: the first of the three that means null.

        Raises:
            ValueError: none of the three means null.
        """
        for filling, meaning in (
            (self.blank, self.blanks),
            (b"\x00", self.low_values),
            (b"\xff", self.high_values),
        ):
            if meaning == "null":
                return filling * length
        raise ValueError("a number has no value, and the layout says of none of blanks, low values, high values: null")
