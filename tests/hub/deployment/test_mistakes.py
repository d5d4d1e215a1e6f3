"""Each deliberate mistake of mistakes.txt is found by `orderhub check`, with its place and a right mend.

    @ hub/routes/kite_order.yaml         the file of the deployment in kite.py
    - prices: hub                        the text that is replaced; nothing: the whole file
    + prices: list                       the mistake; (removed) and (moved to FILE) concern the whole file
    = 6:9 | not allowed here | mend      the finding: line and column, or file:line:column; a part of its text; its mend

A `\\n` stands for a line break.
"""

from __future__ import annotations

import pathlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from hub.deployment.proof import check_deployment
from tests.hub.deployment.kite import FILES, write

TABLE = pathlib.Path(__file__).with_name("mistakes.txt")


@dataclass(frozen=True)
class Mistake:
    """One change of the right deployment, and the finding that tells of it."""

    line: int
    file: str
    before: str
    after: str
    where: str
    text: str
    mend: str

    def files(self) -> dict[str, str]:
        """The deployment's files with the mistake."""
        files = dict(FILES)
        whole = files.pop(self.file)
        if self.after.startswith("(moved to "):
            files[self.after.removeprefix("(moved to ").removesuffix(")")] = whole
        elif self.after != "(removed)":
            assert self.before in whole, "the text that is replaced stands in the file"
            files[self.file] = whole.replace(self.before, self.after, 1) if self.before else self.after
        return files


def _mistakes() -> Iterator[Mistake]:
    file = before = after = ""
    for number, line in enumerate(TABLE.read_text("utf-8").splitlines(), 1):
        sign, rest = line[:1], line[2:]
        if sign == "@":
            file = rest
        elif sign == "-":
            before = rest.replace("\\n", "\n")
        elif sign == "+":
            after = rest.replace("\\n", "\n")
        elif sign == "=":
            where, text, mend = rest.split(" | ")
            yield Mistake(number, file, before, after, where, text, mend)


MISTAKES = list(_mistakes())


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{one.file}:{one.line}" for one in MISTAKES])
def test_a_mistake_is_found_at_its_place_with_a_right_mend(tmp_path: pathlib.Path, mistake: Mistake) -> None:
    write(tmp_path, mistake.files())
    found = check_deployment(tmp_path)
    places = [tuple(text.replace(f"{tmp_path}/", "") for text in (one.where, one.mend)) for one in found]
    where = f"{mistake.file}:{mistake.where}" if mistake.where[:1].isdigit() else mistake.where
    assert (where, mistake.mend) in places, [str(finding) for finding in found]
    assert mistake.text in found[places.index((where, mistake.mend))].text


def test_the_deployment_without_a_mistake_has_no_finding(tmp_path: pathlib.Path) -> None:
    write(tmp_path)
    assert check_deployment(tmp_path) == []


def test_the_table_has_mistakes_of_every_kind() -> None:
    kinds = Counter(mistake.file.rpartition("/")[0] for mistake in MISTAKES)
    assert len(MISTAKES) >= 300
    assert kinds.keys() >= {pathlib.PurePosixPath(name).parent.as_posix().replace(".", "") for name in FILES}
