"""Task lists of many users: the rules, and the ports for stores, tokens and clocks. Standard library only."""

from todo_domain.batch import Batch
from todo_domain.changes import Change, ChangePage, Deletion, FeedState, FeedToken, revision_floor
from todo_domain.checklist import ChecklistItem
from todo_domain.counters import ListCounters
from todo_domain.draft import ABSENT, DuePatch, Priority, RecurrencePatch, TaskDraft, TaskPatch
from todo_domain.due import Due
from todo_domain.errors import (
    AccessDenied,
    BatchFailed,
    CursorExpired,
    EmptyPatch,
    IdempotencyConflict,
    NotOpen,
    PreconditionFailed,
    QuotaExceeded,
    RuleViolated,
    StorageOverloaded,
    StorageUnavailable,
    StoreUnusable,
    TaskNotFound,
    TodoError,
    TokenRejected,
    TokenVerificationUnavailable,
    TooManyKeys,
    Unavailable,
    Violation,
)
from todo_domain.evaluation import LockTasks, Neighbours, Read, run_evaluation
from todo_domain.idempotency import IdempotencyKey
from todo_domain.identity import Principal, UserId
from todo_domain.listing import Rank, SortKey, TaskIds, TaskPage, TaskQuery
from todo_domain.move import Move
from todo_domain.operations import (
    BatchEffects,
    BatchResult,
    Create,
    Erase,
    Operation,
    Outcome,
    Patch,
    Remove,
    Restore,
)
from todo_domain.placement import Neighbour
from todo_domain.ports import Added, Clock, Edit, Guard, StoreMaintenance, TaskRepository, TaskStore, TokenVerifier
from todo_domain.position import initial_position
from todo_domain.quotas import NO_QUOTAS, Quotas
from todo_domain.recurrence import (
    CountedFrom,
    Frequency,
    Recurrence,
    RecurrenceDraft,
    RecurrenceRule,
    WeekdayNum,
    parse_rule,
)
from todo_domain.task import Task
from todo_domain.trash import TaskState, Tombstone, TrashedTask, TrashPage, TrashQuery
from todo_domain.use_cases import TaskUseCases, WholeList

__all__ = [
    "ABSENT",
    "NO_QUOTAS",
    "AccessDenied",
    "Added",
    "Batch",
    "BatchEffects",
    "BatchFailed",
    "BatchResult",
    "Change",
    "ChangePage",
    "ChecklistItem",
    "Clock",
    "CountedFrom",
    "Create",
    "CursorExpired",
    "Deletion",
    "Due",
    "DuePatch",
    "Edit",
    "EmptyPatch",
    "Erase",
    "FeedState",
    "FeedToken",
    "Frequency",
    "Guard",
    "IdempotencyConflict",
    "IdempotencyKey",
    "ListCounters",
    "LockTasks",
    "Move",
    "Neighbour",
    "Neighbours",
    "NotOpen",
    "Operation",
    "Outcome",
    "Patch",
    "PreconditionFailed",
    "Principal",
    "Priority",
    "QuotaExceeded",
    "Quotas",
    "Rank",
    "Read",
    "Recurrence",
    "RecurrenceDraft",
    "RecurrencePatch",
    "RecurrenceRule",
    "Remove",
    "Restore",
    "RuleViolated",
    "SortKey",
    "StorageOverloaded",
    "StorageUnavailable",
    "StoreMaintenance",
    "StoreUnusable",
    "Task",
    "TaskDraft",
    "TaskIds",
    "TaskNotFound",
    "TaskPage",
    "TaskPatch",
    "TaskQuery",
    "TaskRepository",
    "TaskState",
    "TaskStore",
    "TaskUseCases",
    "TodoError",
    "TokenRejected",
    "TokenVerificationUnavailable",
    "TokenVerifier",
    "Tombstone",
    "TooManyKeys",
    "TrashPage",
    "TrashQuery",
    "TrashedTask",
    "Unavailable",
    "UserId",
    "Violation",
    "WeekdayNum",
    "WholeList",
    "initial_position",
    "parse_rule",
    "revision_floor",
    "run_evaluation",
]
