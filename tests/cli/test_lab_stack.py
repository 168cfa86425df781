"""What a lab is furnished with follows from what a stack declares."""

from pathlib import Path

import pytest

from modelgate.cli.lab_stack import LabStack
from modelgate.errors import ModelgateError
from modelgate.local.lab.certificates import self_signed

ROOT = Path(__file__).resolve().parents[2]


def test_a_stack_for_the_lab_says_how_to_go_on() -> None:
    stack = LabStack.read(ROOT, "lab")
    assert list(stack.notes()) == []
    assert stack.model_tls
    deploy, ask = stack.next_commands()
    assert deploy == "pulumi up --refresh --stack lab --policy-pack policies"
    assert ask.startswith(
        "modelgate lab request POST /my-first-model/qwen3-0-6b/v1/chat/completions"
    )
    assert '"model": "Qwen/Qwen3-0.6B"' in ask


def test_a_stack_for_another_release_is_told_so() -> None:
    stack = LabStack.read(ROOT, "dev")
    assert list(stack.notes()) == [
        "the lab runs KServe 0.20, and stack dev is for OpenShift AI 3.2"
    ]
    assert stack.model_tls


def test_a_machine_without_openssl_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ModelgateError, match="openssl is not on PATH") as caught:
        self_signed("maas.example.com")
    assert "apt-get install openssl" in caught.value.hint


def test_a_certificate_names_the_host_and_its_key_is_private() -> None:
    made = self_signed("maas.example.com")
    assert made.certificate.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE KEY" in made.key
    assert "PRIVATE KEY" not in made.certificate
