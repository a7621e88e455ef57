"""The undocumented parts of psycopg that the driver uses: a new version that changes one fails its test."""

import inspect
import re
import tomllib
from pathlib import Path

import psycopg
import pytest
from psycopg import errors, generators, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.waiting import Ready, Wait

from todo_adapters.sql.postgres.driver.psycopg_internals import Adapter

PYPROJECT = Path(__file__).parents[6] / "pyproject.toml"


def test_psycopg_internals_that_we_use_exist() -> None:
    transformer = Transformer()

    assert callable(generators.execute)
    assert inspect.isgeneratorfunction(generators._execute)  # noqa: SLF001 - the compiled one has no signature
    assert list(inspect.signature(generators._execute).parameters) == ["pgconn"]  # noqa: SLF001
    assert (Wait.R, Wait.W, Wait.RW) == (1, 2, 3)
    assert (Ready.R, Ready.W) == (1, 2)
    assert transformer.dump_sequence(["a", None], [PyFormat.AUTO] * 2) == [b"a", None]
    assert transformer.formats == [pq.Format.TEXT, pq.Format.TEXT]
    assert callable(transformer.load_rows)
    assert callable(transformer.set_pgresult)
    assert list(inspect.signature(errors.error_from_result).parameters) == ["result", "encoding"]


def test_psycopg_has_a_ceiling_above_the_version_that_we_tested() -> None:
    requirements = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]["sql"]
    (requirement,) = (each for each in requirements if each.startswith("psycopg"))

    ceiling = re.search(r"<(\d+)\.(\d+)", requirement)

    assert ceiling is not None
    assert tuple(map(int, psycopg.__version__.split(".")[:2])) < tuple(map(int, ceiling.groups()))


def test_a_statement_fails_if_its_session_ends_directly_after_its_rows() -> None:
    rows = pq.PGconn().make_empty_result(pq.ExecStatus.TUPLES_OK)
    end_of_session = pq.PGconn().make_empty_result(pq.ExecStatus.FATAL_ERROR)

    assert Adapter(psycopg.adapters).load([rows]) == []
    with pytest.raises(psycopg.Error):
        Adapter(psycopg.adapters).load([rows, end_of_session])
