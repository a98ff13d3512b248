# SPDX-License-Identifier: Apache-2.0
"""Linphone as a caller: TLS 1.2, client certificate, SDES with AES_256_CM at best, the edge
verified by its DNS name."""
import socket

import pytest
from kit import edge as edges, linphone
from kit.process import free_port
from stage import BOB, CM_256, GCM, assert_heard, assert_legs, needs, stage, talk  # noqa: F401

pytestmark = needs(linphone.missing())
ALICE, BOB_ID = "uri:sip:alice@" + edges.DOMAIN, "uri:sip:bob@" + edges.DOMAIN


def test_linphone_calls_a_phone(stage):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen)
    alice = stage.linphone("alice")
    alice.call(BOB).established()
    talk(lambda: alice.recording)
    alice.hang_up()
    assert bob.wait() == 0, bob.output()
    record = stage.evidence(stage.answered())
    assert_legs(record, (CM_256, ALICE, "TLSv1.2"), (GCM, BOB_ID, "TLSv1.3"))
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert_heard(stage.speech("bob"), alice.recording)


def own_address():
    """What Linphone writes into SDP when nothing binds its media: this machine's address towards the world."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))  # sends nothing
            return probe.getsockname()[0]
    except OSError:
        return "127.0.0.1"


@pytest.mark.skipif(own_address().startswith("127."), reason="this machine has no address but loopback's")
def test_linphone_is_heard_from_another_address_than_it_wrote(stage):  # noqa: F811
    """As behind a NAT: SDP names one address, the packets come from another. The edge goes over to it once a packet
    proves that it is from Linphone."""
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen)
    alice = stage.linphone("alice", media=None)
    alice.call(BOB).established()
    talk(lambda: alice.recording)
    alice.hang_up()
    assert bob.wait() == 0, bob.output()
    record = stage.evidence(stage.answered())
    assert f"c=IN IP4 {own_address()}" in alice.log.read_text(errors="replace")
    assert record["legs"][0]["media"]["latched_source"].startswith("127.0.0.1:")
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert_heard(stage.speech("bob"), alice.recording)


def test_linphone_is_hung_up_by_the_phone(stage):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen, "--hang-up-after", "1s")
    alice = stage.linphone("alice")
    alice.call(BOB).established()
    alice.closed()
    assert bob.wait() == 0, bob.output()
    assert stage.evidence(stage.answered())["end"]["by"] == "callee"


def test_linphone_without_a_certificate_is_not_heard(stage):  # noqa: F811
    stage.prepare({"bob": f"127.0.0.1:{free_port()}"}).run()
    alice = stage.linphone("alice", identity=None)
    alice.call(BOB)  # and then asks its user for a certificate, so that the call hangs there
    stage.refusal("tls.handshake.no_certificate")
    assert stage.edge.ask("status")["calls"]["attempted"] == 0
