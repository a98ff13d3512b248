# SPDX-License-Identifier: Apache-2.0
"""Kamailio as the registrar behind the edge: phones register at the edge, the edge registers them at Kamailio with a
Path that leads back to it (RFC 3327), and Kamailio's calls to them come by that Path."""
import pytest
from kit import baresip, edge as edges, kamailio, linphone
from kit.load import with_settings
from kit.process import free_port
from registering import PASSWORD, bound, registering
from stage import CM, CM_256, GCM, assert_heard, needs, stage, talk  # noqa: F401

pytestmark = [needs(kamailio.missing()), needs(baresip.missing()), needs(linphone.missing())]
CORE_NAME = "core." + edges.DOMAIN
CORE = "dns:" + CORE_NAME


def behind(core_address, own):
    """What phones dial goes to the core; what the core calls is whoever is registered."""
    peer = (f'[[peer]]\nname = "core"\npreset = "kamailio"\nidentities = ["{CORE}"]\ntrust = "private"\n'
            f'address = "{core_address}"\ntier = "compatible"\nusers_allowed = ["{edges.DOMAIN}"]\n\n'
            '[[route]]\nfrom_peer = "device"\nuser = "*"\nto = "core"\n\n[[route]]\n')

    def edit(text):
        return with_settings(own(text), "[registrar]", {"enabled": "true", "upstream": '"core"'}).replace("[[route]]\n", peer, 1)

    return edit


@pytest.fixture
def core(stage):  # noqa: F811
    """The edge, Kamailio behind it, and where `desk` listens behind Kamailio."""
    core_address, stage.desk = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"

    def begin(calling, *with_password):
        stage.prepare(calling=(*calling, "desk"), edit=behind(core_address, registering(stage.state, *with_password)))
        stage.kamailio = stage.keep(kamailio.Kamailio(stage.folder / "kamailio", stage.issue("core", "--dns", CORE_NAME), stage.ca,
                                                      stage.address, stage.desk, edge_name="edge." + edges.DOMAIN,
                                                      port=int(core_address.rsplit(":", 1)[1]), registrar=True))
        return stage.run()

    return begin


def test_the_core_calls_a_phone_that_registered_through_the_edge(core):
    stage = core(["alice"])
    alice = stage.baresip("alice", edge=stage.address, registers=True, answer=True).registered()
    assert f"<sip:{stage.address};transport=tls;lr>" in stage.kamailio.wait("bound alice by path")
    desk = stage.calling_phone("desk", "sip:alice@" + edges.DOMAIN, stage.kamailio.address, expect=CORE)
    assert desk.wait() == 0, desk.output()
    alice.closed()
    record = stage.evidence(stage.answered())
    assert [(leg["peer"], leg["srtp_suite"]) for leg in record["legs"]] == [("core", GCM), ("device", GCM)], record
    assert_heard(stage.speech("desk"), alice.heard())
    assert_heard(stage.speech("alice"), stage.recording("desk"))


def test_a_registered_phone_calls_the_core(core):
    stage = core([], "alice")
    desk = stage.answering_phone("desk", stage.desk, expect=CORE)
    alice = stage.linphone("alice", identity=None, registers=True, password=PASSWORD).without_certificate().registered()
    stage.kamailio.wait("bound alice by path")
    alice.call("sip:desk@" + edges.DOMAIN).established()
    talk(lambda: alice.recording)
    alice.hang_up()
    assert desk.wait() == 0, desk.output()
    record = stage.evidence(stage.answered())
    assert [(leg["peer"], leg["proven_by"], leg["srtp_suite"]) for leg in record["legs"]] == [
        ("device", "digest", CM_256), ("core", "certificate", GCM)], record
    assert_heard(stage.speech("alice"), stage.recording("desk"))
    assert_heard(stage.speech("desk"), alice.recording)


def test_registered_phones_call_each_other_through_the_core(core):
    stage = core(["bob"], "alice")
    bob = stage.baresip("bob", edge=stage.address, registers=True, answer=True).registered()
    alice = stage.linphone("alice", identity=None, registers=True, password=PASSWORD).without_certificate().registered()
    alice.call("sip:bob@" + edges.DOMAIN).established()
    assert bob.established()["peeruri"] == "sip:alice@" + edges.DOMAIN
    talk(lambda: alice.recording)
    alice.hang_up()
    bob.closed()
    stage.edge.wait_event(lambda event: event.get("code") == "call.ended", 20.0)
    stage.edge.wait_event(lambda event: event.get("code") == "call.ended", 20.0)
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.recording)


def test_a_phone_that_unregisters_is_unknown_to_the_core(core):
    stage = core(["alice"])
    alice = stage.baresip("alice", edge=stage.address, registers=True).registered()
    stage.kamailio.wait("bound alice by path")
    alice.stop()
    stage.kamailio.wait("bound alice by path")
    assert bound(stage) == {}
