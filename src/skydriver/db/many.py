"""One statement for many rows, at the driver's own price: SQLAlchemy writes it down once, and does not see each row."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Dialect
    from sqlalchemy.sql.dml import UpdateBase


def execute_many(connection: Connection, statement: UpdateBase, rows: Sequence[Mapping[str, object]]) -> None:
    """Execute a statement for each of some rows.

    Parameters
    ----------
    connection
        In a transaction.
    statement
        One that was made once: what it is written down as is kept.
    rows
        Values by column or by name of a parameter, the same names in each; of columns whose values the drivers take as
        they are: numbers and texts.
    """
    if not rows:
        return
    text, names, fixed = _written(statement, connection.dialect, tuple(rows[0]))
    if names is None:
        connection.exec_driver_sql(text, [{**fixed, **row} for row in rows])
    else:
        connection.exec_driver_sql(text, [tuple([row[n] if n in row else fixed[n] for n in names]) for row in rows])


@lru_cache(maxsize=100)
def _written(
    statement: UpdateBase, dialect: Dialect, columns: tuple[str, ...]
) -> tuple[str, list[str] | None, dict[str, Any]]:
    """A statement as text, the names of its parameters where they go by position, and the values that it brings."""
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    names = list(compiled.positiontup or ()) if compiled.positional else None
    fixed = {name: value for name, value in compiled.params.items() if name not in columns}
    return str(compiled), names, fixed
