# SPDX-License-Identifier: Apache-2.0
"""Two phones that agree their own keys by ZRTP through the edge, and what the edge does not let through."""
import json

import pytest
from conftest import ROOT  # noqa: F401
from kit import audio, capture, edge as edges
from test_media import Call, drops

TRACE = 16  # coded samples in a row that are no accident in noise


def by_zrtp(text):
    return text.replace("[devices]\n", '[devices]\nmedia = "zrtp"\n').replace("[[peer]]\n", '[[peer]]\nmedia = "zrtp"\n')


@pytest.fixture
def place(build, tmp_path):
    made = []

    def make(**options):
        made.append(Call(build, tmp_path / f"state{len(made)}", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def sas_of(phone):
    return phone.wait_json(lambda event: event.get("event") == "sas", 20.0)


def test_two_phones_agree_keys_that_the_edge_does_not_know(place):
    call = place(edit=by_zrtp).start(alice=("--media", "zrtp"), bob=("--media", "zrtp"))
    shown = [sas_of(phone) for phone in (call.alice, call.bob)]
    record = call.finish()
    call.judge()
    assert shown[0]["sas"] == shown[1]["sas"] and len(shown[0]["sas"]) == 4
    assert [leg["keying"] for leg in record["legs"]] == ["ZRTP", "ZRTP"]
    assert all("keys unknown to the edge" in leg["srtp_suite"] for leg in record["legs"]), record["legs"]
    assert any(event.get("code") == "media.zrtp.agreed" and event["call"] == call.id for event in call.edge.events())
    assert record["end"]["code"] == "call.bye" and record["downgrades"] == []


@pytest.mark.skipif(capture.missing() is not None, reason=capture.missing() or "")
def test_no_voice_is_on_the_wire_in_clear(place):
    call = place(edit=by_zrtp)
    traces = {bytes([value]) * TRACE for value in (0xFF, 0x7F, 0xD5, 0x55)}
    for said in call.played.values():
        coded = bytes(audio.pcmu(int(value)) for value in audio.read_mono(said))
        traces.update(coded[at:at + TRACE] for at in range(0, len(coded) - TRACE + 1, TRACE))
    with capture.Capture() as wiretap:
        call.start(alice=("--media", "zrtp", "--codec", "pcmu"), bob=("--media", "zrtp", "--codec", "pcmu"))
        ports = {hole["port"] for hole in call.ports()}
        call.finish()
    call.judge()
    found = [payload for _, _, payload in wiretap.between(ports)]
    assert any(payload[4:8] == b"ZRTP" for payload in found) and sum(len(payload) > 100 and payload[0] >> 6 == 2 for payload in found) > 300
    assert [payload for payload in found if any(payload[at:at + TRACE] in traces for at in range(len(payload) - TRACE + 1))] == []


def test_words_are_shown_on_request(place):
    call = place(edit=by_zrtp).start(alice=("--media", "zrtp", "--sas", "b256"), bob=("--media", "zrtp", "--sas", "b256"))
    shown = [sas_of(phone)["sas"] for phone in (call.alice, call.bob)]
    call.finish()
    assert shown[0] == shown[1] and ":" in shown[0]


def test_a_leg_without_zrtp_is_refused(place):
    call = place(edit=lambda text: text.replace("[devices]\n", '[devices]\nmedia = "zrtp"\n'))
    bob = edges.answering_phone(call.build, call.state, "bob", call.bob_address)
    alice = edges.calling_phone(call.build, call.state, "alice", f"sip:bob@{edges.DOMAIN}", call.address, "--media", "zrtp")
    try:
        assert alice.wait(20.0) != 0
        ended = json.loads([line for line in alice.lines if '"ended"' in line][-1])
        assert ended["status"] == 488
    finally:
        alice.stop()
        bob.stop()


def test_a_phone_that_offers_plain_keys_is_refused(place):
    call = place(edit=by_zrtp)
    alice = edges.calling_phone(call.build, call.state, "alice", f"sip:bob@{edges.DOMAIN}", call.address)
    try:
        assert alice.wait(20.0) != 0
        ended = json.loads([line for line in alice.lines if '"ended"' in line][-1])
        assert ended["status"] == 488
    finally:
        alice.stop()


def test_a_cache_remembers_whom_it_talked_to(place):
    first = place(edit=by_zrtp, seconds=2)
    caches = {name: str(first.state / f"{name}.zrtp") for name in ("alice", "bob")}
    for known in (False, True):
        first.start(alice=("--media", "zrtp", "--zrtp-cache", caches["alice"]), bob=("--media", "zrtp", "--zrtp-cache", caches["bob"]))
        shown = sas_of(first.alice)
        first.finish()
        assert not shown["cache_mismatch"] and not shown["verified"], (known, shown)
    (first.state / "bob.zrtp").unlink()  # somebody else, under the same address
    first.start(alice=("--media", "zrtp", "--zrtp-cache", caches["alice"]), bob=("--media", "zrtp"))
    assert sas_of(first.alice)["sas"]
    first.finish()
    assert drops(first.edge.ask("evidence", first.id)).get("in_clear") is None
