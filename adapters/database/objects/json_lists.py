"""The nodes of a component that is kept as JSON, on their way into the rows above them.

Most lists are plain: every node carries fields with good values and nothing else. Their values are checked and kept by
column, and no entry is made of them; a row that is new gets its JSON from the columns at once. What isn't plain, and
what changes rows that are there, goes the way of all entries.

Spec: docs/design/integration.md "The EAI database adapter"; docs/design/performance.md, rule 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from adapters.database.objects.entry import Entry
from adapters.database.objects.entry_values import OPERATION, bound_column
from adapters.database.objects.layout import StoredComponent, ValueFault
from integration_objects.property_set import PropertySet


class JsonLists:
    """The lists of one component that an instance carries.

    Attributes:
        stored: the component.
        owners: the entries that carry a list of it, in their order.
        nodes: the nodes of each owner's list.
        columns: the stored values of all nodes by column, in the definition's order; None where they aren't plain.
        keyed: whether all nodes, which are plain, have the same key whole.
        entries: the entries of each owner's nodes, where they aren't plain.
    """

    def __init__(self, stored: StoredComponent) -> None:
        self.stored = stored
        self.owners: list[Entry] = []
        self.nodes: list[Sequence[PropertySet]] = []
        self.columns: dict[str, Sequence[str | None]] | None = None
        self.keyed = False
        self.entries: list[list[Entry]] = []

    def add(self, owner: Entry, nodes: Sequence[PropertySet]) -> None:
        """Take a list that *owner* carries; a second one continues its first."""
        if self.owners and self.owners[-1] is owner:
            self.nodes[-1] = [*self.nodes[-1], *nodes]
        else:
            self.owners.append(owner)
            self.nodes.append(nodes)

    def read_plain(self, each_its_own: bool) -> bool:
        """Take the values of the nodes by column, where the lists are plain. Returns whether they are.

        Args:
            each_its_own: whether a node may say its own operation.
        """
        stored = self.stored
        if stored.references or "row_id" in stored.columns.values():
            return False
        nodes = [*chain.from_iterable(self.nodes)]
        name = stored.name
        for node in nodes:
            if node.children or node.type != name:
                return False
        properties = [node.properties for node in nodes]
        carried = set(chain.from_iterable(properties))
        if each_its_own and OPERATION in carried:
            return False
        if not carried - stored.component.fields.keys() <= {OPERATION}:
            return False
        columns: dict[str, Sequence[str | None]] = {}
        try:
            for field, column in stored.columns.items():
                if field in carried:
                    texts = [one.get(field) for one in properties]
                    columns[column] = bound_column(texts, stored.binders[field])
        except ValueFault:
            return False
        for field in stored.required:
            if not all(columns.get(stored.columns[field], (None,) if nodes else ())):
                return False
        if not self._read_keys(columns):
            return False
        self.columns = columns
        return True

    def _read_keys(self, columns: dict[str, Sequence[str | None]]) -> bool:
        """Whether no owner has two nodes of one key; says also whether a key is whole everywhere."""
        self.keyed = False
        for key in self.stored.keys:
            names = [self.stored.columns[field] for field in key]
            if not all(name in columns for name in names):
                continue
            self.keyed = self.keyed or all(all(columns[name]) for name in names)
            values = [*zip(*[columns[name] for name in names], strict=True)] if len(names) > 1 else columns[names[0]]
            end = 0
            for nodes in self.nodes:
                start, end = end, end + len(nodes)
                if len(set(values[start:end])) < end - start:
                    return False
        return True
