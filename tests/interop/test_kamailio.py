# SPDX-License-Identifier: Apache-2.0
"""Kamailio as the TLS core behind the edge: it demands and verifies certificates, stays in the path by
Record-Route, and leaves SDP alone."""
import pytest
from kit import edge as edges, kamailio, wire
from kit.process import free_port
from stage import BOB, GCM, assert_heard, assert_legs, needs, stage  # noqa: F401

pytestmark = needs(kamailio.missing())
CORE_NAME = "core." + edges.DOMAIN
ALICE, CORE = "uri:sip:alice@" + edges.DOMAIN, "dns:" + CORE_NAME


@pytest.fixture
def core(stage):  # noqa: F811
    """The edge with `core` as its only way to bob; Kamailio in between, and where bob is to listen."""
    stage.core_address, stage.bob_address = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    stage.alice_address = f"127.0.0.1:{free_port()}"

    def edit(text):
        table = (f'[[peer]]\nname = "core"\nidentities = ["{CORE}"]\ntrust = "private"\naddress = "{stage.core_address}"\n'
                 f'tier = "strict"\nasserted_identity = "sip:trunk@{edges.DOMAIN}"\n\n[[route]]\nuser = "bob"\nto = "core"\n\n')
        at = text.index("\n[[route]]\n") + 1
        return text[:at] + table + text[at:]

    stage.prepare({"alice": stage.alice_address}, calling=("bob",), edit=edit)
    stage.run()

    def begin(identity=None):
        identity = identity or stage.issue("core", "--dns", CORE_NAME)
        return stage.keep(kamailio.Kamailio(stage.folder / "kamailio", identity, stage.ca, stage.address, stage.bob_address,
                                            edge_name="edge." + edges.DOMAIN, port=int(stage.core_address.rsplit(":", 1)[1])))

    stage.kamailio = begin
    return stage


def test_a_call_through_the_edge_and_the_core_to_a_phone(core):
    proxy = core.kamailio()
    bob = core.answering_phone("bob", core.bob_address, expect=CORE)
    alice = core.calling_phone("alice", BOB)
    proxy.wait("heard INVITE from edge." + edges.DOMAIN)
    proxy.wait("heard ACK from edge." + edges.DOMAIN)
    assert alice.wait() == 0, alice.output()
    assert bob.wait() == 0, bob.output()
    proxy.wait("heard BYE from edge." + edges.DOMAIN)
    record = core.evidence(core.answered())
    assert_legs(record, (GCM, ALICE, "TLSv1.3"), (GCM, CORE, "TLSv1.3"))
    assert_heard(core.speech("alice"), core.recording("bob"))
    assert_heard(core.speech("bob"), core.recording("alice"))


def test_a_call_from_behind_the_core_through_the_edge_to_a_phone(core):
    proxy = core.kamailio()
    alice = core.answering_phone("alice", core.alice_address)
    bob = core.calling_phone("bob", "sip:alice@" + edges.DOMAIN, proxy.address, expect=CORE)
    assert bob.wait() == 0, bob.output()
    assert alice.wait() == 0, alice.output()
    record = core.evidence(core.answered())
    assert_legs(record, (GCM, CORE, "TLSv1.3"), (GCM, ALICE, "TLSv1.3"))
    assert record["asserted_identity"] == f"sip:trunk@{edges.DOMAIN}"
    assert_heard(core.speech("bob"), core.recording("alice"))
    assert_heard(core.speech("alice"), core.recording("bob"))


def test_the_edge_answers_options_from_the_core(core):
    proxy = core.kamailio()
    with wire.Wire.connect(proxy.address, *core.identity("bob")) as link:
        caller = wire.Caller(link, "sip:edge." + edges.DOMAIN, "bob")
        caller.send("OPTIONS")
        answer = caller.wire.final("OPTIONS")
    assert answer.status == 200 and "INVITE" in answer["Allow"]
    proxy.wait(f"heard 200 to OPTIONS from edge.{edges.DOMAIN}")


def test_a_core_that_shows_another_name_gets_no_call(core):
    proxy = core.kamailio(core.issue("impostor", "--dns", "impostor." + edges.DOMAIN))
    alice = core.calling_phone("alice", BOB)
    assert alice.wait() != 0
    core.refusal("tls.peer.unknown")
    assert not any("heard INVITE" in line for line in proxy.process.lines)
