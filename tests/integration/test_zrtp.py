# SPDX-License-Identifier: Apache-2.0
"""Two phones that agree their own keys by ZRTP through the edge, and what the edge does not let through."""
import re
import urllib.request

import pytest
from conftest import ROOT  # noqa: F401
from kit import audio, capture, edge as edges, wire
from kit.plain_rtp import PlainRtp
from kit.process import free_port, until
from test_media import drops, place, report_of  # noqa: F401

TRACE = 16  # coded samples in a row that are no accident in noise


def by_zrtp(text):
    return text.replace("[devices]\n", '[devices]\nmedia = "zrtp"\n').replace("[[peer]]\n", '[[peer]]\nmedia = "zrtp"\n')


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
    assert call.edge.wait_events(lambda event: event.get("code") == "media.zrtp.agreed" and event["call"] == call.id)
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


def refused_with(phone):
    """The status its call ended with."""
    assert phone.wait(20.0) != 0
    return report_of(phone)["status"]


def test_a_leg_without_zrtp_is_refused(place):
    call = place(edit=lambda text: text.replace("[devices]\n", '[devices]\nmedia = "zrtp"\n'))
    bob = edges.answering_phone(call.build, call.state, "bob", call.bob_address)
    alice = edges.calling_phone(call.build, call.state, "alice", f"sip:bob@{edges.DOMAIN}", call.address, "--media", "zrtp")
    try:
        assert refused_with(alice) == 488
    finally:
        alice.stop()
        bob.stop()


def test_a_phone_that_offers_plain_keys_is_refused(place):
    call = place(edit=by_zrtp)
    alice = edges.calling_phone(call.build, call.state, "alice", f"sip:bob@{edges.DOMAIN}", call.address)
    try:
        assert refused_with(alice) == 488
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


def zrtp_packet(name, rest=b""):
    """RFC 6189 5.1, around a message."""
    message = b"PZ" + (3 + len(rest) // 4).to_bytes(2, "big") + name.ljust(8) + rest
    packet = bytes([0x10, 0, 0, 7]) + b"ZRTP" + bytes([0, 0, 0, 0xA1]) + message
    crc = 0xFFFFFFFF
    for byte in packet:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return packet + (crc ^ 0xFFFFFFFF).to_bytes(4, "little")


def port_of(message):
    return int(re.search(r"m=audio (\d+) RTP/AVP", message.body)[1])


def test_clear_voice_and_the_way_back_to_it_go_no_further(border):
    metrics = f"127.0.0.1:{free_port()}"
    made = border(edit=lambda text: by_zrtp(text).replace('metrics = ""', f'metrics = "{metrics}"'))
    with PlainRtp() as alice, PlainRtp(hears=False) as bob:
        caller = made.caller()
        caller.send("INVITE", wire.sdp(port=alice.port, profile="RTP/AVP", crypto=[]))
        invite = made.link().request("INVITE")
        callee = wire.Callee(made.link(), invite)
        callee.respond(200, "OK", wire.sdp(port=bob.port, profile="RTP/AVP", crypto=[]))
        done = caller.learn(caller.wire.final())
        caller.ack(done)
        assert callee.wire.request("ACK")
        edge = ("127.0.0.1", port_of(done))
        for number in range(20):
            alice.socket.sendto(b"\x80\x00" + number.to_bytes(2, "big") + bytes(8) + bytes([0xFF]) * 160, edge)
        alice.socket.sendto(zrtp_packet(b"GoClear", bytes(8)), edge)
        alice.socket.sendto(zrtp_packet(b"Ping", b"1.10" + bytes(8)), edge)
        until(lambda: bob.packets, "the Ping", 10.0)
        assert [packet[16:20] for packet in bob.packets] == [b"Ping"]
        refused = [{"reason": "media.zrtp.go_clear", "packets": 1}, {"reason": "media.zrtp.before_agreement", "packets": 20}]
        assert made.edge.ask("calls")["calls"][0]["zrtp_refusals"] == refused
        caller.send("BYE")
        assert caller.wire.final("BYE").status == 200
    record = made.edge.ask("evidence", made.ended()["call"])
    assert record["zrtp_refusals"] == refused
    with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as page:
        text = page.read().decode()
    for each in refused:
        assert re.search(f'^sallyport_zrtp_refused_packets_total{{reason="{each["reason"]}"}} {each["packets"]}$', text, re.M), text
    assert drops(record)["before_agreement"] == 20 and drops(record)["zrtp_refused"] == 1
    assert any("go on in clear" in each for each in record["downgrades"])
