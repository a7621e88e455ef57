"""The contract kit: what every adapter must do, as tests that can be run on any adapter.

Subclass a contract and define one fixture. Needs the extra `contract`. The state machine
uses the numbers of the active Hypothesis profile.
"""

import pkgutil

import pytest

# Before the modules are imported: otherwise a failed assert would not show what it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)))

from todo_adapters.contract.repository import (  # noqa: E402 - see above
    DurableTaskRepositoryContract,
    TaskRepositoryContract,
)
from todo_adapters.contract.suite import Contract, MakeRepository  # noqa: E402 - see above
from todo_adapters.contract.verifier import (  # noqa: E402 - see above
    MakeVerifier,
    TokenVerifierContract,
    Verifiable,
)

__all__ = [
    "Contract",
    "DurableTaskRepositoryContract",
    "MakeRepository",
    "MakeVerifier",
    "TaskRepositoryContract",
    "TokenVerifierContract",
    "Verifiable",
]
