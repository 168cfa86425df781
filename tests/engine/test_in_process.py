"""What a program declares, evaluated without CLI and cluster."""

import sys
from pathlib import Path

import pytest

from modelgate.engine.in_process import evaluate
from modelgate.errors import ConfigurationError, ModelgateError
from modelgate.topology.objects import UNKNOWN
from tests.engine.conftest import Write

GATEWAY = """
    import pulumi
    import pulumi_kubernetes as k8s

    class Door(pulumi.ComponentResource):
        def __init__(self, name, opts=None):
            super().__init__("toy:index:Door", name, {}, opts)
            self.gateway = k8s.apiextensions.CustomResource(
                f"{name}-gateway",
                api_version="gateway.networking.k8s.io/v1",
                kind="Gateway",
                metadata={"name": "maas", "namespace": "ingress"},
                spec={"listeners": [{"name": "https", "port": 443, "weight": 0.5}]},
                opts=pulumi.ResourceOptions(parent=self),
            )
            self.register_outputs({})

    door = Door("front")
    pulumi.export("gateway", door.gateway.metadata["name"])
    pulumi.export("id", door.gateway.id)
"""


def test_objects_are_plain_data_with_component_and_file_as_source(project: Write) -> None:
    evaluation = evaluate(project(GATEWAY), "dev")
    (gateway,) = evaluation.objects
    assert gateway.ref == "Gateway ingress/maas"
    assert gateway.api_version == "gateway.networking.k8s.io/v1"
    assert gateway.source == "toy:index:Door front (Pulumi.dev.yaml)"
    (listener,) = gateway.spec["listeners"]
    assert listener == {"name": "https", "port": 443, "weight": 0.5}
    assert isinstance(listener["port"], int)
    assert (evaluation.project, evaluation.stack) == ("toy", "dev")


def test_outputs_are_known_only_where_a_preview_knows_them(project: Write) -> None:
    outputs = evaluate(project(GATEWAY), "dev").outputs
    assert outputs["gateway"] == "maas"
    assert outputs["id"] is UNKNOWN


def test_what_an_update_alone_knows_is_unknown(project: Write) -> None:
    (first, second) = evaluate(
        project(
            """
            import pulumi_kubernetes as k8s
            first = k8s.core.v1.Namespace("first", metadata={"name": "first"})
            k8s.core.v1.ConfigMap(
                "second",
                metadata={"name": "second", "namespace": first.metadata.name},
                data={"id": first.id, "phase": first.status.phase, "fixed": "yes"},
            )
            """
        ),
        "dev",
    ).objects
    assert (first.ref, second.ref) == ("Namespace first", "ConfigMap first/second")
    assert second.body["data"] == {"id": UNKNOWN, "phase": UNKNOWN, "fixed": "yes"}


def test_structured_configuration_and_project_defaults(project: Write) -> None:
    root = project(
        """
        import pulumi
        config = pulumi.Config()
        platform = config.require_object("platform")
        pulumi.export("replicas", platform["models"][0]["replicas"])
        pulumi.export("debug", config.require_bool("debug"))
        pulumi.export("region", config.require("region"))
        pulumi.export("other", pulumi.Config("other").require_int("count"))
        """,
        Pulumi__yaml="""
            name: toy
            runtime: {name: python}
            config:
              region: {type: string, default: eu}
              debug: {value: false}
            """,
        Pulumi__dev__yaml="""
            config:
              toy:platform:
                models:
                  - {name: qwen, replicas: 2}
              toy:debug: true
              other:count: 3
            """,
    )
    evaluation = evaluate(root, "dev")
    assert evaluation.outputs == {"replicas": 2, "debug": True, "region": "eu", "other": 3}
    assert evaluation.config["toy:platform"] == {"models": [{"name": "qwen", "replicas": 2}]}


SECRETS = """
    import base64
    import pulumi
    import pulumi_kubernetes as k8s

    config = pulumi.Config()
    whole = config.require_secret("key")
    leaves = config.require_secret_object("keys")
    plain = config.require_object("keys")
    k8s.core.v1.Secret(
        "keys",
        metadata={"name": "keys", "labels": {"team": "a"}},
        string_data={
            "whole": whole,
            "leaf": leaves["alice"],
            "coded": base64.b64encode(plain["alice"].encode()).decode(),
            "literal": "sk-written-in-the-program",
        },
    )
    k8s.core.v1.ConfigMap(
        "notes",
        metadata={"name": "notes"},
        data={
            "whole": whole.apply(lambda key: key[:4]),
            "leaf": pulumi.Output.concat("Bearer ", leaves["alice"]),
            "plain": f"Bearer {plain['alice']}",
            "marked": pulumi.Output.secret("sk-marked"),
            "open": "yes",
        },
    )
    pulumi.export("key", whole)
    pulumi.export("alice", plain["alice"])
"""
ENCRYPTED = """
    encryptionsalt: v1:c2FsdA==:v1:bm9uY2U=:bm90aGluZw==
    config:
      toy:key: {secure: djE6bm9uY2U6Y2lwaGVy}
      toy:keys: {alice: {secure: djE6bm9uY2U6Y2lwaGVy}, note: open}
    """


def test_secrets_are_unknown_everywhere(project: Write) -> None:
    evaluation = evaluate(project(SECRETS, Pulumi__dev__yaml=ENCRYPTED), "dev")
    secret, notes = evaluation.objects
    assert set(secret.body["stringData"].values()) == {UNKNOWN}
    assert secret.metadata["labels"] == {"team": "a"}
    data = dict(notes.body["data"])
    assert data.pop("open") == "yes"
    assert set(data.values()) == {UNKNOWN}
    assert evaluation.outputs == {"key": UNKNOWN, "alice": UNKNOWN}
    assert evaluation.config["toy:keys"] == {"alice": UNKNOWN, "note": "open"}
    shown = f"{[dict(item.body) for item in evaluation.objects]}{evaluation}"
    assert "sk-" not in shown
    assert "sealed" not in shown
    assert "djE6" not in shown


def test_an_encrypted_value_used_as_a_plain_one_is_never_quoted(project: Write) -> None:
    root = project(
        """
        import pulumi
        raise ValueError(pulumi.Config().require_object("keys")["alice"])
        """,
        Pulumi__dev__yaml=ENCRYPTED,
    )
    with pytest.raises(ModelgateError, match=r"ValueError: \[secret\]") as caught:
        evaluate(root, "dev")
    assert "sealed" not in str(caught.value)


def test_a_structure_encrypted_as_a_whole_says_how_to_encrypt_its_leaves(project: Write) -> None:
    root = project(
        "import pulumi\npulumi.Config().require_secret_object('key')\n",
        Pulumi__dev__yaml=ENCRYPTED,
    )
    with pytest.raises(ConfigurationError, match="toy:key") as caught:
        evaluate(root, "dev")
    assert "--path" in caught.value.hint


def test_several_stacks_and_projects_in_one_process(tmp_path: Path, project: Write) -> None:
    root = project(
        """
        import sizes
        import pulumi
        pulumi.export("size", sizes.SIZE)
        pulumi.export("stack", pulumi.get_stack())
        print("a word to the user")
        """,
        sizes__py="SIZE = 1\n",
        Pulumi__prod__yaml="",
    )
    before = set(sys.modules), list(sys.path), Path.cwd()
    assert evaluate(root, "dev").outputs == {"size": 1, "stack": "dev"}
    (root / "sizes.py").write_text("SIZE = 2000\n")
    assert evaluate(root, "prod").outputs == {"size": 2000, "stack": "prod"}
    assert "sizes" not in sys.modules
    assert list(sys.path) == before[1]
    assert Path.cwd() == before[2]
    assert not (root / "__pycache__").exists()


def test_the_program_prints_to_standard_error(
    project: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluation = evaluate(
        project("import pulumi\nprint('a word')\npulumi.log.warn('mind the gap')\n"), "dev"
    )
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "a word" in captured.err
    assert evaluation.messages == ("mind the gap",)


def test_an_unknown_stack_lists_the_stacks(project: Write) -> None:
    root = project("", Pulumi__prod__yaml="")
    with pytest.raises(ConfigurationError) as caught:
        evaluate(root, "staging")
    assert "`staging`" in caught.value.message
    assert caught.value.hint == "the stacks here are: dev, prod"
    assert caught.value.exit_code == 2


def test_a_missing_program_or_project_is_said(tmp_path: Path, project: Write) -> None:
    with pytest.raises(ConfigurationError, match=r"Pulumi\.yaml does not exist"):
        evaluate(tmp_path, "dev")
    root = project("")
    (root / "__main__.py").unlink()
    with pytest.raises(ConfigurationError, match=r"__main__\.py does not exist"):
        evaluate(root, "dev")


def test_broken_yaml_names_the_line(project: Write) -> None:
    root = project("", Pulumi__dev__yaml="config:\n  a: [1\n")
    with pytest.raises(ConfigurationError, match=r"Pulumi\.dev\.yaml:3"):
        evaluate(root, "dev")


def test_a_failing_program_names_its_line(project: Write) -> None:
    root = project("import helper\nhelper.fail()\n", helper__py="def fail():\n    return 1 / 0\n")
    with pytest.raises(ModelgateError) as caught:
        evaluate(root, "dev")
    assert caught.value.message == (
        "the program of stack dev failed: ZeroDivisionError: division by zero (helper.py:2)"
    )


def test_a_failure_inside_an_apply_is_a_failure(project: Write) -> None:
    root = project("import pulumi\npulumi.Output.from_input(0).apply(lambda zero: 1 / zero)\n")
    with pytest.raises(ModelgateError, match="ZeroDivisionError"):
        evaluate(root, "dev")


def test_a_missing_value_names_its_key_and_file(project: Write) -> None:
    root = project("import pulumi\npulumi.Config().require('hostname')\n")
    with pytest.raises(ConfigurationError, match="toy:hostname") as caught:
        evaluate(root, "dev")
    assert "Pulumi.dev.yaml" in caught.value.hint


def test_errors_of_the_program_for_people_pass_unchanged(project: Write) -> None:
    root = project(
        "from modelgate.errors import ConfigurationError\nraise ConfigurationError('no', 'so')\n"
    )
    with pytest.raises(ConfigurationError, match=r"^no\n  hint: so$"):
        evaluate(root, "dev")


@pytest.mark.parametrize(
    ("main", "message"),
    [
        ("k8s.yaml.v2.ConfigGroup('all', yaml='')", "kubernetes:yaml/v2:ConfigGroup all"),
        ("k8s.helm.v3.Release('all', chart='x')", "kubernetes:helm.sh/v3:Release all"),
        ("k8s.helm.v4.Chart('all', chart='x')", "kubernetes:helm.sh/v4:Chart all"),
        ("k8s.apps.v1.DeploymentPatch('all')", "kubernetes:apps/v1:DeploymentPatch all"),
        ("k8s.yaml.ConfigGroup('all', yaml='a: 1')", "kubernetes:yaml:decode"),
    ],
)
def test_objects_out_of_view_are_refused(project: Write, main: str, message: str) -> None:
    with pytest.raises(ModelgateError, match=message):
        evaluate(project(f"import pulumi_kubernetes as k8s\n{main}\n"), "dev")


def test_an_object_without_a_name_or_namespace(project: Write) -> None:
    (volume, config) = evaluate(
        project(
            """
            import pulumi_kubernetes as k8s
            k8s.core.v1.PersistentVolume("disk", metadata={"name": "disk"})
            k8s.core.v1.ConfigMap("notes", data={})
            """
        ),
        "dev",
    ).objects
    assert volume.ref == "PersistentVolume disk"
    assert config.ref == "ConfigMap default/notes"
    assert config.metadata["name"] is UNKNOWN
