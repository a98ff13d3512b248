# SPDX-License-Identifier: Apache-2.0
"""Two phones that share no voice codec: the edge makes the voice of each into what the other understands."""
import urllib.request

import pytest
from kit import edge as edges
from kit.process import free_port
from test_media import Call, drops, place, report_of  # noqa: F401


@pytest.mark.parametrize("left, right", [("pcmu", "opus"), ("opus", "pcma"), ("pcma", "pcmu")])
def test_audio_crosses_between_two_codecs(place, left, right):  # noqa: F811
    metrics = free_port()
    call = place(edit=lambda text: text.replace('metrics = ""', f'metrics = "127.0.0.1:{metrics}"'))
    call.start(alice=("--codec", left), bob=("--codec", right))
    live = call.edge.ask("calls")["calls"][0]
    assert [leg["codec"].lower() for leg in live["legs"]] == [left, right]
    with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as page:
        assert "sallyport_calls_transcoded 1" in page.read().decode()
    record = call.finish()
    call.judge()
    assert [leg["codec"].lower() for leg in record["legs"]] == [left, right]
    assert [leg["media"]["transcoded_to"].lower() for leg in record["legs"]] == [right, left]
    assert all(leg["media"]["transcoded"] > 150 for leg in record["legs"])
    assert all(leg["media"]["mos"] > 3.5 for leg in record["legs"])
    assert set(drops(record)) <= {"rtcp_ends_here", "not_ready"}
    assert record["end"]["code"] == "call.bye"


@pytest.mark.parametrize("left, right", [("pcmu", "opus"), ("opus", "pcma")])
def test_keys_cross_at_the_clock_of_the_other_side(place, left, right):  # noqa: F811
    call = place().start(alice=("--codec", left, "--dtmf", "123#"), bob=("--codec", right, "--dtmf", "0*d@2s"))
    call.finish()
    alice, bob = report_of(call.alice)["media"], report_of(call.bob)["media"]
    assert (bob["digits_received"], alice["digits_received"]) == ("123#", "0*D")
    assert alice["packets_lost"] == bob["packets_lost"] == 0, "one number after the other"


def test_a_shared_codec_is_never_transcoded(place):  # noqa: F811
    call = place(seconds=2).start(alice=("--codec", "pcmu"), bob=("--codec", "opus,pcmu"))
    record = call.finish()
    assert {leg["codec"] for leg in record["legs"]} == {"PCMU"}
    assert {leg["media"]["transcoded_to"] for leg in record["legs"]} == {""}


def in_packets_of(ptime):
    return lambda text: text.replace('name = "bob"', f'name = "bob"\nptime = {ptime}')


@pytest.mark.parametrize("ptime, codec", [(30, "pcmu"), (60, "pcma"), (10, "pcma")])
def test_one_codec_in_other_packets_for_the_peer_whose_operator_says_so(place, ptime, codec):  # noqa: F811
    call = place(edit=in_packets_of(ptime)).start(alice=("--codec", codec), bob=("--codec", codec))
    record = call.finish()
    to_bob, to_alice = (leg["media"] for leg in record["legs"])
    assert (to_bob["repacketised"], to_bob["transcoded_to"]) == (f"20 -> {ptime} ms", "")
    assert to_bob["transcoded"] * ptime > 3_000
    assert to_alice["repacketised"] == "" and to_alice["transcoded"] == 0, "she is sent what he sends"
    assert report_of(call.bob)["media"]["packets_lost"] == 0, "one number after the other"


def test_keys_cross_between_other_packets(place):  # noqa: F811
    call = place(edit=in_packets_of(30)).start(alice=("--codec", "pcmu", "--dtmf", "42#"), bob=("--codec", "pcmu"))
    assert call.finish()["legs"][0]["media"]["repacketised"] == "20 -> 30 ms"
    bob = report_of(call.bob)["media"]
    assert (bob["digits_received"], bob["packets_lost"]) == ("42#", 0)


def refused(place, setting, then=lambda text: text):  # noqa: F811
    """How a call to a peer with that setting, that has Opus only, ends for a caller with PCMU only."""
    call = place(edit=lambda text: then(text.replace('name = "bob"', f'name = "bob"\ncodecs = ["opus"]\n{setting}')))
    call.bob = edges.answering_phone(call.build, call.state, "bob", call.bob_address, "--codec", "opus")
    call.alice = edges.calling_phone(call.build, call.state, "alice", f"sip:bob@{edges.DOMAIN}", call.address, "--codec", "pcmu")
    ended = call.edge.wait_event(lambda event: event.get("code") == "call.ended", 15.0)
    assert call.alice.wait(20.0) != 0
    end = call.edge.ask("evidence", ended["call"])["end"]
    return end["code"], end["sip_status"]


def test_a_peer_may_refuse_it(place):  # noqa: F811
    assert refused(place, 'transcode = "refuse"') == ("sdp.codec.none", 488)


def test_beyond_the_bound_such_a_call_is_refused(place):  # noqa: F811
    bound = lambda text: text.replace("# transcoded_calls = 100", "transcoded_calls = 0")  # noqa: E731
    assert refused(place, "", bound) == ("media.transcoding.exhausted", 503)
