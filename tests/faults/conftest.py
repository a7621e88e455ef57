from tests.integration.adapters.sql.conftest import database_url, proxy, sqlite_path
from tests.integration.conftest import _uvloop

__all__ = ["_uvloop", "database_url", "proxy", "sqlite_path"]
