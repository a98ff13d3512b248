# SPDX-License-Identifier: Apache-2.0
"""baresip keyed by DTLS, through the edge to a baresip keyed by SDES and to one like itself."""
import pytest
from kit import baresip
from stage import BOB, CM, GCM, assert_heard, needs, stage, talk  # noqa: F401

pytestmark = needs(baresip.missing())


def keyed(devices, bob):
    """What the callers may be keyed by, and what bob is offered."""
    def edit(text):
        device, peer = 'domain = "sallyport.test"\n', 'name = "bob"\n'
        assert device in text and peer in text
        return (text.replace(device, device + f"media = {devices}\n").replace(peer, peer + f"media = {bob}\n")
                .replace('tier = "strict"', 'tier = "compatible"'))
    return edit


@pytest.mark.parametrize("left, right", [("dtls", "sdes"), ("sdes", "dtls"), ("dtls", "dtls")])
def test_two_baresips_talk_whatever_keys_them(stage, left, right):  # noqa: F811
    program = {"dtls": "dtls_srtp", "sdes": "srtp-mand"}
    name = {"dtls": "DTLS-SRTP", "sdes": "SDES"}
    place = baresip.Place()
    stage.prepare({"bob": place.address}, edit=keyed('["sdes", "dtls"]', f'"{right}"')).run()
    bob = stage.baresip("bob", answer=True, place=place, rtcp_mux=True, encryption=program[right])
    alice = stage.baresip("alice", edge=stage.address, rtcp_mux=True, encryption=program[left])
    alice.dial(BOB).established()
    talk(alice.recording)
    alice.hang_up()
    bob.closed()
    record = stage.evidence(stage.answered())
    assert [leg["keying"] for leg in record["legs"]] == [name[left], name[right]]
    assert all(leg["srtp_suite"] in (CM, GCM) for leg in record["legs"]), record["legs"]
    assert record["end"]["code"] == "call.bye"
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.heard())


def test_ice_finds_baresip(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}, edit=keyed('["sdes", "dtls"]\nice = "require"', '"sdes"')).run()
    bob = stage.baresip("bob", answer=True, place=place, rtcp_mux=True)
    alice = stage.baresip("alice", edge=stage.address, rtcp_mux=True, encryption="dtls_srtp", ice=True)
    alice.dial(BOB).established()
    talk(alice.recording)
    alice.hang_up()
    bob.closed()
    record = stage.evidence(stage.answered())
    assert [leg["keying"] for leg in record["legs"]] == ["DTLS-SRTP", "SDES"]
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.heard())


def test_baresip_with_an_rtcp_port_of_its_own_is_refused(stage):  # noqa: F811
    stage.prepare({"bob": baresip.Place().address}, edit=keyed('["sdes", "dtls"]', '"sdes"')).run()
    alice = stage.baresip("alice", edge=stage.address, rtcp_mux=False, encryption="dtls_srtp")
    assert "488" in alice.dial(BOB).closed()["param"]
    stage.refusal("sdp.rtcp_mux.required")
