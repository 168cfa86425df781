"""The API, asked as a user does: through the kubeconfig, with its certificate checked."""

from kubernetes import client, config

from modelgate.local import Status


def core(status: Status) -> client.CoreV1Api:
    settings = client.Configuration()
    config.load_kube_config(str(status.kubeconfig), client_configuration=settings)
    assert settings.verify_ssl
    return client.CoreV1Api(client.ApiClient(settings))


def create_namespace(status: Status, name: str) -> str:
    """Its resource version."""
    body = client.V1Namespace(metadata=client.V1ObjectMeta(name=name))
    created = core(status).create_namespace(body)
    assert created.metadata
    return str(created.metadata.resource_version)


def create_config_map(
    status: Status, namespace: str, name: str, owner: client.V1ConfigMap | None = None
) -> client.V1ConfigMap:
    metadata = client.V1ObjectMeta(name=name)
    if owner and owner.metadata:
        metadata.owner_references = [
            client.V1OwnerReference(
                api_version="v1",
                kind="ConfigMap",
                name=str(owner.metadata.name),
                uid=str(owner.metadata.uid),
            )
        ]
    body = client.V1ConfigMap(metadata=metadata)
    return core(status).create_namespaced_config_map(namespace, body)


def namespaces(status: Status) -> set[str]:
    items = core(status).list_namespace().items
    return {str(item.metadata.name) for item in items if item.metadata}
