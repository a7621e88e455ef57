"""Released migrations stay as they are: databases exist that they have migrated."""

from hashlib import sha256
from pathlib import Path

from todo_adapters.sql.migrations import versions

RELEASED = {
    "v0001_initial.py": "47b2b6fb2a05c57b5183c72fabda5d8a0428059dd4584c1294fd10555f33f490",
    "v0002_creation_index.py": "08e00137bcdab033c29dfed0a73d7f71d350aa55d643bd06fcf626b891df715c",
}


def test_a_released_migration_does_not_change() -> None:
    folder = Path(versions.__path__[0])

    found = {name: sha256((folder / name).read_bytes()).hexdigest() for name in RELEASED}

    assert found == RELEASED, (
        "Undo the change, and add a migration. Before the release of a migration, adapt its digest."
    )
