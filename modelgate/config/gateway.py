"""The gateway that models are served on: closed by default, limits for every tier."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from modelgate.config.base import Hostname, Label, Name, Settings, Text, Window

USER_ANNOTATION = "secret.kuadrant.io/user-id"
TIER_ANNOTATION = "secret.kuadrant.io/plan-id"


class Rate(Settings):
    """So many in a window, for each user."""

    limit: Annotated[int, Field(gt=0)]
    """How many requests, or tokens, in one window."""

    window: Window
    """Length of the window: 1m, 2h, 30s."""


class Tier(Settings):
    """A class of users and its limits; limits count for each user by itself."""

    name: Label
    """What API keys and tokens name in order to be of this tier."""

    requests: Annotated[tuple[Rate, ...], Field(min_length=1)]
    """Requests that one user may send."""

    tokens: Annotated[tuple[Rate, ...], Field(min_length=1)]
    """Tokens, of prompts and answers together, that one user may use."""


DEFAULT_TIER = Tier(
    name="standard",
    requests=(Rate(limit=60, window="1m"),),
    tokens=(Rate(limit=100_000, window="1m"),),
)


class ApiKey(Settings):
    """One revision of a user's API key; its value is a Pulumi secret and never stands here.

    To rotate: add the new revision under an id of its own, roll it out, remove the old one.
    """

    id: Label
    """Name of this revision; its value is `modelgate:apiKeyValues.<id>`."""

    user: Label
    """Whom requests with this key are counted and limited for."""

    tier: Label
    """The tier whose limits apply."""


class Jwt(Settings):
    """Tokens of an OpenID Connect issuer as a further identity."""

    issuer_url: Annotated[Text, Field(json_schema_extra={"pattern": "^https://"})]
    """The issuer; its discovery document must be reachable for Authorino."""

    audience: Text
    """Must be among the token's audiences; Authorino itself checks none."""

    user_claim: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "sub"
    """The claim that names the user."""

    tier: Label
    """The tier whose limits apply to these users."""

    @field_validator("issuer_url")
    @classmethod
    def _https(cls, value: str) -> str:
        if not value.startswith("https://"):
            raise ValueError("must start with https://")
        return value


class TokenReview(Settings):
    """Kubernetes tokens as a further identity, for who may `get` the model's LLMInferenceService.

    The API server's own audience is refused: every pod holds a token for it.
    """

    audiences: Annotated[tuple[Text, ...], Field(min_length=1)]
    """Audiences that a token must have been made for."""

    tier: Label
    """The tier whose limits apply to these users."""

    @field_validator("audiences")
    @classmethod
    def _own_audience(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for audience in value:
            if audience.startswith("https://kubernetes.default.svc"):
                raise ValueError("must not hold the API server's: every pod has such a token")
        return value


class Access(Settings):
    """Who gets in: API keys always, tokens where they are asked for."""

    kuadrant_namespace: Label = "kuadrant-system"
    """Namespace of the Kuadrant resource; API keys are read there and nowhere else."""

    key_labels: Annotated[dict[str, str], Field(min_length=1)] | None = None
    """Labels of the Secrets that are keys of this gateway; by default its name as part-of."""

    keys: tuple[ApiKey, ...] = ()
    """Keys that this stack writes; none where another system writes the Secrets."""

    jwt: Jwt | None = None
    """Tokens of an OpenID Connect issuer."""

    token_review: TokenReview | None = None
    """Kubernetes tokens."""


class Dns(Settings):
    """A DNSPolicy for the gateway's hostname."""

    provider: Name
    """Secret with the DNS provider's credentials, in the gateway's namespace."""


class Tls(Settings):
    """A TLSPolicy: cert-manager writes the gateway's certificate."""

    issuer: Name
    """Name of the issuer."""

    issuer_kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"
    """Kind of the issuer."""


class Gateway(Settings):
    """The gateway with authentication and limits in front of every model."""

    hostname: Hostname
    """Where users find it: for certificate, DNS and printed URLs."""

    certificate: Name
    """TLS Secret in the gateway's namespace."""

    name: Label = "maas-gateway"
    """Name of the Gateway."""

    namespace: Label = "openshift-ingress"
    """Namespace of the Gateway; it must exist."""

    class_name: Name = "maas-gateway-class"
    """Its GatewayClass."""

    create_class: bool = True
    """Whether this stack declares the GatewayClass; false where the cluster has it."""

    controller: Literal["openshift.io/gateway-controller/v1", "istio.io/gateway-controller"] = (
        "openshift.io/gateway-controller/v1"
    )
    """Controller of the GatewayClass."""

    hostname_on_listener: bool = False
    """Answer for the hostname only; needs Kuadrant 1.5.3, whose filter ignores a host's case."""

    redirect_http: bool = False
    """A Gateway of its own that answers plain HTTP with a redirect; it has its own address."""

    dns: Dns | None = None
    """Have Kuadrant write the DNS record; needs hostnameOnListener."""

    tls: Tls | None = None
    """Have cert-manager write the certificate; needs hostnameOnListener."""

    wait_for_policy: bool = False
    """Make routes only after Kuadrant enforces the AuthPolicy (`pulumi.com/waitFor`)."""

    access: Access = Access()
    """Who gets in."""

    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)] = (DEFAULT_TIER,)
    """Classes of users and their limits; a key of no tier is refused."""

    route_namespaces: tuple[Label, ...] = ()
    """Namespaces besides the models' own that may attach routes."""

    @property
    def key_labels(self) -> dict[str, str]:
        """The labels by which API keys are found; never empty."""
        if self.access.key_labels is not None:
            return dict(self.access.key_labels)
        return {
            "app.kubernetes.io/component": "api-key",
            "app.kubernetes.io/part-of": self.name,
        }


class OpenTestGateway(Settings):
    """The release's default gateway as the guide has it: no credentials asked, for tests only."""

    certificate: Name
    """TLS Secret in the gateway's namespace."""
