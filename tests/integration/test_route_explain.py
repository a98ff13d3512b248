# SPDX-License-Identifier: Apache-2.0
"""`sallyport route explain`: what a call would meet, by the configuration alone."""
import json

import pytest
from kit.process import run

CONFIG = """
[edge]
domains = ["sallyport.test"]
state_dir = "state"
[[listener]]
name = "public"
address = "192.0.2.1:5061"
certificate = "c.pem"
key = "k.pem"
[media]
address = "192.0.2.1"
port_range = "20000-29999"
[[trust]]
name = "private"
anchors = "ca.pem"
[devices]
trust = "private"
domain = "sallyport.test"
[[peer]]
name = "core"
identities = ["dns:core.test"]
trust = "private"
address = "10.0.0.1:5061"
numbers = { country = "DE", area = "30" }
[[peer]]
name = "carrier"
identities = ["dns:sbc.carrier.test"]
trust = "private"
address = "10.0.0.2:5061"
numbers = { country = "DE", outgoing = "e164" }
[[route]]
number = "+49900*"
refuse = 603
[[route]]
number = "+*"
from_peer = "core"
to = [{ peer = "carrier", priority = 1 }, { peer = "core", priority = 2 }]
time = { spans = ["Mon-Fri 08:00-18:00"], utc_offset = "+01:00" }
[[route]]
user = "*"
to = "core"
"""


@pytest.fixture
def explain(build, tmp_path):
    (tmp_path / "sallyport.toml").write_text(CONFIG)
    for name in ("c.pem", "k.pem", "ca.pem"):
        (tmp_path / name).touch(mode=0o600)

    def ask(*words):
        return run([build.sallyport, "route", "explain", "-c", tmp_path / "sallyport.toml", *words], check=False)
    return ask


def test_a_local_number_goes_to_the_carrier_in_office_hours(explain):
    done = explain("030555123", "123456", "--from-peer", "core", "--at", "2026-11-20T12:00Z", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["called"]["e164"] == "+4930123456"
    assert [rule["outcome"] for rule in answer["rules"]] == ["does not fit", "decides", "would fit"]
    assert [target["request_uri"] for target in answer["targets"]] == ["sip:+4930123456@sbc.carrier.test"]
    assert answer["targets"][0]["header_policy"] == "trunk-edge@2026"


def test_outside_its_hours_a_rule_says_so(explain):
    done = explain("030555123", "123456", "--from-peer", "core", "--at", "2026-11-21T12:00Z")
    assert "it holds only Mon-Fri 08:00-18:00 at +01:00" in done.stdout
    assert "call.route.to_origin" in done.stdout and done.returncode == 1


def test_a_premium_number_is_named_and_refused(explain):
    done = explain("alice", "0900123456", "--from-peer", "core")
    assert done.returncode == 1
    assert "premium: Germany premium rate" in done.stdout and "refused: 603 call.route.denied.603" in done.stdout


@pytest.mark.parametrize("words, code", [(("alice", "bob", "--from-peer", "nobody"), "app.peer.unknown"),
                                         (("alice", "bob", "--at", "tomorrow"), "app.time"),
                                         (("alice", "mailto:bob"), "call.request_uri.scheme")])
def test_a_question_that_makes_no_sense_is_refused(explain, words, code):
    done = explain(*words)
    assert done.returncode == 1 and code in done.stderr
