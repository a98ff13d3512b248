# SPDX-License-Identifier: Apache-2.0
"""Calls of the web phone through the edge: DTLS and ICE on the browser's side, SDES on that of a SIP phone, voice both
ways; and between two browsers."""
import contextlib

import pytest
from hall import MISSING, Hall, hall, one_hall  # noqa: F401
from kit import audio, baresip, coturn
from kit.forge import Forge
from kit.process import free_port

pytestmark = pytest.mark.skipif(MISSING is not None, reason=MISSING or "")


def assert_heard(hall, recording=None):
    """Browsers process what their microphone hears: it is like what was said, not the same; bob's own voice is not."""
    recording = recording or hall.heard()
    found = audio.likeness(hall.said, recording)
    assert found["correlation"] > 0.3 and found["seconds"] >= 1.5, found
    assert audio.likeness(hall.bob_says, recording)["correlation"] < found["correlation"] - 0.1


def test_a_browser_calls_a_sip_phone_and_both_are_heard(hall):  # noqa: F811
    bob = hall.bob_answers()
    carol = hall.person("carol")
    carol.dial("bob")
    carol.says("call-state", "Connected")
    carol.hears()
    carol.says("protection-words", "Encrypted to the edge, not end to end")
    carol.matches("srtp", r"SRTP_(AEAD_AES_(128|256)_GCM|AES128_CM_HMAC_SHA1_80)")
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", "SDES"]
    carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
    carol.click("hang-up")
    carol.hidden("call")
    bob.wait()
    assert_heard(hall)


@pytest.mark.skipif(baresip.missing() is not None, reason=baresip.missing() or "")
@pytest.mark.parametrize("media, encryption, keying", [("dtls", "dtls_srtp", "DTLS-SRTP"), ("sdes", "srtp-mand", "SDES")], ids=["dtls", "sdes"])
def test_a_browser_calls_baresip_and_both_are_heard(hall, media, encryption, keying):  # noqa: F811
    hall.know_bob(media)
    bob = hall.bob_is_baresip(encryption=encryption, rtcp_mux=True)
    carol = hall.person("carol")
    carol.dial("bob")
    carol.says("call-state", "Connected")
    carol.hears()
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", keying]
    carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
    carol.click("hang-up")
    bob.closed()
    assert_heard(hall, bob.heard())


def test_a_sip_phone_calls_a_browser_and_both_are_heard(hall):  # noqa: F811
    carol = hall.person("carol")
    hall.bob_calls("carol")
    carol.says("call-state", "Incoming call")
    carol.click("answer")
    carol.says("call-state", "Connected")
    carol.hears()
    hall.phones[-1].wait()
    carol.hidden("call")
    assert_heard(hall)


def test_two_browsers_call_each_other_mute_hold_and_press_keys(hall):  # noqa: F811
    alice, carol = hall.established()
    for phone in (alice, carol):
        phone.hears()
        phone.says("protection-words", "Encrypted to the edge, not end to end")
        phone.matches("dtls", r"DTLS 1\.[23]")
        phone.matches("srtp", r"SRTP_(AEAD_AES_(128|256)_GCM|AES128_CM_HMAC_SHA1_80)")
        for fingerprint in ("own-fingerprint", "their-fingerprint"):
            phone.matches(fingerprint, r"sha-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}")
    assert alice.text("their-fingerprint") != carol.text("own-fingerprint"), "each talks to the edge"
    assert [leg["keying"] for leg in hall.live()["legs"]] == ["DTLS-SRTP", "DTLS-SRTP"]

    carol.click("mute")
    carol.says("call-state", "you are muted")
    alice.hears_nothing()
    carol.hears()
    carol.click("mute")
    alice.hears()

    carol.click("hold")
    carol.says("call-state", "On hold")
    alice.says("call-state", "The other side holds the call")
    carol.click("hold")
    for phone in (alice, carol):
        phone.says("call-state", "Connected")
        phone.hears()

    carol.page.press("#", "Digit3")
    carol.page.until("window.tones === '#'")
    carol.click("hang-up")
    for phone in (alice, carol):
        phone.hidden("call")
        phone.hidden("problem")
        phone.page.until("document.querySelector('#player').srcObject === null")


@pytest.mark.skipif(coturn.missing() is not None, reason=coturn.missing() or "")
def test_a_browser_behind_a_firewall_calls_through_the_turn_server_alone(build, tmp_path):
    secret, port = "8d1f7c3b5a9e2046", free_port()
    turn = f'relay_only = true\n[turn]\nurls = ["turns:localhost:{port}?transport=tcp"]\nsecret_file = "turn.secret"\n'
    with contextlib.ExitStack() as ends:
        hall = Hall(build, tmp_path / "hall", ends, turn, secret)
        identity = Forge(tmp_path / "issued", hall.site.state / "ca").make("turn", san="DNS:localhost")
        server = ends.enter_context(coturn.Coturn(tmp_path / "coturn", identity, secret, port=port))
        ends.callback(hall.clear)
        bob = hall.bob_answers()
        carol = hall.person("carol")
        carol.dial("bob")
        carol.says("call-state", "Connected")
        carol.hears()
        relayed = {line.rsplit("Local relay addr: ", 1)[1] for line in server.process.lines if "Local relay addr" in line}
        assert hall.live()["legs"][0]["media"]["latched_source"] in relayed, relayed
        carol.page.until("document.querySelector('#timer').textContent >= '0:03'")
        carol.click("hang-up")
        bob.wait()
        assert_heard(hall)
