"""What the tables have in common: types of columns, conditions of indexes, and how rows are stored."""

from typing import Any, ClassVar, Final

from sqlalchemy import DateTime, MetaData, Text, text
from sqlmodel import SQLModel

TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
# On SQLite, `todo_domain.listing.instant_key`: text of fixed width that sorts like time.
INSTANT: Final = DateTime(timezone=True).with_variant(Text(), "sqlite")
# Clustered by the primary key: the tasks of a user are stored together, and there is one index less to write.
CLUSTERED: Final = {"sqlite_with_rowid": False}


def where(condition: str, on_sqlite: str | None = None) -> dict[str, Any]:
    """Return the condition of a partial index for both databases."""
    return {"sqlite_where": text(on_sqlite or condition), "postgresql_where": text(condition)}


IN_TRASH: Final = where("in_trash", "in_trash = 1")


class Row(SQLModel):
    """A row of any of the tables, which `metadata` has."""

    metadata: ClassVar[MetaData] = MetaData()
