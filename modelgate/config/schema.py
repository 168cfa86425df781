"""The JSON Schema of a stack file, for editors; made from the settings, never written by hand."""

import json
from typing import Any

from modelgate.config.load import KEY
from modelgate.config.stack import StackConfig


def stack_schema() -> dict[str, Any]:
    """The schema of `Pulumi.<stack>.yaml`: our keys in full, anything beside them."""
    platform = StackConfig.model_json_schema(by_alias=True)
    definitions = platform.pop("$defs")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of modelgate",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {
                    KEY: platform,
                    "modelgate:apiKeyValues": {
                        "type": "object",
                        "description": "Encrypted values of API keys, by id.",
                        "additionalProperties": {
                            "type": "object",
                            "properties": {"secure": {"type": "string"}},
                            "required": ["secure"],
                            "additionalProperties": False,
                        },
                    },
                },
            }
        },
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it stands in `schema/stack.schema.json`."""
    return json.dumps(stack_schema(), indent=2) + "\n"
