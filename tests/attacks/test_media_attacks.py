# SPDX-License-Identifier: Apache-2.0
"""What somebody can send at the media ports of a call, with an address of his own or with that of a party: the call
stays up, its voice is not hurt, he hears nothing, and what he has sent is counted."""
import os

import pytest
from attacked_call import KINDS, SPOOFED, STRANGER, Stage, unhurt
from kit import forgeries
from kit.conversation import Conversation

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="packets with somebody else's source need root")
JUDGED = ("bad_tag", "replayed", "too_old", "unencrypted_rtcp", "source_throttled")  # as SRTP
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def stage(build, tmp_path):
    made = []
    yield lambda kind: made.append(Stage(build, tmp_path / f"state{len(made)}", kind)) or made[-1]
    for each in made:
        each.close()


def counted(drops, *reasons):
    return sum(drops.get(reason, 0) for reason in reasons)


@each_kind
def test_a_spray_of_the_whole_range_before_during_and_after(stage, kind):
    site = stage(kind)
    ports = site.media_range()
    one_of_each = [forgeries.rtp(1)[0], forgeries.bye(1), forgeries.checks(2, "a:b")[1], forgeries.hellos(1)[0]]

    def spray():
        return site.hammer(STRANGER, one_of_each, len(one_of_each) * len(ports), to=ports)

    with spray() as before:
        assert before.over()["answers"] == 0
    with spray() as setting_up:
        site.signal().connect()
        assert setting_up.over()["answers"] == 0
    with Conversation(site.alice, site.bob) as talk:
        talk.last(20)
        with spray() as during:
            assert during.over()["answers"] == 0
        talk.last(30)
    unhurt(talk.end())
    _, drops = site.ended()
    assert drops["not_media"] >= 2 and counted(drops, "too_short", *JUDGED) >= 2, drops
    with spray() as after:
        assert after.over()["answers"] == 0


@each_kind
def test_ten_thousand_bad_tags_a_second(stage, kind):
    site = stage(kind).signal().connect()
    sent, _ = site.attack(forgeries.rtp(1000, site.alice.ssrc, first=900), rate=13_500)  # 10,000 at the slowest
    _, drops = site.ended()
    assert counted(drops, *JUDGED) >= 0.99 * sent, drops


@each_kind
def test_what_was_recorded_comes_again(stage, kind):
    site = stage(kind).signal().connect()
    sent, _ = site.attack(lambda talk: [each for each in talk.talkers[0].recorded if each[0] >> 6 == 2], before=80)
    record, drops = site.ended()
    assert counted(drops, *JUDGED) >= 0.99 * sent and counted(drops, "replayed", "too_old") >= 0.49 * sent, drops
    assert record["legs"][0]["media"].get("source_moves", 0) == 0


@each_kind
def test_a_bye_in_clear_ends_nothing(stage, kind):
    site = stage(kind).signal().connect()
    host, port = site.alice.far
    sent, _ = site.attack(forgeries.byes(300, site.alice.ssrc), to=[(host, port), (host, port + 1)], seconds=1.0, rate=600)
    _, drops = site.ended()
    heard = 0.99 if kind == "sdes" else 0.49  # the second port is RTCP's, and open on a leg that has one
    assert counted(drops, "wrong_channel", "too_short", *JUDGED) >= heard * sent, drops


@each_kind
def test_forged_nominations_role_conflicts_and_answers(stage, kind):
    site = stage(kind).signal().connect()
    username = f"{site.alice.theirs['ufrag']}:{site.alice.ufrag}" if kind == "ice" else "edge:alice"
    sent, alice = site.attack(forgeries.checks(500, username))
    assert alice.answers == alice.checks, "her own checks are answered meanwhile: consent is hers to give"
    assert alice.checks >= 5 or kind != "ice"
    _, drops = site.ended()
    assert drops["not_media"] >= 0.99 * sent, drops


@each_kind
def test_forged_dtls_in_the_middle_of_a_call(stage, kind):
    site = stage(kind).signal().connect()
    sent, _ = site.attack(forgeries.dtls(1000))
    _, drops = site.ended()
    assert drops["not_media"] >= 0.99 * sent, drops


# An overlapping hello that makes sense is a hello: a server believes it (SECURITY.md, known limits).
@pytest.mark.parametrize("kind, floods", [
    ("dtls", (forgeries.endless_fragments, forgeries.overlapping_fragments, forgeries.impossible_fragments, forgeries.alerts)),
    ("ice", (forgeries.endless_fragments, forgeries.impossible_fragments, forgeries.alerts))])
def test_a_handshake_comes_to_its_end_after_fragments_under_the_peers_address(stage, kind, floods):
    site = stage(kind).signal()
    if kind == "ice":
        assert site.alice.check()
    for flood in floods:
        with site.hammer(SPOOFED, flood(50)) as hammer:
            assert hammer.over()["answers"] == 0
    site.alice.handshake(client=kind == "ice")
    with Conversation(site.alice, site.bob) as talk:
        talk.last(50)
    unhurt(talk.end())
    site.ended()
