"""`modelgate lab request` says of every hop what the logs say, and no more."""

from pathlib import Path

import pytest

from modelgate.cli import main
from modelgate.cli.lab_request import _picker, _shown
from modelgate.local.lab.gateway import Address
from modelgate.local.lab.gateway.asking import Answered
from modelgate.local.lab.gateway.logs import Line
from modelgate.local.lab.gateway.stand_in import Heard

POOL = "outbound|54321||pool-ip-1.llm.svc.cluster.local"
POD = "127.0.0.1:8000"
PLACE = {"listener": "ns/gw/https", "route": "HTTPRoute/llm/r", "rule": "1", "match": "0"}


def answered(
    cluster: str = POOL, picker: str = "", pod: str = POD, *, seen: bool = False, status: int = 200
) -> Answered:
    line = Line("id", "/x", status, "", "via_upstream", 3, pod, cluster, "r.1", pod, picker, PLACE)
    headers = {"x-went-into-resp-headers": "true"} if seen else {}
    heard = Heard("id", "ns/gw", status, "set", "config", 0 if status == 200 else 16, "no key")
    return Answered(status, headers, b"a\nb", 0.1, line, heard)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (answered(picker="rh:9:0,bs:1", seen=True), f"in the loop, picked {POD} (rh:9:0,bs:1)"),
        (answered(picker="rh:9:14,bs:1"), "not in the loop (rh:9:14,bs:1)"),
        (answered(picker="rh:9:0", pod=""), "asked before the request was refused (rh:9:0)"),
        (
            answered("outbound|80||models.llm.svc.cluster.local", "bs:0,br:0"),
            "not asked: the rule leads to no InferencePool",
        ),
    ],
)
def test_whether_the_picker_had_a_say(one: Answered, said: str) -> None:
    assert _picker(one) == said


def test_every_hop_has_its_line() -> None:
    address = Address("ns/gw", 443, True, ("https",), ("*",), 8443)
    assert list(_shown(address, answered(picker="rh:9:0", pod="", status=401))) == [
        "401 after 0.10 s from ns/gw at https://127.0.0.1:8443",
        "  listener     ns/gw/https",
        "  route        HTTPRoute/llm/r rule 1 (r.1), match 0",
        "  filter       action set set asks AuthConfig config (stand-in)",
        "  Authorino    refuses with 401, code 16: no key",
        "  picker       asked before the request was refused (rh:9:0)",
        f"  pod          none  {POOL}",
        "  Envoy        via_upstream  flags -",
        "  body         a",
        "               b",
    ]


def test_without_a_lab_there_is_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "request", "GET", "/", "--project", str(tmp_path)]) == 3
    assert "no lab is running" in capsys.readouterr().err
