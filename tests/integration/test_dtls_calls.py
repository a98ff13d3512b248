# SPDX-License-Identifier: Apache-2.0
"""Calls whose voice is keyed by DTLS on one side or on both, and found by ICE: heard both ways, and refused to
everybody who is not who signalling announced."""
import socket

import pytest
from conftest import Border
from kit import stun, wire

dtls = pytest.importorskip("kit.dtls", reason="python3-openssl is not installed")
from kit.dtls import DtlsEnd, client_hello, has_line  # noqa: E402
from kit.srtp import SrtpError, talk  # noqa: E402
from scripted_call import Call, SdesEnd, described  # noqa: E402

GCM, CM = "AEAD_AES_256_GCM", "AES_CM_128_HMAC_SHA1_80"


@pytest.fixture
def border(build, tmp_path):
    made = []

    def make(media='["dtls", "sdes"]', tier="strict", ice=None, timeout="10s"):
        def edit(text):
            said = f'tier = "{tier}"\nmedia = {media}\n' + (f'ice = "{ice}"\n' if ice else "")
            assert 'tier = "strict"' in text
            return text.replace('tier = "strict"', said).replace('# handshake_timeout = "10s"', f'handshake_timeout = "{timeout}"')
        made.append(Border(build, tmp_path / f"state{len(made)}", edit))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def ends():
    made = []
    yield lambda end: made.append(end) or end
    for end in made:
        end.close()


def heard_both_ways(a, b):
    talk(a, b)
    talk(b, a)


def keyings(record):
    return [(leg["keying"], leg["srtp_suite"]) for leg in record["legs"]]


# --- every pair of keyings ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("suite, tier", [(GCM, "strict"), (CM, "compatible")])
def test_a_dtls_caller_and_an_sdes_callee_hear_each_other(border, ends, suite, tier):
    alice, bob = ends(DtlsEnd(suite)), ends(SdesEnd())
    site = border(media='["sdes", "dtls"]', tier=tier)
    call = Call(site, described(alice, "actpass"), bob.answer)
    assert "a=crypto" not in call.done.body and has_line(call.done.body, "a=setup:active")
    alice.agree(call.done.body).handshake(client=False)
    bob.agree(GCM, bob.own, call.invite.body)
    heard_both_ways(alice, bob)
    record = call.hang_up()
    assert keyings(record) == [("DTLS-SRTP", suite), ("SDES", GCM)]
    assert record["end"]["code"] == "call.bye"


@pytest.mark.parametrize("setup", ["active", "passive"])
def test_an_sdes_caller_and_a_dtls_callee_hear_each_other(border, ends, setup):
    alice, bob = ends(SdesEnd()), ends(DtlsEnd())
    call = Call(border(), alice.offer(), lambda invite: described(bob.agree(invite.body), setup))
    assert has_line(call.invite.body, "a=setup:actpass") and "a=crypto" not in call.invite.body
    bob.handshake(client=setup == "active")
    alice.agree(GCM, alice.own, call.done.body)
    heard_both_ways(alice, bob)
    assert keyings(call.hang_up()) == [("SDES", GCM), ("DTLS-SRTP", GCM)]


def test_two_dtls_phones_hear_each_other(border, ends):
    alice, bob = ends(DtlsEnd()), ends(DtlsEnd("AEAD_AES_128_GCM"))
    call = Call(border(), described(alice, "actpass", profile="UDP/TLS/RTP/SAVPF"), lambda invite: described(bob.agree(invite.body), "active"))
    assert "UDP/TLS/RTP/SAVPF" in call.done.body, "the profile that was offered"
    bob.handshake(client=True)
    alice.agree(call.done.body).handshake(client=False)
    heard_both_ways(alice, bob)
    assert keyings(call.hang_up()) == [("DTLS-SRTP", GCM), ("DTLS-SRTP", "AEAD_AES_128_GCM")]


def test_ice_finds_a_phone_that_is_not_where_its_description_says(border, ends):
    alice, bob = ends(DtlsEnd()), ends(SdesEnd())
    offer = described(alice, "actpass", ice=True).replace(f"m=audio {alice.port}", "m=audio 9")
    call = Call(border(media='["sdes", "dtls"]', ice="accept"), offer, bob.answer)
    assert has_line(call.done.body, "a=ice-lite")
    alice.agree(call.done.body)
    assert not alice.check(password="x" * 24, timeout=0.5), "a check without the password gets no answer"
    assert alice.check()
    alice.handshake(client=False)
    bob.agree(GCM, bob.own, call.invite.body)
    heard_both_ways(bob, alice)
    assert keyings(call.hang_up())[0] == ("DTLS-SRTP", GCM)


def test_a_phone_that_trickles_its_candidates_is_heard(border, ends):
    alice, bob = ends(DtlsEnd()), ends(SdesEnd())
    offer = described(alice, "actpass", ice=True).replace(f"m=audio {alice.port}", "m=audio 9").replace("127.0.0.1", "0.0.0.0")
    call = Call(border(media='["sdes", "dtls"]', ice="accept"), offer, bob.answer)
    assert "trickle-ice" in call.done["Supported"] and call.done["Recv-Info"] == "trickle-ice"
    fragment = f"a=ice-ufrag:{alice.ufrag}\r\na=ice-pwd:{alice.password}\r\n"
    fragment += f"m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 UDP 2130706431 127.0.0.1 {alice.port} typ host\r\na=end-of-candidates\r\n"

    def tell(body, package):
        call.caller.send("INFO", body, content_type="application/trickle-ice-sdpfrag", extra=[f"Info-Package: {package}"])
        return call.caller.wire.final("INFO").status

    assert tell(fragment, "trickle-ice") == 200
    assert tell("a=candidate:nonsense\r\n", "trickle-ice") == 400
    assert tell(fragment, "another") == 469
    alice.agree(call.done.body)
    assert alice.check()
    alice.handshake(client=False)
    bob.agree(GCM, bob.own, call.invite.body)
    heard_both_ways(bob, alice)
    call.hang_up()


def test_early_media_and_another_phone_that_answers(border, ends):
    alice, early, late = ends(SdesEnd()), ends(DtlsEnd()), ends(DtlsEnd())
    site = border()
    caller = site.caller()
    caller.send("INVITE", alice.offer())
    link = site.link()
    invite = link.request("INVITE")
    callee = wire.Callee(link, invite)
    callee.respond(183, "Session Progress", described(early.agree(invite.body), "active"))
    progress = caller.wire.status(183)
    early.handshake(client=True)
    alice.agree(GCM, alice.own, progress.body)
    heard_both_ways(alice, early)
    callee.respond(200, "OK", described(late.agree(invite.body), "active", version=2))
    done = caller.learn(caller.wire.final())
    caller.ack(done)
    link.request("ACK")
    late.handshake(client=True)
    heard_both_ways(alice, late)
    caller.send("BYE")
    link.request("BYE")


def test_a_reinvite_keeps_the_association(border, ends):
    alice, bob = ends(DtlsEnd()), ends(SdesEnd())
    call = Call(border(media='["sdes", "dtls"]'), described(alice, "actpass"), bob.answer)
    alice.agree(call.done.body).handshake(client=False)
    bob.agree(GCM, bob.own, call.invite.body)
    call.caller.send("INVITE", described(alice, "actpass", version=2))
    again = call.caller.wire.final()
    assert again.status == 200 and has_line(again.body, "a=setup:active"), again
    call.caller.ack(again)
    heard_both_ways(alice, bob)
    call.hang_up()


# --- who is not who was announced ---------------------------------------------------------------------------------

def test_another_certificate_than_announced_ends_the_call(border, ends):
    alice, bob = ends(DtlsEnd(announces=DtlsEnd().identity.fingerprint)), ends(SdesEnd())
    site = border(media='["sdes", "dtls"]')
    call = Call(site, described(alice, "actpass"), bob.answer)
    with pytest.raises((SrtpError, dtls.SSL.Error)):
        alice.agree(call.done.body).handshake(client=False, timeout=2.0)
    ended = site.ended()
    assert ended["reason"] == "dtls.fingerprint.mismatch" and ended["by"] == "caller"
    call.caller.wire.request("BYE")
    call.link.request("BYE")
    assert not bob.spoken_to()


def test_a_handshake_that_never_comes_ends_the_call(border, ends):
    alice, bob = ends(DtlsEnd()), ends(SdesEnd())
    site = border(media='["sdes", "dtls"]', timeout="1s")
    call = Call(site, described(alice, "actpass"), bob.answer)
    bob.agree(GCM, bob.own, call.invite.body)
    bob.say(bytes(160))
    ended = site.ended()
    assert ended["reason"] == "media.handshake_timeout"
    call.caller.wire.request("BYE")
    call.link.request("BYE")
    record = site.edge.ask("evidence", ended["call"])
    assert record["legs"][0]["srtp_suite"] == "" and record["legs"][0]["media"]["packets_out"] == 0


def test_a_stranger_gets_silence_and_changes_nothing(border, ends):
    alice, bob = ends(DtlsEnd()), ends(SdesEnd())
    site = border(media='["sdes", "dtls"]', ice="accept")
    call = Call(site, described(alice, "active", ice=True), bob.answer)
    alice.agree(call.done.body)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind(("127.0.0.1", 0))
    stranger.settimeout(0.5)
    forged = stun.check(f"{alice.theirs['ufrag']}:{alice.ufrag}", "w" * 24, bytes(12))
    for datagram in (client_hello(), forged, b"\x15\xfe\xfd" + bytes(8) + b"\x00\x02\x02\x28", b"\x10" + bytes(30)):
        for _ in range(20):
            stranger.sendto(datagram, alice.far)
    with pytest.raises(socket.timeout):
        stranger.recv(2048)
    stranger.close()
    assert alice.check()
    alice.handshake(client=True)
    bob.agree(GCM, bob.own, call.invite.body)
    heard_both_ways(alice, bob)
    record = call.hang_up()
    drops = {drop["reason"]: drop["packets"] for drop in record["legs"][0]["media"]["drops"]}
    assert drops["not_media"] >= 60, drops


def test_dtls_is_refused_where_the_policy_has_sdes_alone(border, ends):
    alice = ends(DtlsEnd())
    site = border(media='"sdes"')
    caller = site.caller()
    caller.send("INVITE", described(alice, "actpass"))
    assert caller.wire.final().status == 488
    assert site.edge.wait_event(lambda event: event.get("code") == "call.ended")["reason"] == "sdp.keying.dtls"
