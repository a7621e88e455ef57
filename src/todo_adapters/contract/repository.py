"""The contract of a store of tasks: every promise of the TaskRepository and StoreMaintenance ports."""

from todo_adapters.contract.batches import AppliesBatchesWholly
from todo_adapters.contract.changing import ChangesAtomically
from todo_adapters.contract.conditions import HonoursConditions
from todo_adapters.contract.expiry import ExpiresHonestly
from todo_adapters.contract.feed import FeedsEveryChange
from todo_adapters.contract.finding import FindsTasks
from todo_adapters.contract.isolation import IsolatesUsers
from todo_adapters.contract.keeping import KeepsTasks
from todo_adapters.contract.machine import AgreesWithTheModel
from todo_adapters.contract.ordering import ListsInOrder
from todo_adapters.contract.paging import PagesWithoutGaps
from todo_adapters.contract.racing import SurvivesRaces
from todo_adapters.contract.removing import RemovesForGood
from todo_adapters.contract.renewal import RenewsItsEpoch
from todo_adapters.contract.retries import AnswersRetries
from todo_adapters.contract.whole_lists import ReadsWholeLists


class TaskRepositoryContract(
    KeepsTasks,
    IsolatesUsers,
    ListsInOrder,
    FindsTasks,
    PagesWithoutGaps,
    ReadsWholeLists,
    ChangesAtomically,
    HonoursConditions,
    RemovesForGood,
    SurvivesRaces,
    AnswersRetries,
    AppliesBatchesWholly,
    FeedsEveryChange,
    ExpiresHonestly,
    RenewsItsEpoch,
    AgreesWithTheModel,
):
    """All promises of a repository; a subclass brings the fixture `open_repository`."""
