# SPDX-License-Identifier: Apache-2.0
"""Real peers that share no voice codec: the edge transcodes between them."""
import pytest
from kit import baresip, linphone
from kit.process import free_port
from stage import BOB, assert_heard, needs, stage, talk  # noqa: F401


def made_into(record):
    return [(leg["codec"], leg["media"]["transcoded_to"]) for leg in record["legs"]]


@needs(baresip.missing() or linphone.missing())
def test_linphone_with_opus_calls_baresip_with_pcma(stage):  # noqa: F811
    place = baresip.Place()
    stage.prepare({"bob": place.address}).run()
    bob = stage.baresip("bob", answer=True, place=place, codec="PCMA")
    alice = stage.linphone("alice", codec="opus")
    alice.call(BOB).established()
    talk(bob.recording)
    alice.hang_up()
    bob.closed()
    record = stage.evidence(stage.answered())
    assert made_into(record) == [("opus", "PCMA"), ("PCMA", "opus")]
    assert_heard(stage.speech("alice"), bob.heard())
    assert_heard(stage.speech("bob"), alice.recording)


@needs(baresip.missing())
@pytest.mark.parametrize("codec", ["PCMA", "PCMU"])
def test_baresip_calls_a_phone_with_opus_only(stage, codec):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen, "--codec", "opus")
    alice = stage.baresip("alice", edge=stage.address, codec=codec)
    alice.dial(BOB).established()
    talk(alice.recording)
    alice.hang_up()
    assert bob.wait() == 0, bob.output()
    record = stage.evidence(stage.answered())
    assert made_into(record) == [(codec, "opus"), ("opus", codec)]
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert_heard(stage.speech("bob"), alice.heard())
