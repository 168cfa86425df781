"""The few ext_proc messages that a picker exchanges with Envoy, by name and field number.

Source: envoyproxy/envoy, api/envoy/service/ext_proc/v3/external_processor.proto. The published
Python packages of these messages either ask for a newer protobuf than Pulumi's policy SDK allows,
or bring a folder `envoy` that collides with the one of the Envoy binary.
"""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE = "envoy.service.ext_proc.v3.ExternalProcessor"
_PACKAGE = "modelgate.tests.ext_proc"

_MESSAGES = {
    "HeaderValue": "key=1:string raw_value=3:bytes",
    "HeaderMap": "headers=1:HeaderValue*",
    "HttpHeaders": "headers=1:HeaderMap end_of_stream=3:bool",
    "HttpBody": "body=1:bytes end_of_stream=2:bool",
    "ProtocolConfiguration": "request_body_mode=1:int32 response_body_mode=2:int32",
    "ProcessingRequest": "request_headers=2:HttpHeaders response_headers=3:HttpHeaders "
    "request_body=4:HttpBody response_body=5:HttpBody protocol_config=11:ProtocolConfiguration",
    "HeaderValueOption": "header=1:HeaderValue append_action=3:int32",
    "HeaderMutation": "set_headers=1:HeaderValueOption*",
    "StreamedBodyResponse": "body=1:bytes end_of_stream=2:bool",
    "BodyMutation": "body=1:bytes streamed_response=3:StreamedBodyResponse",
    "CommonResponse": "header_mutation=2:HeaderMutation body_mutation=3:BodyMutation",
    "HeadersResponse": "response=1:CommonResponse",
    "BodyResponse": "response=1:CommonResponse",
    "ProcessingResponse": "request_headers=1:HeadersResponse response_headers=2:HeadersResponse "
    "request_body=3:BodyResponse response_body=4:BodyResponse",
}


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="ext_proc_subset.proto", package=_PACKAGE, syntax="proto3"
    )
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field in fields.split():
            _add(message, *field.partition("=")[::2])
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
        for name in _MESSAGES
    }


def _add(message: Any, name: str, rest: str) -> None:
    number, _, kind = rest.partition(":")
    kinds = descriptor_pb2.FieldDescriptorProto
    field = message.field.add(name=name, number=int(number))
    field.label = kinds.LABEL_REPEATED if kind.endswith("*") else kinds.LABEL_OPTIONAL
    kind = kind.removesuffix("*")
    if kind in _MESSAGES:
        field.type, field.type_name = kinds.TYPE_MESSAGE, f".{_PACKAGE}.{kind}"
    else:
        field.type = getattr(kinds, f"TYPE_{kind.upper()}")


_CLASSES = _classes()
ProcessingRequest: Any = _CLASSES["ProcessingRequest"]
ProcessingResponse: Any = _CLASSES["ProcessingResponse"]


def overwrite(name: str, value: str) -> dict[str, Any]:
    """A CommonResponse that sets the header `name`."""
    header = {"key": name, "raw_value": value.encode()}
    return {"header_mutation": {"set_headers": [{"header": header, "append_action": 2}]}}
