"""A stack's settings are read whole or not at all; every problem is told at once, with its place.

A value is shown only where a known field holds it: what stands in a wrong place may be a secret.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from modelgate.config.checks import Problem, problems
from modelgate.config.stack import StackConfig
from modelgate.environments import THIS_REPOSITORY
from modelgate.errors import ConfigurationError
from modelgate.spelling import did_you_mean

KEY = "modelgate:platform"

_WORDS = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "string_too_short": "must not be empty",
    "too_short": "must not be empty",
}


def load(
    raw: Mapping[str, Any],
    stack: str,
    where: str,
    non_production: tuple[str, ...] = THIS_REPOSITORY,
) -> StackConfig:
    """The settings in `raw`, the value of `modelgate:platform`, for the stack of that name.

    `where` names the source for a reader, such as `Pulumi.dev.yaml`. Raises ConfigurationError
    with one line for each problem: place, value, what is allowed.
    """
    try:
        text = json.dumps(raw)
    except (TypeError, ValueError):
        raise ConfigurationError(f"{where}: {KEY} holds a value that JSON cannot") from None
    try:
        config = StackConfig.model_validate_json(text, by_alias=True, by_name=False)
    except ValidationError as error:
        found = [_problem(one) for one in _causes(error.errors(include_url=False))]
        raise _configuration_error(found, where) from None
    together = list(problems(config, stack, non_production))
    if together:
        raise _configuration_error(together, where)
    return config


def _configuration_error(found: Sequence[Problem], where: str) -> ConfigurationError:
    lines = [f"{KEY}.{one.path} {one.text}" if one.path else f"{KEY} {one.text}" for one in found]
    if len(lines) == 1:
        return ConfigurationError(f"{where}: {lines[0]}")
    return ConfigurationError("\n".join([f"{where}: {len(lines)} settings are wrong", *lines]))


def _causes(errors: Sequence[ErrorDetails]) -> Iterator[ErrorDetails]:
    """A list whose only item is wrong is not also told to be empty."""
    for error in errors:
        inside = [one for one in errors if one["loc"][: len(error["loc"])] == error["loc"]]
        if error["type"] != "too_short" or len(inside) == 1:
            yield error


def _problem(error: ErrorDetails) -> Problem:
    location = error["loc"]
    if error["type"] == "extra_forbidden":
        *parents, name = location
        fields = sorted(_fields(parents))
        help_ = did_you_mean(str(name), fields) or f"; known are {', '.join(fields)}"
        return Problem(_dotted(location), f"is not a setting{help_}")
    allowed = _allowed(error)
    if error["type"] == "missing":
        return Problem(_dotted(location), allowed)
    return Problem(_dotted(location), f"is {_shown(error['input'])}; it {allowed}")


def _allowed(error: ErrorDetails) -> str:
    kind, message, context = error["type"], error["msg"], error.get("ctx", {})
    if kind == "string_type" and isinstance(error["input"], int | float):
        return f'must be text: write "{error["input"]}", in quotes'
    if kind in _WORDS:
        return _WORDS[kind]
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind in ("greater_than", "greater_than_equal"):
        bound = context.get("ge", context.get("gt"))
        return f"must be {bound} or more" if "ge" in context else f"must be more than {bound}"
    return message[:1].lower() + message[1:].replace("Input should", "should")


def _shown(value: Any) -> str:
    if isinstance(value, (Mapping, list)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _dotted(location: Sequence[str | int]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".")


def _fields(location: Sequence[str | int]) -> Iterator[str]:
    """The settings that the model at `location` has, as a stack file writes them."""
    model: type[BaseModel] | None = StackConfig
    for part in location:
        if isinstance(part, str) and model is not None:
            model = next(
                (
                    _model_in(field.annotation)
                    for field in model.model_fields.values()
                    if field.alias == part
                ),
                None,
            )
    if model is not None:
        yield from (str(field.alias) for field in model.model_fields.values())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings model in an annotation such as `tuple[Model, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (tuple, Annotated, Union, UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
