# SPDX-License-Identifier: Apache-2.0
"""Asterisk (chan_pjsip, mutual TLS, SDES or DTLS) as the PBX behind the edge: phones register at the edge, dial through
Asterisk, hold and are transferred."""
import pytest
from kit import asterisk, baresip, edge as edges
from kit.process import free_port
from registering import registering
from stage import CM, GCM, assert_heard, needs, stage, talk, until  # noqa: F401

pytestmark = [needs(asterisk.missing()), needs(baresip.missing())]
PBX_NAME = "pbx." + edges.DOMAIN
PBX_LEG = ("dns:" + PBX_NAME, CM, "TLSv1.2")


def behind(pbx_address, own, keys=""):
    """What phones dial goes to the PBX; what the PBX calls is whoever is registered. Both may transfer."""
    peer = (f'[[peer]]\nname = "pbx"\npreset = "asterisk"\nidentities = ["dns:{PBX_NAME}"]\ntrust = "private"\n'
            f'address = "{pbx_address}"\nasserted_identity = "sip:pbx@{edges.DOMAIN}"\n{keys}\n'
            '[[route]]\nfrom_peer = "device"\nuser = "*"\nto = "pbx"\n\n[[route]]\n')
    return lambda text: own(text).replace('"INFO"]', '"INFO", "REFER", "NOTIFY"]').replace("[[route]]\n", peer, 1)


@pytest.fixture
def begin(stage):  # noqa: F811
    """The edge, Asterisk behind it, and a way to have registered baresips."""
    def make(media=asterisk.SDES, keys=""):
        address = f"127.0.0.1:{free_port()}"
        stage.prepare(calling=("alice", "bob", "carol"), edit=behind(address, registering(stage.state), keys))
        stage.run()
        stage.pbx = stage.keep(asterisk.Asterisk(stage.folder / "asterisk", stage.issue("pbx", "--dns", PBX_NAME), stage.ca, stage.address,
                                                 address, media=media))
        stage.phone = lambda name, **options: stage.baresip(name, edge=stage.address, registers=True, **options).registered()
        return stage

    return make


@pytest.fixture
def pbx(begin):
    return begin()


def leg_of(stage, name):  # noqa: F811
    """The live leg of that device."""
    return next(leg for call in stage.edge.ask("calls")["calls"] for leg in call["legs"] if leg["identity"].startswith(name + "@"))


def told(stage, name):  # noqa: F811
    """How many packets have gone to that device."""
    return leg_of(stage, name)["media"]["packets_out"]


def heard(stage, name):  # noqa: F811
    """How many have come from it."""
    return leg_of(stage, name)["media"]["packets_in"]


def ended(stage, calls):  # noqa: F811
    """The evidence of calls that end now."""
    found = [stage.edge.wait_event(lambda event: event.get("code") == "call.ended", 20.0)["call"] for _ in range(calls)]
    return [stage.edge.ask("evidence", call) for call in found]


def test_a_phone_dials_another_through_asterisk(pbx):
    bob, alice = pbx.phone("bob", answer=True), pbx.phone("alice")
    alice.dial("sip:bob@" + edges.DOMAIN).established()
    pbx.pbx.wait("calls bob")
    talk(alice.recording)
    alice.hang_up()
    bob.closed()
    legs = [(leg["identity"].split("@")[0], leg["srtp_suite"], leg["tls_version"]) for record in ended(pbx, 2) for leg in record["legs"]]
    assert sorted(legs) == [("alice", CM, "TLSv1.3"), ("bob", GCM, "TLSv1.3"), PBX_LEG, PBX_LEG], legs
    assert_heard(pbx.speech("alice"), bob.heard())
    assert_heard(pbx.speech("bob"), alice.heard())


def test_asterisk_hears_and_echoes(pbx):
    alice = pbx.phone("alice")
    alice.dial("sip:600@" + edges.DOMAIN).established()
    talk(alice.recording)
    alice.hang_up()
    ended(pbx, 1)
    assert_heard(pbx.speech("alice"), alice.heard())


@pytest.mark.parametrize("media, ice", [(asterisk.DTLS, "never"), (asterisk.DTLS_BY_ICE, "require")], ids=["address", "ice"])
def test_asterisk_keys_its_leg_by_dtls(begin, media, ice):
    pbx = begin(media, f'media = ["dtls"]\nice = "{ice}"\n')
    bob, alice = pbx.phone("bob", answer=True), pbx.phone("alice")
    alice.dial("sip:bob@" + edges.DOMAIN).established()
    talk(alice.recording)
    alice.hang_up()
    bob.closed()
    keyings = [(leg["keying"], leg["sans"][0] == PBX_LEG[0]) for record in ended(pbx, 2) for leg in record["legs"]]
    assert sorted(keyings) == [("DTLS-SRTP", True), ("DTLS-SRTP", True), ("SDES", False), ("SDES", False)], keyings
    assert_heard(pbx.speech("alice"), bob.heard())
    assert_heard(pbx.speech("bob"), alice.heard())


def test_hold_reaches_the_far_phone_through_asterisk_and_ends(pbx):
    bob, alice = pbx.phone("bob", answer=True), pbx.phone("alice")
    alice.dial("sip:bob@" + edges.DOMAIN).established()
    until(lambda: heard(pbx, "bob") > 50, "bob is heard")
    alice.hold()
    counts = [-1]

    def bob_is_silent():
        counts.append(heard(pbx, "bob"))
        return len(counts) > 4 and counts[-1] == counts[-2] == counts[-4]

    until(bob_is_silent, "bob is on hold and sends nothing")
    alice.resume()
    until(lambda: heard(pbx, "bob") > counts[-1] + 50, "bob is heard again")
    alice.hang_up()
    bob.closed()
    assert [record["end"]["code"] for record in ended(pbx, 2)] == ["call.bye", "call.bye"]


def test_a_phone_transfers_its_call_through_asterisk(pbx):
    bob, alice, carol = pbx.phone("bob", answer=True), pbx.phone("alice"), pbx.phone("carol", answer=True)
    alice.dial("sip:bob@" + edges.DOMAIN).established()
    until(lambda: told(pbx, "alice") > 25, "alice hears bob")
    alice.transfer(f"sip:carol@{edges.DOMAIN}")
    carol.established()
    alice.closed()
    talk(carol.recording)
    carol.hang_up()
    bob.closed()
    assert_heard(pbx.speech("bob"), carol.heard(), longest_delay=8.0)


def test_asterisk_transfers_a_caller_to_another_phone(pbx):
    alice, carol = pbx.phone("alice"), pbx.phone("carol", answer=True)
    alice.dial("sip:7carol@" + edges.DOMAIN).established()
    pbx.pbx.wait("transfer of carol: SUCCESS", 20.0)
    talk(carol.recording)
    alice.hang_up()
    carol.closed()
    assert_heard(pbx.speech("alice"), carol.heard(), longest_delay=8.0)
    assert_heard(pbx.speech("carol"), alice.heard(), longest_delay=8.0)
