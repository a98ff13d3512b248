# SPDX-License-Identifier: Apache-2.0
"""baresip on either side of the edge. It offers AES_CM_128_HMAC_SHA1_80 only, answers AEAD_AES_256_GCM when that
is offered, and does not verify the server's certificate."""
import pytest
from kit import baresip, edge as edges
from kit.process import free_port, run
from stage import BOB, CM, GCM, assert_heard, assert_legs, needs, stage, talk, until  # noqa: F401

pytestmark = needs(baresip.missing())
ALICE, BOB_ID, V13 = "uri:sip:alice@" + edges.DOMAIN, "uri:sip:bob@" + edges.DOMAIN, "TLSv1.3"


@pytest.mark.parametrize("rtcp_mux", [False, True], ids=["own-rtcp-port", "rtcp-mux"])
def test_baresip_calls_a_phone(stage, rtcp_mux):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen)
    alice = stage.baresip("alice", edge=stage.address, rtcp_mux=rtcp_mux)
    alice.dial(BOB).established()
    talk(alice.recording)
    alice.hang_up()
    assert bob.wait() == 0, bob.output()
    record = stage.evidence(stage.answered())
    assert_legs(record, (CM, ALICE, V13), (GCM, BOB_ID, V13))
    assert len(record["downgrades"]) == 1 and record["downgrades"][0].startswith("device")
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert_heard(stage.speech("bob"), alice.heard())


def test_a_phone_calls_baresip(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}).run()
    bob = stage.baresip("bob", answer=True, place=place)
    alice = stage.calling_phone("alice", BOB)
    assert alice.wait() == 0, alice.output()
    bob.closed()
    record = stage.evidence(stage.answered())
    assert_legs(record, (GCM, ALICE, V13), (GCM, BOB_ID, V13))
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), stage.recording("alice"))


def test_baresip_calls_baresip_and_the_called_one_hangs_up(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}).run()
    bob = stage.baresip("bob", answer=True, place=place)
    alice = stage.baresip("alice", edge=stage.address)
    alice.dial(BOB).established()
    talk(alice.recording)
    bob.hang_up()
    alice.closed()
    record = stage.evidence(stage.answered())
    assert_legs(record, (CM, ALICE, V13), (GCM, BOB_ID, V13))
    assert record["end"]["by"] == "callee"
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.heard())


def test_baresip_holds_and_resumes(stage):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen)
    alice = stage.baresip("alice", edge=stage.address)
    alice.dial(BOB).established()
    until(lambda: stage.heard_from(1) > 50, "bob is heard")
    alice.hold()
    counts = [-1]

    def bob_is_silent():
        counts.append(stage.heard_from(1))
        return counts[-1] == counts[-2] and len(counts) > 4 and counts[-4] == counts[-1]

    until(bob_is_silent, "bob stops sending when he is on hold")
    alice.resume()
    until(lambda: stage.heard_from(1) > counts[-1] + 50, "bob is heard again")
    alice.hang_up()
    assert bob.wait() == 0, bob.output()
    record = stage.evidence(stage.answered())
    assert record["end"]["code"] == "call.bye"
    assert_heard(stage.speech("alice"), stage.recording("bob"))  # alice spoke all the while: baresip's hold is sendonly


def test_a_phone_that_gives_up_stops_baresip_ringing(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}).run()
    bob = stage.baresip("bob", answer=False, place=place)
    alice = stage.baresip("alice", edge=stage.address)
    alice.dial(BOB)
    bob.wait_event("CALL_INCOMING", 15.0)
    alice.wait_event("CALL_RINGING", 15.0)
    alice.hang_up()
    bob.closed()
    ended = stage.edge.wait_event(lambda event: event.get("code") == "call.ended", 15.0)
    assert ended["reason"] == "call.cancelled"


def test_the_strict_tier_refuses_what_baresip_offers(stage):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}, edit=lambda text: text.replace('tier = "compatible"', 'tier = "strict"')).run()
    alice = stage.baresip("alice", edge=stage.address)
    assert "488" in alice.dial(BOB).closed()["param"]
    stage.refusal("sdp.crypto.none")


def test_baresip_without_a_certificate_is_not_heard(stage):  # noqa: F811
    stage.prepare({"bob": f"127.0.0.1:{free_port()}"}).run()
    alice = stage.baresip("alice", edge=stage.address, identity=None)
    alice.dial(BOB)
    assert stage.refusal("tls.handshake.no_certificate")["source"].startswith("127.0.0.1:")
    assert stage.edge.ask("status")["calls"]["attempted"] == 0


def test_baresip_with_a_certificate_of_another_ca_is_not_heard(stage):  # noqa: F811
    stage.prepare({"bob": f"127.0.0.1:{free_port()}"}).run()
    run([stage.build.sallyport, "ca", "init", "--dir", stage.folder / "other", "--name", "Another CA"])
    run([stage.build.sallyport, "ca", "issue", "--dir", stage.folder / "other", "--name", "alice", "--out", stage.folder,
         "--uri", f"sip:alice@{edges.DOMAIN}"])
    alice = stage.baresip("alice", edge=stage.address, identity=(stage.folder / "alice.pem", stage.folder / "alice.key"))
    alice.dial(BOB)
    stage.refusal("tls.certificate.untrusted_issuer")


def test_the_edge_gives_no_call_to_baresip_under_another_name(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}, calling=("alice", "mallory")).run()
    stage.baresip("bob", answer=True, place=place, identity=stage.identity("mallory"))
    alice = stage.baresip("alice", edge=stage.address)
    assert alice.dial(BOB).closed()["param"].startswith("50")
    stage.refusal("tls.peer.unknown")
