"""How a gateway speaks HTTP to clients: in Istio's manner, since that decides what a path becomes.

Source: istio/istio 1.28, pilot/pkg/networking/core/listener_builder.go and gateway.go
(normalize_path, ports ignored in hosts, HTTPS chains by server name) and
pilot/pkg/model/telemetry_logging.go (text format; the fields behind it are ours).
"""

import base64
from collections.abc import Sequence
from typing import Final

from modelgate.local.lab.gateway.attaching import Listener
from modelgate.local.lab.gateway.world import Config, NotUnderstoodError, World

_MANAGER: Final = "envoy.filters.network.http_connection_manager"
_MANAGER_TYPE: Final = (
    "type.googleapis.com/"
    "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
)
_TLS_TYPE: Final = (
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
)
_ISTIO_FORMAT: Final = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" '
    "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "
    '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
    '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% '
    "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
    "%REQUESTED_SERVER_NAME% %ROUTE_NAME%"
)
_MORE: Final = (
    ' "%REQ(X-GATEWAY-DESTINATION-ENDPOINT)%" "%FILTER_STATE(envoy.filters.http.ext_proc:PLAIN)%"'
    ' "%DYNAMIC_METADATA(envoy.lb)%" %METADATA(ROUTE:modelgate)%\n'
)
_ROUTER: Final = {
    "name": "envoy.filters.http.router",
    "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
}
ALPN: Final = ("h2", "http/1.1")


def chain(
    listeners: Sequence[Listener],
    filters: Sequence[Config],
    hosts: Sequence[Config],
    world: World,
    access_log: str,
) -> Config:
    """The filter chain of listeners that share their routes; requests are logged in `access_log`.

    Raises NotUnderstoodError.
    """
    first = listeners[0]
    manager = {
        "@type": _MANAGER_TYPE,
        "stat_prefix": first.owner,
        "use_remote_address": True,
        "forward_client_cert_details": "SANITIZE_SET",
        "server_name": "istio-envoy",
        "normalize_path": True,
        "stream_idle_timeout": "0s",
        "always_set_request_id_in_response": True,
        "access_log": [_log(access_log)],
        "route_config": {
            "name": f"http.{first.port}",
            "virtual_hosts": list(hosts),
            "ignore_port_in_host_matching": True,
            "validate_clusters": False,
            "max_direct_response_body_size_bytes": 1048576,
        },
        "http_filters": [*filters, _ROUTER],
    }
    made: Config = {"filters": [{"name": _MANAGER, "typed_config": manager}]}
    match first.spec["protocol"]:
        case "HTTP":
            return {"name": f"http.{first.port}", **made}
        case "HTTPS":
            return {"name": f"https.{first.port}.{first.name}", **_secure(first, world), **made}
        case other:
            raise NotUnderstoodError(f"protocol {other}: the lab serves HTTP and HTTPS")


def _secure(listener: Listener, world: World) -> Config:
    tls = listener.spec.get("tls", {})
    if tls.get("mode", "Terminate") != "Terminate":
        raise NotUnderstoodError(f"tls.mode {tls['mode']}")
    unknown = sorted(set(tls) - {"mode", "certificateRefs"})
    if unknown:
        raise NotUnderstoodError(f"tls.{unknown[0]}")
    pairs = [_certificate(listener, each, world) for each in tls.get("certificateRefs", ())]
    if not pairs:
        raise NotUnderstoodError("no certificateRefs")
    context = {
        "@type": _TLS_TYPE,
        "common_tls_context": {"alpn_protocols": list(ALPN), "tls_certificates": pairs},
    }
    socket = {"name": "envoy.transport_sockets.tls", "typed_config": context}
    names = {} if listener.hostname == "*" else {"server_names": [listener.hostname]}
    match = {"transport_protocol": "tls", **names}
    return {"filter_chain_match": match, "transport_socket": socket}


def _certificate(listener: Listener, reference: Config, world: World) -> Config:
    if (reference.get("group", ""), reference.get("kind", "Secret")) != ("", "Secret"):
        raise NotUnderstoodError(f"certificate of kind {reference['kind']}")
    namespace, name = reference.get("namespace", listener.namespace), reference["name"]
    if not world.allows("Gateway", listener.namespace, "Secret", namespace, name):
        raise NotUnderstoodError(f"no ReferenceGrant lets it use Secret {namespace}/{name}")
    secret = world.find("Secret", namespace, name)
    if secret is None:
        raise NotUnderstoodError(f"Secret {namespace}/{name}, its certificate, is not there")
    data = secret.get("data", {})
    if not {"tls.crt", "tls.key"} <= set(data):
        raise NotUnderstoodError(f"Secret {namespace}/{name} lacks tls.crt or tls.key")
    return {
        "certificate_chain": {"inline_bytes": _base64(data["tls.crt"])},
        "private_key": {"inline_bytes": _base64(data["tls.key"])},
    }


def _base64(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)).decode()


def _log(path: str) -> Config:
    text = {"text_format_source": {"inline_string": _ISTIO_FORMAT + _MORE}}
    return {
        "name": "envoy.access_loggers.file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": path,
            "log_format": {**text, "omit_empty_values": False},
        },
    }
