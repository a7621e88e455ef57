"""The contracts of a store of tasks: all promises of the TaskRepository and StoreMaintenance ports.

pytest runs the tests of the last base class first. So read each list of base classes upwards:
the missing methods come first, then one promise after the other, the state machine last.
"""

from todo_adapters.contract.access_tokens import KeepsAccessTokens
from todo_adapters.contract.batches import AppliesBatchesAtomically
from todo_adapters.contract.changing import ChangesAtomically
from todo_adapters.contract.completeness import HasEveryMethod
from todo_adapters.contract.concurrency import HandlesConcurrentWriters
from todo_adapters.contract.durability import SurvivesReopening
from todo_adapters.contract.erasing import ErasesContent
from todo_adapters.contract.erasure_records import RemembersErasures
from todo_adapters.contract.erasures import ErasesUsers
from todo_adapters.contract.feed import ReportsEveryChange
from todo_adapters.contract.filtering import FindsTasks
from todo_adapters.contract.import_records import RemembersImports
from todo_adapters.contract.importing import AddsImportedItems
from todo_adapters.contract.isolation import IsolatesUsers
from todo_adapters.contract.lifecycle import OpensAndCloses
from todo_adapters.contract.moving import OrdersByHand
from todo_adapters.contract.ordering import ListsInOrder
from todo_adapters.contract.paging import ContinuesPages
from todo_adapters.contract.preconditions import ChecksPreconditions
from todo_adapters.contract.project_feed import ReportsProjects
from todo_adapters.contract.project_races import RemovesProjectsAmongWriters
from todo_adapters.contract.project_tasks import PutsTasksIntoProjects, TrashesProjects
from todo_adapters.contract.project_trash import CountsTasksOfProjects, ErasesProjects
from todo_adapters.contract.projects import KeepsProjects
from todo_adapters.contract.purging import PurgesAndExpires
from todo_adapters.contract.record_quotas import BoundsDeletionsAndKeys
from todo_adapters.contract.recurring import ContinuesSeries
from todo_adapters.contract.references import ResolvesReferences
from todo_adapters.contract.removing import RemovesTasks
from todo_adapters.contract.renewal import RenewsTheEpoch
from todo_adapters.contract.retries import RecognisesRetries
from todo_adapters.contract.sequences import MatchesTheModel
from todo_adapters.contract.snapshots import TakesSnapshots
from todo_adapters.contract.storing import StoresTasks
from todo_adapters.contract.task_quotas import BoundsTasks
from todo_adapters.contract.trash import KeepsATrash
from todo_adapters.contract.whole_lists import ReadsWholeLists


class NamedPromises(
    RemembersErasures,
    ErasesUsers,
    RemembersImports,
    AddsImportedItems,
    KeepsAccessTokens,
    TakesSnapshots,
    CountsTasksOfProjects,
    BoundsDeletionsAndKeys,
    BoundsTasks,
    RemovesProjectsAmongWriters,
    HandlesConcurrentWriters,
    RenewsTheEpoch,
    PurgesAndExpires,
    ReportsProjects,
    ReportsEveryChange,
    ContinuesSeries,
    OrdersByHand,
    ErasesProjects,
    ResolvesReferences,
    TrashesProjects,
    PutsTasksIntoProjects,
    KeepsProjects,
    AppliesBatchesAtomically,
    RecognisesRetries,
    ErasesContent,
    KeepsATrash,
    RemovesTasks,
    ChecksPreconditions,
    ChangesAtomically,
    ReadsWholeLists,
    ContinuesPages,
    FindsTasks,
    ListsInOrder,
    IsolatesUsers,
    StoresTasks,
    OpensAndCloses,
    HasEveryMethod,
):
    """The promises of every store, each as a test that is named after it."""


class TaskRepositoryContract(MatchesTheModel, NamedPromises):
    """All promises of a store whose data may be lost when it is closed.

    A subclass defines the fixture `make_repository`.
    """


class DurableTaskRepositoryContract(MatchesTheModel, SurvivesReopening, NamedPromises):
    """All promises of a durable store: what was written is also there after reopening.

    A subclass defines the fixture `make_repository`.
    """
