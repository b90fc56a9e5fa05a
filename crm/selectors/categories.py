"""The tree of categories."""

from collections import defaultdict
from typing import Any, NamedTuple

from crm.models import Category


class Tree(NamedTuple):
    """All categories, read at once: there are some dozens, and each record names its whole path."""

    by_id: dict[int, Category]
    children: dict[int | None, list[Category]]

    def shown(self, pk: int | None) -> dict[str, Any] | None:
        """{"id", "name", "path"} in the reader's language."""
        found = self.by_id.get(pk) if pk is not None else None
        if found is None:
            return None
        path, above = [found.name], found
        while above.parent_id is not None and above.parent_id in self.by_id and len(path) < 10:
            above = self.by_id[above.parent_id]
            path.append(above.name)
        return {"id": found.pk, "name": found.name, "path": path[::-1]}

    def nested(self, parent: int | None = None, depth: int = 0) -> list[dict[str, Any]]:
        """Those in use, to choose from."""
        return [
            {"id": one.pk, "code": one.code, "name": one.name, "children": self.nested(one.pk, depth + 1)}
            for one in self.children.get(parent, ())
            if one.active and depth < 10
        ]


def tree() -> Tree:
    """One query."""
    rows = list(Category.objects.all())
    children: dict[int | None, list[Category]] = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
    return Tree({row.pk: row for row in rows}, children)
