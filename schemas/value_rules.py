"""The rules of values that libxml2 judges wrongly, found in a schema's model and applied to a message.

    patterns    libxml2's automaton takes texts that don't fit, and refuses others that do
    dates       libxml2 refuses blanks around a date or time, which mean nothing, and compares 24:00:00 wrongly
    fixed       libxml2 compares an element with its fixed value letter by letter: 1 isn't 1.0 and isn't true

`Rules` knows the type of each element and attribute that has such a rule: by the element's declaration, by
``xsi:type``, and beneath ``xs:any`` by the global declarations. All other parts of a message are skipped.

Spec: docs/design/guarantees.md, "XML in".
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from integration_objects.field_values import plain_date, shown
from schemas.foreign_xml import full_name, local_name
from schemas.hub_elements import XSI
from schemas.matcher import Test, matcher

XS = "{http://www.w3.org/2001/XMLSchema}"
TYPE, NIL = f"{{{XSI}}}type", f"{{{XSI}}}nil"
_DATES = frozenset(
    XS + name for name in ("date", "dateTime", "time", "gYear", "gYearMonth", "gMonth", "gMonthDay", "gDay", "duration")
)
_BLANK = re.compile("[ \t\n\r]")
_BLANKS = str.maketrans("\t\n\r", "   ")


@dataclass(frozen=True)
class ValueRule:
    """The rule of one simple type.

    Attributes:
        white_space: "preserve", "replace" or "collapse": the treatment of blanks before a pattern is tried.
        steps: the patterns of each derivation, with RE2's expression for each; one of each step must fit.
        is_date: whether the type is one of the dates and times.
        type: the model's type of a list or union, which has the rules of its parts, or of an element with a fixed
            value; else None.
        fixed: the fixed value of the element; None for none.
    """

    white_space: str
    steps: tuple[tuple[tuple[str, str], ...], ...] = ()
    is_date: bool = False
    type: Any = None
    fixed: str | None = None

    def respelled(self, text: str) -> str:
        """Write a value as libxml2 reads it."""
        plain = text.strip(" \t\n\r") if self.is_date else text
        if self.is_date and plain[10:13] == "T24":
            plain = plain_date(plain)
        if self.fixed is not None and plain != self.fixed and self._is_fixed(plain):
            return self.fixed
        return plain

    def _is_fixed(self, text: str) -> bool:
        return bool(self.type.is_valid(text) and self.type.decode(text) == self.type.decode(self.fixed))

    def fault(self, text: str) -> str | None:
        """Return the reason why *text* doesn't fit the patterns, or None."""
        if self.type is not None:
            error = next(self.type.iter_errors(text), None)
            return None if error is None else f"{(error.reason or 'no such value').rstrip('.')}; found {shown(text)}"
        text = normal(text, self.white_space)
        for number, tests in enumerate(self._tests):
            for fits in tests:
                if fits(text):
                    break
            else:
                patterns = [pattern for pattern, _ in self.steps[number]]
                return f"value doesn't match any pattern of {patterns!r}; found {shown(text)}"
        return None

    @functools.cached_property
    def _tests(self) -> list[list[Test]]:
        return [[matcher(expression) for _, expression in step] for step in self.steps]


@dataclass
class Node:
    """The rules of one type in the place of one kind of element.

    Attributes:
        text: the rule of the element's own text.
        has_default: whether an empty element has a value by the schema.
        attributes: rules of attributes, by tag.
        children: the index of each child's node, by tag; children without rules beneath them are left out.
        is_open: whether other elements may stand there, which global declarations describe.
    """

    text: ValueRule | None = None
    has_default: bool = False
    attributes: dict[str, ValueRule] = field(default_factory=dict)
    children: dict[str, int] = field(default_factory=dict)
    is_open: bool = False


#: The node of an element that no declaration describes, and its index.
_OPEN, _ANY = Node(is_open=True), -1


@dataclass
class Rules:
    """All rules of a schema.

    Attributes:
        nodes: the nodes, which name each other by index.
        elements: the indexes of the global elements with rules, by tag.
        types: the indexes of the global types, by name, for ``xsi:type``.
    """

    nodes: list[Node] = field(default_factory=list)
    elements: dict[str, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Tell whether no value of the schema has a rule."""
        return not self.elements

    def faults(self, root: etree._Element) -> Iterator[tuple[etree._Element, str]]:
        """Yield each element with a text or an attribute that doesn't fit, and the fault."""
        for element, tag, text, rule in self._values(root):
            fault = rule.fault(text)
            if fault is not None:
                yield element, f"attribute {local_name(tag)}: {fault}" if tag else fault

    def respell(self, root: etree._Element) -> bool:
        """Change *root*: write values as libxml2 reads them, with the same meaning. Return whether any changed."""
        changed = False
        for element, tag, text, rule in list(self._values(root)):
            plain = rule.respelled(text)
            if plain == text:
                continue
            if tag:
                element.set(tag, plain)
            else:
                element.text = plain
            changed = True
        return changed

    def _values(self, root: etree._Element) -> Iterator[tuple[etree._Element, str, str, ValueRule]]:
        """Yield each value that has a rule: its element, its attribute's tag or "", its text, the rule."""
        stack = [(root, self.elements.get(root.tag))]
        while stack:
            element, at = stack.pop()
            if TYPE in element.attrib:
                at = self.types.get(full_name(element, element.get(TYPE)), at)
            if at is None:
                continue
            node = self.nodes[at] if at != _ANY else _OPEN
            if node.text is not None and element.get(NIL, "").strip() not in ("true", "1"):
                text = element.text or ""
                # An empty element with a default has the default's value, which the schema's author has chosen.
                if text or not node.has_default:
                    yield element, "", text, node.text
            for tag, rule in node.attributes.items():
                text = element.get(tag)
                if text is not None:
                    yield element, tag, text, rule
            if node.children or node.is_open:
                children = node.children
                for child in element:
                    below = children.get(child.tag)
                    if below is None and node.is_open:
                        below = self.elements.get(child.tag, _ANY)
                    if below is not None:
                        stack.append((child, below))


def normal(text: str, white_space: str) -> str:
    """Treat the blanks of a text as its type's facet whiteSpace says.

    >>> normal(" a\\n b ", "collapse"), normal(" a\\n b ", "replace"), normal("\\u00a0a", "collapse")
    ('a b', ' a  b ', '\\xa0a')
    """
    if white_space == "preserve" or _BLANK.search(text) is None:
        return text
    text = text.translate(_BLANKS)
    # Not split(): XML's blanks alone, since a no-break space belongs to the value.
    return " ".join(filter(None, text.split(" "))) if white_space == "collapse" else text


def rules_of(model: Any, dates: bool) -> Rules:
    """Find the rules in xmlschema's model of a schema: the patterns, or the dates and fixed values if *dates*."""
    return _Finder(model, dates).rules()


class _Finder:
    """Makes nodes for types, and leaves out the parts without rules."""

    def __init__(self, model: Any, dates: bool) -> None:
        self.maps = model.maps
        self.dates = dates
        self.found = Rules()
        self.indexes: dict[tuple[int, str | None, str | None], int] = {}
        #: the types, each with the fixed value of the element
        self.types: list[tuple[Any, str | None]] = []

    def rules(self) -> Rules:
        own = {name: type for name, type in self.maps.types.items() if not name.startswith(XS)}
        for name, element in self.maps.elements.items():
            if name.startswith(XS):
                continue
            self.found.elements[name] = self._index(element.type, element.default, element.fixed)
        for name, type in own.items():
            self.found.types[name] = self._index(type)
        # The list grows while it is walked.
        for at, (type, fixed) in enumerate(self.types):
            self._fill(self.found.nodes[at], type)
            if fixed is not None and self.dates and type.simple_type is not None:
                rule = self.found.nodes[at].text or ValueRule("collapse")
                self.found.nodes[at].text = replace(rule, type=type.simple_type, fixed=fixed)
        self._prune(own)
        return self.found

    def _index(self, type: Any, default: str | None = None, fixed: str | None = None) -> int:
        key = (id(type), default, fixed)
        if key not in self.indexes:
            self.indexes[key] = len(self.types)
            self.types.append((type, fixed))
            self.found.nodes.append(Node(has_default=default is not None or fixed is not None))
        return self.indexes[key]

    def _fill(self, node: Node, type: Any) -> None:
        if type.simple_type is not None:
            node.text = self._rule(type.simple_type)
        if not type.is_complex():
            return
        for tag, attribute in type.attributes.items():
            if tag is None:
                self._fill_any(node, attribute)
                continue
            rule = self._rule(attribute.type)
            if rule is not None and attribute.use != "prohibited":
                node.attributes[tag] = rule
        if type.simple_type is not None:
            return
        for particle in type.content.iter_elements():
            if hasattr(particle, "process_contents"):
                # Elements beneath `skip` are never validated, so that no rule holds for them.
                node.is_open = node.is_open or particle.process_contents != "skip"
                continue
            for element in (particle, *particle.iter_substitutes()):
                node.children[element.name] = self._index(element.type, element.default, element.fixed)

    def _fill_any(self, node: Node, wildcard: Any) -> None:
        """Add the rules of the global attributes that a wildcard admits."""
        if wildcard.process_contents == "skip":
            return
        for tag, attribute in self.maps.attributes.items():
            rule = self._rule(attribute.type) if tag not in node.attributes else None
            if rule is not None:
                node.attributes[tag] = rule

    def _rule(self, type: Any) -> ValueRule | None:
        """Make the rule of a simple type; None if it has none."""
        if type.is_list() or type.is_union():
            parts = parts_of(type)
            own = not self.dates and any(True for _ in _patterns(type))
            rules = [self._rule(part) for part in parts]
            if not own and not any(rules):
                return None
            # Blanks between the items of a list part them, and libxml2 knows that.
            is_date = type.is_union() and all(rule is not None and rule.is_date for rule in rules)
            return ValueRule("collapse", is_date=is_date, type=type)
        if self.dates:
            primitive = getattr(type, "primitive_type", None) or type.root_type
            return ValueRule("collapse", is_date=True) if primitive.name in _DATES else None
        # Imported here, as the model was: the rules of a message that is checked are known already.
        from schemas.pattern import expression_of

        steps = tuple(
            tuple((pattern, expression_of(pattern)) for pattern in facet.regexps) for facet in _patterns(type)
        )
        return ValueRule(type.white_space or "preserve", steps) if steps else None

    def _prune(self, own: dict[str, Any]) -> None:
        """Leave out the elements that have no rule, and no rule beneath them."""
        above: dict[int, set[int]] = {}
        nodes = self.found.nodes
        for at, node in enumerate(nodes):
            for below in node.children.values():
                above.setdefault(below, set()).add(at)
        places: dict[int, set[int]] = {}
        for (type_id, _, _), at in self.indexes.items():
            places.setdefault(type_id, set()).add(at)
        # A derived type may stand in the place of its base.
        for name, type in own.items():
            base = type.base_type
            while base is not None:
                above.setdefault(self.found.types[name], set()).update(places.get(id(base), ()))
                base = base.base_type if base.base_type is not base else None
        reaching = {at for at, node in enumerate(nodes) if node.text is not None or node.attributes}
        if reaching:
            # Any global element may stand there.
            reaching |= {at for at, node in enumerate(nodes) if node.is_open}
        waiting = list(reaching)
        while waiting:
            for at in above.get(waiting.pop(), ()):
                if at not in reaching:
                    reaching.add(at)
                    waiting.append(at)
        for node in nodes:
            node.children = {tag: at for tag, at in node.children.items() if at in reaching}
        self.found.elements = {tag: at for tag, at in self.found.elements.items() if at in reaching}
        # The types without rules stay: one of them may take the place of a base with rules.
        if not reaching:
            self.found = Rules()


def parts_of(type: Any) -> list[Any]:
    """List the model's types that a list or union is made of."""
    # A restricted list or union knows the types of its parts by its base only.
    while not (hasattr(type, "item_type") or hasattr(type, "member_types")):
        type = _base_of(type)
    return [type.item_type] if hasattr(type, "item_type") else list(type.member_types)


def _patterns(type: Any) -> Iterator[Any]:
    """Yield the pattern facets of a type and of its bases, but those of XML Schema's own types."""
    step = type
    while step is not None and not (step.name or "").startswith(XS):
        facet = step.facets.get(XS + "pattern")
        if facet is not None and facet.regexps:
            yield facet
        step = _base_of(step)


def _base_of(type: Any) -> Any:
    """Return the simple type that a simple type restricts; None for none."""
    # xmlschema keeps the type that xs:redefine restricts beside the base, and forgets its facets.
    base = type.redefine or type.base_type
    # The content of a complex type restricts that of another complex type.
    if base is not None and base.is_complex():
        base = base.simple_type
    return None if base is type else base
