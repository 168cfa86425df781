"""Create, read, update and delete of one object, with the official plugin's observable behaviour.

Create is a plain create, so that an object of somebody else is never taken over; later updates are
server-side apply. Upstream: pulumi/pulumi-kubernetes provider/pkg/await.
"""

import hashlib
import threading
import time
from collections.abc import Callable

from modelgate.engine.kubernetes_provider.cluster import (
    APPLY,
    JSON_PATCH,
    Cluster,
    Kind,
    RefusedError,
    UnreachableError,
)
from modelgate.engine.kubernetes_provider.objects import MANAGER, Target, state
from modelgate.engine.kubernetes_provider.ownership import (
    conflicts_only_with,
    entries,
    handed_to_apply,
)
from modelgate.engine.kubernetes_provider.values import Tree, has_unknown, reveal

FORCE, PROPAGATION = "pulumi.com/patchForce", "pulumi.com/deletionPropagationPolicy"
KIND_SECONDS, ESTABLISHED_SECONDS, DELETE_SECONDS = 5.0, 60.0, 600.0
POLL_SECONDS = 0.25


class FailedError(Exception):
    """What a person reads about an operation that failed."""


class Lifecycle:
    """The operations on one cluster. `owner` tells this state's objects from all others."""

    def __init__(
        self, cluster: Cluster, owner: str, cancelled: threading.Event, warn: Callable[[str], None]
    ) -> None:
        self._cluster = cluster
        self._owner = owner
        self._cancelled = cancelled
        self._warn = warn

    def manager(self, urn: str) -> str:
        """The field manager: the same for a resource of a state whenever it is created."""
        digest = hashlib.sha256(f"{self._owner} {urn}".encode()).hexdigest()
        return f"pulumi-kubernetes-{digest[:12]}"

    def preview_create(self, urn: str, inputs: Tree) -> Tree:
        """The object as the API server would make it; the inputs where it cannot say."""
        target, manager = Target.of(inputs), self.manager(urn)
        kind = self._kind_at_preview(target, inputs)
        if kind is None:
            return inputs
        try:
            live = self._create(target, kind, inputs, manager, dry_run=True)
        except RefusedError as refused:
            if refused.status == 404:  # its namespace is not there yet
                return inputs
            raise FailedError(self._explain(target, refused)) from None
        return state(live, inputs, manager)

    def create(self, urn: str, inputs: Tree) -> tuple[str, Tree]:
        """Create the object. Raises FailedError, UnreachableError."""
        target, manager = Target.of(inputs), self.manager(urn)
        kind = self._kind(target)
        deadline = time.monotonic() + KIND_SECONDS
        while True:
            try:
                live = self._create(target, kind, inputs, manager, dry_run=False)
                break
            except RefusedError as refused:
                # A new CustomResourceDefinition is listed before it is served.
                late = time.monotonic() > deadline or refused.status != 404 or refused.reason
                if late or self._cancelled.wait(POLL_SECONDS):
                    raise FailedError(self._explain(target, refused)) from None
        if target.kind == "CustomResourceDefinition":
            live = self._established(target, kind)
        return target.id, state(live, inputs, manager)

    def preview_update(self, old: Tree, inputs: Tree) -> Tree:
        """The object as it would be; the inputs where the API server cannot say."""
        target = Target.of(inputs)
        kind = self._kind_at_preview(target, inputs)
        if kind is None:
            return inputs
        return self._apply(target, kind, inputs, str(old[MANAGER]), dry_run=True)

    def update(self, old: Tree, inputs: Tree) -> Tree:
        """Server-side apply. Raises FailedError, UnreachableError."""
        target, manager = Target.of(inputs), str(old[MANAGER])
        kind = self._kind(target)
        try:
            self._apply_from_now_on(target, kind, manager)
        except RefusedError as refused:
            raise FailedError(self._explain(target, refused)) from None
        return self._apply(target, kind, inputs, manager, dry_run=False)

    def read(self, target: Target) -> Tree | None:
        """The live object, or None where it is gone. Raises FailedError, UnreachableError."""
        self._cluster.require()
        kind = self._cluster.kind(target.api_version, target.kind)
        if kind is None:
            return None
        try:
            return self._cluster.request("GET", kind.item(target.namespace, target.name))
        except RefusedError as refused:
            if refused.status == 404:
                return None
            raise FailedError(self._explain(target, refused)) from None

    def delete(self, old: Tree, seconds: float) -> None:
        """Delete this very object (by uid) and wait until it is gone.

        Raises FailedError, UnreachableError.
        """
        target, metadata = Target.of(old), reveal(old).get("metadata") or {}
        self._cluster.require()
        kind = self._cluster.kind(target.api_version, target.kind)
        if kind is None:
            return
        path, uid = kind.item(target.namespace, target.name), metadata.get("uid")
        policy = (metadata.get("annotations") or {}).get(PROPAGATION, "foreground")
        options: Tree = {"propagationPolicy": str(policy).capitalize()}
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self._cluster.request("DELETE", path, options)
            self._gone(target, path, uid, seconds or DELETE_SECONDS)
        except RefusedError as refused:
            if refused.status != 404 and not (uid and refused.reason == "Conflict"):
                raise FailedError(self._explain(target, refused)) from None
        if target.kind == "CustomResourceDefinition":
            self._cluster.forget_kinds()

    def _kind_at_preview(self, target: Target, inputs: Tree) -> Kind | None:
        if has_unknown(inputs):
            return None
        try:
            return self._cluster.kind(target.api_version, target.kind)
        except UnreachableError as error:
            self._warn(f"the cluster cannot be reached, so nothing was compared with it: {error}")
            return None

    def _kind(self, target: Target) -> Kind:
        """The kind; a new CustomResourceDefinition is served only after a while."""
        deadline = time.monotonic() + KIND_SECONDS
        while True:
            kind = self._cluster.kind(target.api_version, target.kind)
            if kind is not None:
                return kind
            if time.monotonic() > deadline or self._cancelled.wait(POLL_SECONDS):
                raise FailedError(
                    f"{target}: the cluster does not know {target.api_version} {target.kind}; "
                    "verify that the required CRDs have been created"
                )

    def _create(
        self, target: Target, kind: Kind, inputs: Tree, manager: str, *, dry_run: bool
    ) -> Tree:
        path = kind.collection(target.namespace)
        options: dict[str, str] = {"fieldManager": manager, "dryRun": "All" if dry_run else ""}
        try:
            return self._cluster.request("POST", path, reveal(inputs), **options)
        except RefusedError as refused:
            if refused.reason != "AlreadyExists":
                raise
        live = self._cluster.request("GET", kind.item(target.namespace, target.name))
        if not entries(live, manager):
            raise FailedError(
                f"{target} is already in the cluster and was not created by this stack; "
                "delete it, give this one another name, or import it (`pulumi import`)"
            )
        # Created by this very resource in an update that was cut short before it was recorded.
        if not dry_run:
            self._apply_from_now_on(target, kind, manager)
        return self._server_side_apply(target, kind, inputs, manager, force=dry_run, dry=dry_run)

    def _apply(
        self, target: Target, kind: Kind, inputs: Tree, manager: str, *, dry_run: bool
    ) -> Tree:
        plain = reveal(inputs)
        force = (plain["metadata"].get("annotations") or {}).get(FORCE) == "true"
        try:
            try:
                live = self._server_side_apply(
                    target, kind, inputs, manager, force=force, dry=dry_run
                )
            except RefusedError as refused:
                # Until the first update our own fields belong to a manager of the same name that
                # created them; a dry run cannot change that.
                if not (dry_run and conflicts_only_with(refused, manager)):
                    raise
                live = self._server_side_apply(target, kind, inputs, manager, force=True, dry=True)
        except RefusedError as refused:
            raise FailedError(self._explain(target, refused)) from None
        return state(live, inputs, manager)

    def _server_side_apply(
        self, target: Target, kind: Kind, inputs: Tree, manager: str, *, force: bool, dry: bool
    ) -> Tree:
        return self._cluster.request(
            "PATCH",
            kind.item(target.namespace, target.name),
            reveal(inputs),
            APPLY,
            fieldManager=manager,
            force=force,
            dryRun="All" if dry else "",
        )

    def _apply_from_now_on(self, target: Target, kind: Kind, manager: str) -> None:
        path = kind.item(target.namespace, target.name)
        try:
            patch = handed_to_apply(self._cluster.request("GET", path), manager)
        except RefusedError as refused:
            if refused.status == 404:
                return
            raise
        if patch:
            self._cluster.request("PATCH", path, patch, JSON_PATCH)

    def _established(self, target: Target, kind: Kind) -> Tree:
        path, deadline = kind.item(target.namespace, target.name), time.monotonic()
        while True:
            live = self._cluster.request("GET", path)
            conditions = (live.get("status") or {}).get("conditions") or []
            if any(one["type"] == "Established" and one["status"] == "True" for one in conditions):
                self._cluster.forget_kinds()
                return live
            if time.monotonic() > deadline + ESTABLISHED_SECONDS:
                raise FailedError(f"{target} was created but is not served after a minute")
            if self._cancelled.wait(POLL_SECONDS):
                raise FailedError(f"{target} was created; cancelled before it was served")

    def _gone(self, target: Target, path: str, uid: object, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            live = self._cluster.request("GET", path)
            if uid and live["metadata"].get("uid") != uid:
                return
            finalizers = ", ".join(live["metadata"].get("finalizers") or []) or "none"
            if time.monotonic() > deadline:
                raise FailedError(
                    f"{target} is still being deleted after {seconds:.0f} s; "
                    f"what it waits for (finalizers): {finalizers}"
                )
            if self._cancelled.wait(POLL_SECONDS):
                raise FailedError(f"{target} is being deleted; cancelled before it was gone")

    def _explain(self, target: Target, refused: RefusedError) -> str:
        if refused.reason == "Conflict" and refused.details.get("causes"):
            return (
                f"{target}: fields belong to somebody else: {refused}; leave them out, "
                f"or take them over with the annotation {FORCE}: 'true'"
            )
        return f"{target}: the API server refused it: {refused}"
