"""Positions in one list of the model."""

from collections.abc import Sequence

from todo_adapters.contract.model_log import ModelLog
from todo_domain import Kind, Move, Neighbour, Project, Task
from todo_domain.placement import place


class ModelPlaces:
    """Finds positions for tasks and projects, and gives their neighbours new ones if there is no room."""

    def __init__(self, log: ModelLog) -> None:
        self._log = log

    def move(self, move: Move, moved: Task | Project | None = None, kind: Kind = Kind.TASK) -> str:
        """Return the position that a move gives to a task or project, or to a new one."""
        order = self._order(moved, kind)
        ids = [each.id for each in order]
        if move.anchor is None:
            return self._place(order, 0 if move.first else len(order), moved, kind)
        if move.anchor not in ids:
            raise move.refused_anchor()
        return self._place(order, ids.index(move.anchor) + (move.before is None), moved, kind)

    def place_again(self, placed: Task | Project, kind: Kind) -> str:
        """Return the position of a restored task or project: the one that it had, if that is free."""
        order = self._order(placed, kind)
        return self._place(order, sum(each.position < placed.position for each in order), placed, kind)

    def _order(self, but: Task | Project | None, kind: Kind) -> Sequence[Neighbour]:
        present = [each for each in self._log.present(kind) if but is None or each.id != but.id]
        return sorted((Neighbour(each.id, each.position) for each in present), key=lambda each: each.position)

    def _place(self, order: Sequence[Neighbour], index: int, placed: Task | Project | None, kind: Kind) -> str:
        log = self._log
        below, above = order[:index][::-1], order[index:]
        latest = log.latest() if kind is Kind.TASK else log.latest_projects()
        last_id, current = max(latest, default=0), placed and placed.position
        # The whole list is read at once, so there is always room.
        placement = place(below, above, reach=len(order) + 1, last_id=last_id, current=current)
        assert placement
        present = {each.id: each for each in log.present(kind)}
        spread = enumerate(placement.spread.items(), log.revision + 1)
        log.states += [
            present[each_id]._replace(position=position, revision=revision) for revision, (each_id, position) in spread
        ]
        return placement.position
