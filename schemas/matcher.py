"""The test whether a text fits an expression of RE2, which takes time linear in the text.

    matcher(expression)    the test for an expression of `schemas.pattern.expression_of`

The file stands apart from `schemas.pattern`: a message's values are tested by expressions that are known already, and
reading a pattern loads elementpath, which takes longer than a short command runs.

Spec: docs/design/guarantees.md, "XML in".
"""

from __future__ import annotations

import functools
from collections.abc import Callable

#: The beginning of an expression for one class with a large count, whose count is the length of the text. A blank
#: stands in no other expression.
LENGTH = "length "
#: Bytes that RE2 may take for one pattern: the first is enough for nearly all.
_MEMORY = (8 * 1024 * 1024, 64 * 1024 * 1024)
#: The texts that a test remembers, and the length of the longest one.
_REMEMBERED, _REMEMBERED_LENGTH = 2_048, 40

Test = Callable[[str], bool]


@functools.lru_cache(maxsize=4096)
def matcher(expression: str) -> Test:
    """Return the test for an expression of `expression_of`.

    Raises:
        ValueError: the expression is too large.
    """
    if expression.startswith(LENGTH):
        head, _, expression = expression.partition("\n")
        _, least, most = head.split(" ")
        return _of_length(int(least), int(most) if most else None, matcher(expression))
    # Imported here: a command that reads no schema needs no engine.
    import re2

    fault: Exception | None = None
    for memory in _MEMORY:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = memory
        try:
            fullmatch = re2.compile(expression, options).fullmatch
        except re2.error as error:
            fault = error
            continue
        return _remembering(fullmatch)
    raise ValueError("the expression is too large") from fault


def _of_length(least: int, most: int | None, fits: Test) -> Test:
    return lambda text: least <= len(text) and (most is None or len(text) <= most) and fits(text)


def _remembering(fullmatch: Callable[[bytes], object]) -> Test:
    """Make a test that remembers short texts that fitted: messages repeat codes, and RE2 is slow to be called."""
    fitting: set[str] = set()

    def fits(text: str) -> bool:
        if text in fitting:
            return True
        # As bytes: for a text, the package works out offsets in characters, which takes five times as long.
        if fullmatch(text.encode()) is None:
            return False
        if len(text) <= _REMEMBERED_LENGTH:
            # Emptied as a whole: a bound on memory, whatever a sender writes.
            if len(fitting) >= _REMEMBERED:
                fitting.clear()
            fitting.add(text)
        return True

    return fits
