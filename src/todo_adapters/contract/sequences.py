"""The last test: any sequence of calls has the results that a simple model has."""

import asyncio

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from todo_adapters.contract.shrinking import Shrinking
from todo_adapters.contract.state_machine import SMALL_QUOTAS, RepositoryMachine
from todo_adapters.contract.suite import Contract, MakeRepository


class MatchesTheModel(Contract):
    """The model uses plain dicts. It has several users, most ids are those of others, and errors are compared too."""

    def test_any_sequence_of_calls_has_the_results_of_the_model(self, make_repository: MakeRepository) -> None:
        shrinking = Shrinking()
        repository = make_repository(SMALL_QUOTAS)
        with asyncio.Runner() as runner:
            run = runner.get_loop().run_until_complete
            runner.run(repository.__aenter__())
            try:
                with shrinking.report():
                    run_state_machine_as_test(
                        # Hypothesis calls it like a class to create a machine.
                        lambda: RepositoryMachine(repository, run, shrinking, SMALL_QUOTAS),  # type: ignore[arg-type]
                        # A store may be slow.
                        settings=settings(
                            deadline=None,
                            report_multiple_bugs=False,
                            phases=set(settings().phases) - {Phase.explain},
                            suppress_health_check=[HealthCheck.too_slow],
                        ),
                    )
            finally:
                runner.run(repository.__aexit__(None, None, None))
