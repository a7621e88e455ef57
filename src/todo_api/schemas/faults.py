"""Find all faults of a body or a query, and describe them in the terms of the API.

A Pydantic model finds only faults of structure, and the domain finds only broken rules,
but a client needs both in one response. This code runs only for requests that are refused.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from todo_api.schemas.names import probably_meant
from todo_domain import EmptyPatch, RuleViolated, Violation

MAX_FAULTS: Final = 100
"""The search stops at this number, because a small body can have thousands."""

# For each type of error that Pydantic can find in our models: our code and message. For the
# same rule, the domain uses the same code and message.
_IN_API_TERMS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing", "is required"),
    "string_type": ("text_type", "must be text"),
    "string_unicode": ("text_control", "must not contain control characters or lone surrogates"),
    "bool_type": ("bool_type", "must be true or false"),
    "list_type": ("list_type", "must be a list"),
    "model_type": ("object_type", "must be an object"),
    "literal_error": ("choice", "must be "),
    "extra_forbidden": ("unknown_field", "is not a field here"),
}
_OTHER: Final = ("invalid", "is not valid")
_A_DUE, _A_RECURRENCE = '{"date": "2026-12-01"}', '{"rule": "FREQ=DAILY"}'
# What a wrong value of a model should look like.
_SUCH_AS: Final = {
    "Due": _A_DUE,
    "DuePatch": _A_DUE,
    "RecurrenceCreate": _A_RECURRENCE,
    "RecurrencePatch": _A_RECURRENCE,
}
_Place = tuple[str | int, ...]


def violation_of(error: ErrorDetails) -> Violation:
    """Convert an error of Pydantic to a violation with the same location."""
    context = error.get("ctx", {})
    if "rule" in context:  # from `formats.broken_rule`
        return Violation(error["loc"], error["type"], context["rule"])
    code, message = _IN_API_TERMS.get(error["type"], _OTHER)
    if code == "choice":
        message += str(context["expected"]).replace("'", "")
    if code == "object_type" and (such := _SUCH_AS.get(context["class_name"])):
        message += f" such as {such}"
    return Violation(error["loc"], code, message)


def faults_of(model: type[BaseModel], values: Mapping[str, Any], kind: str = "field") -> Iterator[Violation]:
    """Yield each fault of values that a model or its `as_domain` refused, once, with its location.

    Unknown names are removed, and values with a wrong structure are replaced by examples,
    until only the rules remain to be checked.
    """
    unknown: list[Violation] = []
    kept = _known_part(model, values, (), unknown, kind)
    structural: set[_Place] = set()
    while len(structural) < MAX_FAULTS:
        try:
            _ = model.model_validate(kept).as_domain  # type: ignore[attr-defined]
        except ValidationError as refused:
            errors = [violation_of(error) for error in refused.errors(include_url=False, include_input=False)]
            found = [each for each in errors if each.field not in structural]
            yield from found
            if not found:
                break  # a model without an example
            structural |= {each.field for each in found}
            for each in found:
                _replace(kept, each.field, getattr(model, "examples", {}))
            continue
        except RuleViolated as violated:
            yield from (each for each in violated.violations if not _is_consequence(each, structural, model))
        except EmptyPatch:
            pass  # all its names are unknown
        break
    yield from unknown


def _is_consequence(violation: Violation, structural: Collection[_Place], model: type[BaseModel]) -> bool:
    """Return whether a violation is about a replaced value, or may be caused by one."""
    place = violation.field
    if structural and place[0] in getattr(model, "depends_on_all_others", ()):
        return True
    return any(place[:length] in structural for length in range(1, len(place) + 1))


def _known_part(
    model: type[BaseModel], values: Mapping[str, Any], place: _Place, unknown: list[Violation], kind: str
) -> dict[str, Any]:
    """Return a copy without unknown names, and add the first of these to `unknown`."""
    known, ignored = names_of(model), getattr(model, "ignored", frozenset[str]())
    kept: dict[str, Any] = {}
    for name, value in values.items():
        if name in known:
            kept[name] = value
            if (inner := known[name]) and isinstance(value, dict):
                kept[name] = _known_part(inner, value, (*place, name), unknown, kind)
            elif isinstance(value, list):
                kept[name] = [
                    _known_part(inner, each, (*place, name, position), unknown, kind)
                    if inner and isinstance(each, dict)
                    else each
                    for position, each in enumerate(value)
                ]
        elif name not in ignored and len(unknown) < MAX_FAULTS:
            unknown.append(unknown_name((*place, name), known, kind))
    return kept


def unknown_name(place: _Place, known: Iterable[str], kind: str) -> Violation:
    """Return the violation for a name that is not known at a location."""
    *before, name = place
    message = f"is not a {kind} here"
    if meant := probably_meant(str(name), frozenset(known)):
        message += f"; did you mean {meant}?"
    encodable = str(name).encode(errors="replace").decode()  # it may have lone surrogates
    return Violation((*before, encodable), f"unknown_{kind}", message)


@cache
def names_of(model: type[BaseModel]) -> Mapping[str, type[BaseModel] | None]:
    """Return the names of a model's values in a request, each with the model of the value if it has one."""
    return {field.alias or name: _model_in(field.annotation) for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    parts = get_args(annotation) or (annotation,)
    return next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)


def _replace(values: Any, place: _Place, example: Any) -> None:
    """Replace a wrong or missing value by an example; without an example, remove the part that has none."""
    inside, (*before, last) = values, place
    for step in before:
        example = _part(example, step)
        if example is None:
            inside.pop(step, None)
            return
        inside = inside[step]
    example = _part(example, last)
    if example is None:
        inside.pop(last, None)
    else:
        inside[last] = deepcopy(example)


def _part(example: Any, step: str | int) -> Any:
    if isinstance(example, dict):
        return example.get(str(step))
    return example[0] if isinstance(example, list) else None
