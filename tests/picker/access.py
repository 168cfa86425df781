"""What a gateway writes of each request: Istio's text form, and the one of docs/doctor.md.

Source: istio/istio, pilot/pkg/model/telemetry_logging.go (EnvoyTextLogFormat,
EnvoyJSONLogFormatIstio).
"""

import re
from pathlib import Path
from typing import Any, Final

Config = dict[str, Any]
_FILE: Final = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
_DOCS: Final = Path(__file__).parents[2] / "docs" / "doctor.md"

FIELDS: Final = {
    "start_time": "START_TIME",
    "method": "REQ(:METHOD)",
    "path": "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)",
    "protocol": "PROTOCOL",
    "response_code": "RESPONSE_CODE",
    "response_flags": "RESPONSE_FLAGS",
    "response_code_details": "RESPONSE_CODE_DETAILS",
    "connection_termination_details": "CONNECTION_TERMINATION_DETAILS",
    "upstream_transport_failure_reason": "UPSTREAM_TRANSPORT_FAILURE_REASON",
    "bytes_received": "BYTES_RECEIVED",
    "bytes_sent": "BYTES_SENT",
    "duration": "DURATION",
    "upstream_service_time": "RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)",
    "x_forwarded_for": "REQ(X-FORWARDED-FOR)",
    "user_agent": "REQ(USER-AGENT)",
    "request_id": "REQ(X-REQUEST-ID)",
    "authority": "REQ(:AUTHORITY)",
    "upstream_host": "UPSTREAM_HOST",
    "upstream_cluster": "UPSTREAM_CLUSTER_RAW",
    "upstream_local_address": "UPSTREAM_LOCAL_ADDRESS",
    "downstream_local_address": "DOWNSTREAM_LOCAL_ADDRESS",
    "downstream_remote_address": "DOWNSTREAM_REMOTE_ADDRESS",
    "requested_server_name": "REQUESTED_SERVER_NAME",
    "route_name": "ROUTE_NAME",
}
"""Istio's fields in the order of its text form."""

_QUOTED: Final = {
    "upstream_transport_failure_reason",
    *("x_forwarded_for", "user_agent", "request_id", "authority", "upstream_host"),
}


def text() -> str:
    """Istio's default: a line of text."""
    parts = {name: f"%{operator}%" for name, operator in FIELDS.items()}
    parts = {name: f'"{part}"' if name in _QUOTED else part for name, part in parts.items()}
    request = f'"{parts.pop("method")} {parts.pop("path")} {parts.pop("protocol")}"'
    return " ".join([f"[{parts.pop('start_time')}]", request, *parts.values()]) + "\n"


def picks() -> dict[str, str]:
    """Istio's JSON form (`accessLogEncoding: JSON`) with the field of the page."""
    ((name, operator),) = re.findall(r'^ *"(\w+)": "(%RESP.*%)"$', _DOCS.read_text(), re.MULTILINE)
    return {**{name: f"%{operator}%" for name, operator in FIELDS.items()}, name: operator}


def loggers(folder: Path) -> list[Config]:
    """Access loggers for two forms: `access.text` and `access.picks`."""
    forms = {
        "text": {"text_format_source": {"inline_string": text()}},
        "picks": {"json_format": picks()},
    }
    return [
        {
            "name": "envoy.access_loggers.file",
            "typed_config": {
                "@type": _FILE,
                "path": str(folder / f"access.{form}"),
                "log_format": log_format,
            },
        }
        for form, log_format in forms.items()
    ]
