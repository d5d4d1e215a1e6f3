"""Forms of dates: the digits that another system writes for a day, or for a day and a time.

    YYYY  YY  MM  DD  DDD     year, year without its century, month, day, day of the year
    hh  mm  ss                hour, minute, second

Other signs stand for themselves: ``DD.MM.YYYY``, ``YYYYMMDD``, ``YYDDD``, ``YYYY-MM-DDThh:mm:ss``. In a tree the value
is an ISO date, or an ISO date-time where the form has an hour. A date-time without a zone is UTC.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from functools import cached_property

from integration_objects.field_values import FIRST_YEAR, LAST_YEAR, read_date, shown

_TOKENS = re.compile("YYYY|YY|MM|DDD|DD|hh|mm|ss")
#: Signs between the tokens. Other letters are likely mistyped tokens.
_LITERALS = re.compile(r"[-./: ,_TZ]*")
_CENTURY = 100


@dataclass(frozen=True)
class DateForm:
    """A form of dates.

    Attributes:
        form: as declared, "DD.MM.YYYY".
        first_year: the first of the hundred years that YY stands for.
    """

    form: str
    first_year: int | None = None
    _tokens: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prove the form.

        Raises:
            ValueError: the form isn't one of dates; the text says why.
        """
        tokens = tuple(_TOKENS.findall(self.form))
        rest = _TOKENS.sub("", self.form)
        if not _LITERALS.fullmatch(rest):
            raise ValueError(f"'{rest.strip('-./: ,_TZ')[:1]}' is no part of a date")
        if len(set(tokens)) < len(tokens):
            raise ValueError("a part stands twice")
        day = {"DDD"} if "DDD" in tokens else {"MM", "DD"}
        if not day <= set(tokens) or len({"YYYY", "YY"} & set(tokens)) != 1 or ("DDD" in tokens and "MM" in tokens):
            raise ValueError("it needs a year and either month and day, or the day of the year")
        if ("mm" in tokens and "hh" not in tokens) or ("ss" in tokens and "mm" not in tokens):
            raise ValueError("minutes need an hour, and seconds need minutes")
        if "YY" in tokens and self.first_year is None:
            raise ValueError("YY needs the first of the hundred years that it stands for")
        if self.first_year is not None and not FIRST_YEAR <= self.first_year <= LAST_YEAR - _CENTURY + 1:
            raise ValueError(f"the first year is {FIRST_YEAR} to {LAST_YEAR - _CENTURY + 1}")
        object.__setattr__(self, "_tokens", tokens)

    @property
    def says(self) -> str:
        """The form in words."""
        return f"date {self.form}"

    @property
    def length(self) -> int:
        """The characters of a date."""
        return len(self.form)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts, at = [], 0
        for token in _TOKENS.finditer(self.form):
            parts += [re.escape(self.form[at : token.start()]), f"([0-9]{{{len(token[0])}}})"]
            at = token.end()
        return re.compile("".join(parts) + re.escape(self.form[at:]))

    @cached_property
    def _format(self) -> str:
        codes = {"YYYY": "{0.year:04}", "YY": "{1:02}", "MM": "{0.month:02}", "DD": "{0.day:02}", "DDD": "{2:03}"}
        codes |= {"hh": "{0.hour:02}", "mm": "{0.minute:02}", "ss": "{0.second:02}"}
        return _TOKENS.sub(lambda match: codes[match[0]], self.form)

    def read(self, text: str) -> str:
        """Return the ISO date of a text.

        Raises:
            ValueError: the text isn't in this form, or there is no such day.
        """
        match = self._pattern.fullmatch(text)
        if match is None:
            raise ValueError(f"expected a date of the form {self.form}, found {shown(text)}")
        parts = {token: int(digits) for token, digits in zip(self._tokens, match.groups(), strict=True)}
        year = parts.get("YYYY")
        if year is None:
            first = self.first_year or 0
            year = first + (parts["YY"] - first) % _CENTURY
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}, found {shown(text)}")
        try:
            moment = datetime.datetime(  # noqa: DTZ001  # a form has no zone
                year,
                parts.get("MM", 1),
                parts.get("DD", 1),
                parts.get("hh", 0),
                parts.get("mm", 0),
                parts.get("ss", 0),
            )
            if "DDD" in parts:
                moment += datetime.timedelta(days=parts["DDD"] - 1)
                if moment.year != year:
                    raise ValueError
        except ValueError:
            raise ValueError(f"there is no such day or time: {shown(text)}") from None
        return moment.isoformat() if "hh" in parts else moment.date().isoformat()

    def write(self, value: str) -> str:
        """Return the text of an ISO date or date-time.

        Raises:
            ValueError: the value is no date, or has a part that the form leaves out.
        """
        moment = read_date(value)
        smallest = {"hh": (moment.minute, moment.second), "mm": (moment.second,), "ss": ()}
        last = next((token for token in ("ss", "mm", "hh") if token in self._tokens), None)
        left_out = (moment.hour, moment.minute, moment.second) if last is None else smallest[last]
        if any(left_out) or moment.microsecond:
            raise ValueError(f"the form {self.form} has no place for the time of {shown(value)} (UTC)")
        first = self.first_year
        if first is not None and "YY" in self._tokens and not first <= moment.year < first + _CENTURY:
            raise ValueError(f"YY stands for the years {first} to {first + _CENTURY - 1}")
        return self._format.format(moment, moment.year % _CENTURY, moment.timetuple().tm_yday)
