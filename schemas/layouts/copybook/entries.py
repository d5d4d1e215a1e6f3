"""The entries of a copybook as a tree: level numbers, names and clauses, with the line of each.

Spec: docs/design/legacy.md, "Layouts".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from integration_objects.nearest import nearest
from schemas.layouts.copybook.picture import Picture, read_picture
from schemas.layouts.copybook.source_text import CopybookFaulty, Form, Token, tokens

Usage = Literal[
    "display",
    "national",
    "double byte",
    "binary",
    "native binary",
    "packed",
    "unsigned packed",
    "single float",
    "double float",
    "index",
    "pointer",
]

_USAGES: dict[str, Usage] = {
    "DISPLAY": "display",
    "DISPLAY-1": "double byte",
    "NATIONAL": "national",
    **dict.fromkeys(("COMP", "COMP-4", "BINARY"), "binary"),
    "COMP-5": "native binary",
    **dict.fromkeys(("COMP-3", "PACKED-DECIMAL"), "packed"),
    "COMP-6": "unsigned packed",
    "COMP-1": "single float",
    "COMP-2": "double float",
    "INDEX": "index",
    **dict.fromkeys(("POINTER", "FUNCTION-POINTER", "PROCEDURE-POINTER"), "pointer"),
}
_USAGES |= {word.replace("COMP", "COMPUTATIONAL"): usage for word, usage in _USAGES.items() if word.startswith("COMP")}

#: The items of one occurrence that a copybook may ask for; COBOL's own bound is near.
MOST_OCCURRENCES = 1_000_000
#: Groups within groups: there are only 49 level numbers.
_LEVELS = range(1, 50)


@dataclass(frozen=True)
class Occurs:
    """How often an entry occurs.

    Attributes:
        least: the least number.
        most: the largest number.
        depends_on: the name of the field with the number, and the groups that qualify it; () for a fixed number.
        is_unbounded: whether the copybook names no largest number.
    """

    least: int
    most: int
    depends_on: tuple[str, ...] = ()
    is_unbounded: bool = False


@dataclass(frozen=True)
class Condition:
    """A condition name (level 88): values that a program calls by a name.

    Attributes:
        name: "IS-OPEN".
        values: single values, and pairs of the first and the last value of a range; "" stands for blanks.
        line: the line of the entry.
    """

    name: str
    values: tuple[str | tuple[str, str], ...]
    line: int

    def __str__(self) -> str:
        """Write the name with its values: "IS-OPEN (O, P to R)"."""
        values = (each if isinstance(each, str) else " to ".join(each) for each in self.values)
        return f"{self.name} ({', '.join(value or 'blanks' for value in values)})"


@dataclass
class Entry:
    """A data description entry.

    Attributes:
        level: 1 to 49, or 77.
        name: the name in upper case; "FILLER" where there is none.
        line: the line in the file.
        picture: None for a group, and for fields that have none.
        usage: as declared; None for the usage of the group above, or DISPLAY.
        sign_leading: whether the sign stands at the first digit; None as in the group above, or at the last digit.
        sign_separate: whether the sign has a byte of its own; None as `sign_leading`.
        occurs: None for once.
        redefines: the name of the entry whose bytes this one reads in another way; "" for none.
        aligned: SYNCHRONIZED.
        right: JUSTIFIED RIGHT.
        blank_when_zero: whether a zero is written as blanks.
        conditions: the condition names of the field.
        renames: the entries of level 66 on a record: name, first and last entry.
        children: the entries of a group.
    """

    level: int
    name: str
    line: int
    picture: Picture | None = None
    usage: Usage | None = None
    sign_leading: bool | None = None
    sign_separate: bool | None = None
    occurs: Occurs | None = None
    redefines: str = ""
    aligned: bool = False
    right: bool = False
    blank_when_zero: bool = False
    conditions: list[Condition] = field(default_factory=list)
    renames: list[tuple[str, str, str]] = field(default_factory=list)
    children: list[Entry] = field(default_factory=list)

    def walk(self) -> Iterator[Entry]:
        """Yield this entry and all entries beneath it, in the order of the copybook."""
        waiting = [self]
        while waiting:
            entry = waiting.pop()
            yield entry
            waiting.extend(reversed(entry.children))


def read_copybook(text: str, file: str, form: Form | None = None, decimal_point: str = ".") -> list[Entry]:
    """Read the records of a copybook: its entries of level 01 and 77, or the one group that all entries are in.

    Args:
        text: the copybook.
        file: its name, for errors.
        form: fixed or free; None to tell it from the text.
        decimal_point: "," where the program says DECIMAL-POINT IS COMMA.

    Returns:
        The records. Entries without an 01 above them, as in a copybook that is made to be copied beneath one, are put
        in a record named as the file.

    Raises:
        CopybookFaulty: with file and line.
    """
    reader = _Reader(tokens(text, file, form), file, decimal_point)
    return reader.records()


class _Reader:
    """Reads entries from tokens."""

    def __init__(self, words: list[Token], file: str, decimal_point: str) -> None:
        self.words = words
        self.file = file
        self.decimal_point = decimal_point
        self.at = 0

    # The tree

    def records(self) -> list[Entry]:
        records: list[Entry] = []
        path: list[Entry] = []
        while self.at < len(self.words):
            start = self.words[self.at]
            level = self._level()
            if level == 88:
                owner = self._owner(path, start)
                owner.conditions.append(self._condition(start, owner))
            elif level == 66:
                self._owner(path[:1], start).renames.append(self._renames())
            else:
                self._place(self._entry(level, start), records, path)
        if not records:
            raise CopybookFaulty(
                "the copybook has no entry",
                where=self.file,
                why="an entry begins with a level number, such as 01 or 05",
                mend="give the copybook's text, and its form ('form: free' or 'form: fixed') where it was read wrongly",
            )
        for record in records:
            for entry in record.walk():
                self._check(entry)
        return records

    def _place(self, entry: Entry, records: list[Entry], path: list[Entry]) -> None:
        if entry.level in (1, 77):
            records.append(entry)
            path[:] = [entry]
            return
        if not path:
            # A copybook without an 01 is copied beneath one: its name is the file's.
            name = self.file.rpartition("/")[2].partition(".")[0].upper()
            records.append(Entry(0, name, entry.line))
            path.append(records[-1])
        while path[-1].level >= entry.level:
            closed = path.pop()
        siblings = path[-1].children
        if siblings and siblings[-1].level != entry.level:
            raise self.fault(
                entry.line,
                f"the level {entry.level:02} of {entry.name} fits no group",
                f"the entries beside it in {path[-1].name} have level {siblings[-1].level:02}; "
                f"the entry before it, {closed.name}, has level {closed.level:02}",
                f"give it level {siblings[-1].level:02}, or the level of the group that it belongs to",
            )
        siblings.append(entry)
        path.append(entry)

    def _owner(self, path: list[Entry], start: Token) -> Entry:
        if not path:
            raise self.fault(
                start.line, f"the level {start.text} stands before any entry", "it describes the entry before it", ""
            )
        return path[-1]

    def _check(self, entry: Entry) -> None:
        """Prove what can be told only when the whole entry, with its children, is read."""
        needs_no_picture = entry.usage in ("single float", "double float", "index", "pointer")
        if entry.children and entry.picture:
            raise self.fault(
                entry.line,
                f"{entry.name} has a picture and entries beneath it",
                f"{entry.children[0].name} has the level {entry.children[0].level:02}",
                "take the picture away, or give the entries beneath it the same level",
            )
        if not entry.children and not entry.picture and not needs_no_picture:
            raise self.fault(
                entry.line,
                f"{entry.name} has neither a picture nor entries beneath it",
                "its length is unknown",
                "give it a PIC clause",
            )
        numeric = entry.picture is not None and entry.picture.kind == "number"
        if entry.usage in ("binary", "native binary", "packed", "unsigned packed") and entry.picture and not numeric:
            raise self.fault(
                entry.line,
                f"{entry.name} has the picture {entry.picture.text}, which is no number",
                f"its usage is {entry.usage}",
                "give it a picture of 9s, or the usage DISPLAY",
            )
        if entry.blank_when_zero and not (entry.picture and entry.picture.kind in ("number", "edited number")):
            raise self.fault(entry.line, f"{entry.name} can't be BLANK WHEN ZERO", "it is no number", "take it away")

    # Entries

    def _level(self) -> int:
        word = self.words[self.at]
        if word.text in ("COPY", "EXEC", "REPLACE"):
            raise self.fault(
                word.line,
                f"{word.text} is not followed",
                "the copybook must stand whole in one file",
                "put the text that it stands for in its place",
            )
        if word.kind != "word" or not word.text.isdecimal():
            raise self.fault(
                word.line,
                f"'{word.text}' stands where an entry begins",
                "an entry begins with a level number, such as 01 or 05, and ends with a full stop",
                "end the entry before it with a full stop, or correct the level number",
            )
        level = int(word.text)
        if level not in _LEVELS and level not in (66, 77, 88):
            raise self.fault(
                word.line, f"there is no level {word.text}", "levels are 01 to 49, 66, 77 and 88", "correct the level"
            )
        self.at += 1
        return level

    def _entry(self, level: int, start: Token) -> Entry:
        entry = Entry(level, "FILLER", start.line)
        first = self.words[self.at] if self.at < len(self.words) else None
        if first and first.kind == "word" and first.text not in _CLAUSES:
            entry.name = first.text
            self.at += 1
        while not self._ended(start):
            word = self._next(start)
            clause = _CLAUSES.get(word.text) if word.kind == "word" else None
            if clause is None:
                raise self.fault(
                    word.line,
                    f"{entry.name}: '{word.text}' is no clause that a layout knows",
                    "an unknown clause may change the places of all fields",
                    nearest(word.text, list(_CLAUSES)) or "`orderhub layout support` lists the known clauses",
                )
            clause(self, entry, word)
        return entry

    def _condition(self, start: Token, owner: Entry) -> Condition:
        name = self._next(start).text
        self._skip("VALUE", "VALUES")
        self._skip("IS", "ARE")
        values: list[str | tuple[str, str]] = []
        while not self._ended(start):
            value = self._value(start, owner)
            if self._skip("THRU", "THROUGH"):
                values.append((value, self._value(start, owner)))
            else:
                values.append(value)
        return Condition(name, tuple(values), start.line)

    def _renames(self) -> tuple[str, str, str]:
        start = self.words[self.at - 1]
        name = self._next(start).text
        if not self._skip("RENAMES"):
            raise self.fault(start.line, f"{name} has the level 66 and renames nothing", "RENAMES is missing", "add it")
        first = self._name(start)[0]
        last = self._name(start)[0] if self._skip("THRU", "THROUGH") else first
        if not self._ended(start):
            raise self.fault(start.line, f"{name}: text stands behind RENAMES", "level 66 has no other clause", "")
        return name, first, last

    # Words

    def fault(self, line: int, what: str, why: str, mend: str) -> CopybookFaulty:
        return CopybookFaulty(what, where=f"{self.file}:{line}", why=why, mend=mend)

    def _ended(self, start: Token) -> bool:
        """Take the full stop that ends an entry, if it comes next."""
        if self.at == len(self.words):
            raise self.fault(start.line, "the entry doesn't end", "there is no full stop behind it", "add a full stop")
        if self.words[self.at].kind != "period":
            return False
        self.at += 1
        return True

    def _next(self, start: Token) -> Token:
        if self.at == len(self.words) or self.words[self.at].kind == "period":
            raise self.fault(start.line, "the entry ends too early", f"a word is missing behind '{start.text}'", "")
        self.at += 1
        return self.words[self.at - 1]

    def _skip(self, *words: str) -> bool:
        if self.at < len(self.words) and self.words[self.at].kind == "word" and self.words[self.at].text in words:
            self.at += 1
            return True
        return False

    def _value(self, start: Token, owner: Entry) -> str:
        is_repeated = self._skip("ALL")
        word = self._next(start)
        if word.kind == "word":
            return _FIGURATIVE.get(word.text, word.text)
        if is_repeated and word.text and owner.picture is not None:
            size = owner.picture.digits or owner.picture.size
            return (word.text * size)[:size]
        return word.text.rstrip(" ")

    def _whole(self, start: Token) -> int:
        word = self._next(start)
        if not word.text.isdecimal() or not 0 <= int(word.text) <= MOST_OCCURRENCES:
            raise self.fault(
                word.line, f"'{word.text}' is no number of occurrences", f"0 to {MOST_OCCURRENCES:,} is expected", ""
            )
        return int(word.text)

    def _name(self, start: Token) -> tuple[str, ...]:
        """Read a name with its qualifiers: ``COUNT OF HEADER``."""
        names = [self._next(start).text]
        while self._skip("OF", "IN"):
            names.append(self._next(start).text)
        return tuple(names)

    # Clauses; each is called behind its first word

    def picture(self, entry: Entry, word: Token) -> None:
        self._skip("IS")
        text = self._next(word).text
        try:
            entry.picture = read_picture(text, self.decimal_point)
        except ValueError as error:
            raise self.fault(
                word.line, f"{entry.name}: the picture '{text}' can't be read", str(error), "correct it"
            ) from error

    def usage_word(self, entry: Entry, word: Token) -> None:
        if word.text == "USAGE":
            self._skip("IS")
            word = self._next(word)
        if word.text not in _USAGES:
            raise self.fault(
                word.line,
                f"{entry.name}: there is no usage {word.text}",
                "its length is unknown",
                nearest(word.text, list(_USAGES)) or "`orderhub layout support` lists the known usages",
            )
        entry.usage = _USAGES[word.text]

    def sign(self, entry: Entry, word: Token) -> None:
        if word.text == "SIGN":
            self._skip("IS")
            word = self._next(word)
        if word.text not in ("LEADING", "TRAILING"):
            raise self.fault(word.line, f"{entry.name}: SIGN {word.text}", "LEADING or TRAILING is expected", "")
        entry.sign_leading = word.text == "LEADING"
        entry.sign_separate = self._skip("SEPARATE")
        self._skip("CHARACTER")

    def occur(self, entry: Entry, word: Token) -> None:
        least = most = self._whole(word)
        is_unbounded = False
        if self._skip("TO"):
            is_unbounded = self._skip("UNBOUNDED")
            most = MOST_OCCURRENCES if is_unbounded else self._whole(word)
        self._skip("TIMES")
        depends_on: tuple[str, ...] = ()
        while True:
            if self._skip("DEPENDING"):
                self._skip("ON")
                depends_on = self._name(word)
            elif self._skip("ASCENDING", "DESCENDING"):
                self._skip("KEY")
                self._skip("IS")
                self._names(word)
            elif self._skip("INDEXED"):
                self._skip("BY")
                self._names(word)
            else:
                break
        if least > most or not most:
            raise self.fault(word.line, f"{entry.name} occurs {least} to {most} times", "the range is empty", "")
        if least != most and not depends_on:
            raise self.fault(
                word.line,
                f"{entry.name} occurs {least} to {most} times, and nothing says how often",
                "DEPENDING ON is missing",
                "add it, or give one number",
            )
        entry.occurs = Occurs(least, most, depends_on, is_unbounded)

    def _names(self, start: Token) -> None:
        """Pass over a list of names, which says nothing about places."""
        while self.at < len(self.words) and self.words[self.at].kind == "word" and self.words[self.at].text not in (
            *_CLAUSES, "DEPENDING", "ASCENDING", "DESCENDING", "INDEXED"
        ):  # fmt: skip
            self.at += 1

    def redefine(self, entry: Entry, word: Token) -> None:
        entry.redefines = self._next(word).text

    def align(self, entry: Entry, word: Token) -> None:
        self._skip("LEFT", "RIGHT")
        entry.aligned = True

    def justify(self, entry: Entry, word: Token) -> None:
        self._skip("RIGHT")
        entry.right = True

    def blank(self, entry: Entry, word: Token) -> None:
        self._skip("WHEN")
        if not self._skip("ZERO", "ZEROS", "ZEROES"):
            raise self.fault(word.line, f"{entry.name}: BLANK says not when", "BLANK WHEN ZERO is expected", "")
        entry.blank_when_zero = True

    def value(self, entry: Entry, word: Token) -> None:
        """Pass over a VALUE clause: it fills a program's memory, and says nothing about a file."""
        self._skip("IS")
        self._skip("ALL")
        self._next(word)

    def nothing(self, entry: Entry, word: Token) -> None:
        """Pass over a word that says nothing about places."""


#: Words that stand for values. A field of low or high values is null, like one of blanks.
_FIGURATIVE = {
    **dict.fromkeys(("SPACE", "SPACES", "LOW-VALUE", "LOW-VALUES", "HIGH-VALUE", "HIGH-VALUES"), ""),
    **dict.fromkeys(("ZERO", "ZEROS", "ZEROES"), "0"),
    **dict.fromkeys(("QUOTE", "QUOTES"), '"'),
}

_Clause = Callable[[_Reader, Entry, Token], None]

_CLAUSES: dict[str, _Clause] = {
    **dict.fromkeys(("PIC", "PICTURE"), _Reader.picture),
    **dict.fromkeys(("USAGE", *_USAGES), _Reader.usage_word),
    **dict.fromkeys(("SIGN", "LEADING", "TRAILING"), _Reader.sign),
    "OCCURS": _Reader.occur,
    "REDEFINES": _Reader.redefine,
    **dict.fromkeys(("SYNC", "SYNCHRONIZED"), _Reader.align),
    **dict.fromkeys(("JUST", "JUSTIFIED"), _Reader.justify),
    "BLANK": _Reader.blank,
    **dict.fromkeys(("VALUE", "VALUES"), _Reader.value),
    **dict.fromkeys(("GLOBAL", "EXTERNAL", "VOLATILE"), _Reader.nothing),
}
