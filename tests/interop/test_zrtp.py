# SPDX-License-Identifier: Apache-2.0
"""Linphone with ZRTP, through the edge: to another Linphone and to the phone. Both ends show the same words; the edge
has none of their keys."""
from kit import edge as edges, linphone
from kit.load import with_settings
from registering import registering
from stage import assert_heard, needs, stage, talk  # noqa: F401

pytestmark = needs(linphone.missing())


def by_zrtp(state):
    register = registering(state)
    return lambda text: with_settings(register(text), "[devices]", {"media": '"zrtp"'})


def assert_end_to_end(record):
    assert [leg["keying"] for leg in record["legs"]] == ["ZRTP", "ZRTP"]
    assert all("keys unknown to the edge" in leg["srtp_suite"] for leg in record["legs"]), record["legs"]
    assert record["downgrades"] == []


def test_linphone_and_linphone_show_the_same_words(stage):  # noqa: F811
    stage.prepare(calling=("alice", "bob"), edit=by_zrtp(stage.state)).run()
    bob = stage.linphone("bob", registers=True, answer=True, encryption="zrtp").registered()
    alice = stage.linphone("alice", registers=True, encryption="zrtp").registered()
    alice.call("sip:bob@" + edges.DOMAIN).established()
    assert alice.sas() == bob.sas()
    talk(lambda: alice.recording)
    alice.hang_up()
    bob.closed()
    assert_end_to_end(stage.evidence(stage.answered()))
    assert_heard(stage.speech("alice"), bob.recording)
    assert_heard(stage.speech("bob"), alice.recording)


def test_the_phone_and_linphone_show_the_same_words(stage):  # noqa: F811
    stage.prepare(calling=("alice", "bob"), edit=by_zrtp(stage.state)).run()
    bob = stage.linphone("bob", registers=True, answer=True, encryption="zrtp").registered()
    alice = stage.keep(edges.calling_phone(stage.build, stage.state, "alice", "sip:bob@" + edges.DOMAIN, stage.address, "--play",
                                           stage.speech("alice"), "--record", stage.recording("alice"), "--duration", "6s", "--codec", "pcmu",
                                           "--media", "zrtp"))
    assert alice.wait_json(lambda event: event.get("event") == "sas", 20.0)["sas"] == bob.sas()
    assert alice.wait(30.0) == 0, alice.output()
    assert_end_to_end(stage.evidence(stage.answered()))
    assert_heard(stage.speech("alice"), bob.recording)
    assert_heard(stage.speech("bob"), stage.recording("alice"))
