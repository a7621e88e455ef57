"""What every adapter must do, as tests to be run on one's own: subclass a contract and bring a fixture.

Needs the extra `contract`. The numbers of the state machine are those of the active
Hypothesis profile.
"""

import pkgutil

import pytest

# Before the modules are imported, or their asserts would fail without saying what was compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from todo_adapters.contract.repository import TaskRepositoryContract  # noqa: E402 - see above
from todo_adapters.contract.suite import Contract, OpenRepository, Store  # noqa: E402 - see above
from todo_adapters.contract.verifying import OpenVerifier, TokenVerifierContract, Verifiable  # noqa: E402 - see above

__all__ = [
    "Contract",
    "OpenRepository",
    "OpenVerifier",
    "Store",
    "TaskRepositoryContract",
    "TokenVerifierContract",
    "Verifiable",
]
