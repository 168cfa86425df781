"""What is forbidden: one rule in one file, named after the flaw. `ALL` is the explicit list."""

from collections.abc import Iterator
from typing import Protocol

from modelgate.findings import Finding
from modelgate.topology import Analysis
from policies.rules import (
    broad_key_selector,
    conflicting_policies,
    controller_owned_name,
    controller_policy,
    credentials_in_query,
    dangling_reference,
    data_science_gateway,
    duplicate_route,
    exemption,
    forgeable_counter,
    forgeable_identity_header,
    known_bad_version,
    path_header_identity,
    picker_arguments,
    picker_bypass,
    plaintext_credentials,
    pruned_field,
    unauthenticated_inference,
    undecided_door,
    unlimited_model,
    unstated_version,
)


class Rule(Protocol):
    """A module: what it looks for, in words, and the check that yields its findings."""

    ID: str
    SUMMARY: str
    REMEDY: str

    def check(self, analysis: Analysis, /) -> Iterator[Finding]: ...


ALL: tuple[Rule, ...] = (
    unauthenticated_inference,
    undecided_door,
    exemption,
    pruned_field,
    conflicting_policies,
    dangling_reference,
    controller_policy,
    controller_owned_name,
    path_header_identity,
    forgeable_identity_header,
    broad_key_selector,
    plaintext_credentials,
    credentials_in_query,
    unlimited_model,
    forgeable_counter,
    duplicate_route,
    data_science_gateway,
    picker_arguments,
    picker_bypass,
    known_bad_version,
    unstated_version,
)
