# SPDX-License-Identifier: Apache-2.0
"""Real phones that register at the edge, with a certificate or with a password, and are called on the connection
they registered on. The listener asks for a certificate and takes connections without one."""
import hashlib

import pytest
from kit import baresip, edge as edges, linphone
from kit.process import run
from registering import PASSWORD, bound, registering
from stage import CM, CM_256, GCM, assert_heard, needs, stage, talk  # noqa: F401

pytestmark = [needs(baresip.missing()), needs(linphone.missing())]


def converse(stage, alice, bob):  # noqa: F811
    """alice calls bob; both are heard. The evidence of the call: (name, proof, SRTP suite) of each leg."""
    alice.call("sip:bob@" + edges.DOMAIN).established()
    talk(lambda: alice.recording() if callable(alice.recording) else alice.recording)
    alice.hang_up()
    bob.closed()
    record = stage.evidence(stage.answered())
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.heard())
    return [(leg["identity"].split("@")[0], leg["proven_by"], leg["srtp_suite"]) for leg in record["legs"]]


def test_baresip_calls_baresip_both_registered_by_certificate(stage):  # noqa: F811
    stage.prepare(calling=("alice", "bob"), edit=registering(stage.state)).run()
    bob = stage.baresip("bob", edge=stage.address, registers=True, answer=True).registered()
    alice = stage.baresip("alice", edge=stage.address, registers=True).registered()
    assert all(each["flow"] and each["proof"] == "certificate" and each["reg_id"] == 1 for each in bound(stage).values()), bound(stage)
    assert converse(stage, alice, bob) == [("alice", "certificate", CM), ("bob", "certificate", GCM)]


def test_baresip_calls_linphone_both_registered_by_certificate(stage):  # noqa: F811
    stage.prepare(calling=("alice", "bob"), edit=registering(stage.state)).run()
    bob = stage.linphone("bob", registers=True, answer=True).registered()
    alice = stage.baresip("alice", edge=stage.address, registers=True).registered()
    assert converse(stage, alice, bob) == [("alice", "certificate", CM), ("bob", "certificate", CM_256)]


def test_linphone_registers_by_password_and_calls_baresip(stage):  # noqa: F811
    stage.prepare(calling=("bob",), edit=registering(stage.state, "alice")).run()
    bob = stage.baresip("bob", edge=stage.address, registers=True, answer=True).registered()
    alice = stage.linphone("alice", identity=None, registers=True, password=PASSWORD).without_certificate().registered()
    assert bound(stage)["alice"]["proof"] == "digest"
    assert "algorithm=SHA-256, username=" in alice.log.read_text(errors="replace")
    assert converse(stage, alice, bob) == [("alice", "digest", CM_256), ("bob", "certificate", GCM)]


def test_linphone_registers_by_password_and_is_called_by_baresip(stage):  # noqa: F811
    stage.prepare(calling=("alice",), edit=registering(stage.state, "bob")).run()
    bob = stage.linphone("bob", identity=None, registers=True, password=PASSWORD, answer=True).without_certificate().registered()
    alice = stage.baresip("alice", edge=stage.address, registers=True).registered()
    assert converse(stage, alice, bob) == [("alice", "certificate", CM), ("bob", "digest", CM_256)]


def test_linphone_with_a_wrong_password_is_not_registered(stage):  # noqa: F811
    stage.prepare(calling=(), edit=registering(stage.state, "alice")).run()
    stage.linphone("alice", identity=None, registers=True, password="wrong").without_certificate()
    stage.refusal("identity.proof.wrong")
    assert bound(stage) == {}


def test_baresip_knows_no_digest_that_a_device_may_use(stage):  # noqa: F811
    """libre 1.1 answers MD5 only and gives up at any other challenge; of a device the edge takes no MD5."""
    stage.prepare(calling=(), edit=registering(stage.state, "alice")).run()
    alice = stage.baresip("alice", edge=stage.address, identity=None, registers=True, password=PASSWORD)
    assert alice.wait_event("REGISTER_FAIL", 15.0)["param"] == "Function not implemented"
    assert bound(stage) == {}


def legacy(text):
    """A peer with a name, which may use MD5. Nobody else here proves anything by digest: baresip gives up at the
    first challenge that it does not know, and a stranger is shown those of everybody."""
    peer = (f'[[peer]]\nname = "legacy"\nauthentication = ["digest"]\ndigest_algorithms = ["MD5"]\ntier = "compatible"\n'
            f'asserted_identity = "sip:alice@{edges.DOMAIN}"\n\n[[route]]\n')
    return text.replace("[[route]]\n", peer, 1)


def test_baresip_calls_by_md5_as_a_peer_that_is_named_for_it(stage):  # noqa: F811
    own = registering(stage.state)
    stage.prepare(calling=("bob",), edit=lambda text: legacy(own(text)))
    secret = hashlib.md5(f"alice:{edges.DOMAIN}:{PASSWORD}".encode()).hexdigest()
    (stage.state / "phones.credentials").write_text(f"peer:legacy alice digest-md5 {edges.DOMAIN} {secret}\n")
    strict = run([stage.build.sallyport, "check", "--strict", "--config", stage.state / "sallyport.toml"], check=False)
    assert strict.returncode == 1 and "config.advice.md5" in strict.stdout + strict.stderr, strict
    stage.run()
    bob = stage.baresip("bob", edge=stage.address, registers=True, answer=True).registered()
    alice = stage.baresip("alice", edge=stage.address, identity=None, password=PASSWORD)
    assert converse(stage, alice, bob) == [("digest:alice", "digest", CM), ("bob", "certificate", GCM)]
