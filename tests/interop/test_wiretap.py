# SPDX-License-Identifier: Apache-2.0
"""What a listener on the wire gets of a call: nothing. The speech is known here, so its bytes can be looked for."""
import pytest
from kit import audio, baresip, capture
from kit.process import free_port
from stage import BOB, assert_heard, needs, stage, talk  # noqa: F401

pytestmark = [needs(capture.missing()), needs(baresip.missing())]
TRACE = 16  # coded samples in a row that are no accident in noise


def traces_of(*speeches):
    """Every piece of the speeches as PCMU and PCMA carry it, and silence."""
    found = {bytes([value]) * TRACE for value in (0xFF, 0x7F, 0xD5, 0x55)}
    for path in speeches:
        samples = [int(value) for value in audio.read_mono(path)]
        for encode in (audio.pcmu, audio.pcma):
            coded = bytes(map(encode, samples))
            found.update(coded[at:at + TRACE] for at in range(0, len(coded) - TRACE + 1, TRACE))
    return found


def in_clear(datagrams, traces):
    return [payload for _, _, payload in datagrams
            if any(payload[at:at + TRACE] in traces for at in range(len(payload) - TRACE + 1))]


@pytest.mark.clear_media("the control: two phones without encryption, and no edge")
def test_the_tap_hears_a_call_that_nobody_protects(stage):  # noqa: F811
    """The control: without it the next test would prove nothing."""
    stage.prepare()
    bob = stage.baresip("bob", identity=stage.identity("alice"), answer=True, encryption=None)
    alice = stage.baresip("alice", edge=bob.address, encryption=None)
    with capture.Capture() as wiretap:
        alice.dial(BOB).established()
        talk(alice.recording, 1.0)
        alice.hang_up()
        bob.closed()
    assert len(in_clear(wiretap.datagrams, traces_of(stage.speech("alice")))) > 40
    assert len(in_clear(wiretap.datagrams, traces_of(stage.speech("bob")))) > 40


def test_no_voice_crosses_in_clear_on_either_leg(stage):  # noqa: F811
    listen = f"127.0.0.1:{free_port()}"
    stage.prepare({"bob": listen}).run()
    bob = stage.answering_phone("bob", listen, "--codec", "pcmu")
    alice = stage.baresip("alice", edge=stage.address)
    with capture.Capture() as wiretap:
        alice.dial(BOB).established()
        call = stage.answered()
        ports = {hole["port"] for live in stage.edge.ask("calls")["calls"] for leg in live["legs"] for hole in leg["pinholes"]}
        talk(alice.recording)
        alice.hang_up()
        bob.wait()
    record = stage.evidence(call)
    assert_heard(stage.speech("alice"), stage.recording("bob"))
    assert in_clear(wiretap.datagrams, traces_of(stage.speech("alice"), stage.speech("bob"))) == []
    clear = [source for source, _, payload in wiretap.between(ports) if b"PINGPONG" in payload]
    assert clear and not ports.intersection(clear)  # what baresip says in clear to open its ports goes no further
    assert record["legs"][0]["media"]["drops"]
    voice = [payload[12:] for _, _, payload in wiretap.between(ports) if len(payload) > 100]
    assert len(voice) >= 400  # three seconds, both directions, both legs
    assert len(set(voice)) == len(voice)  # nothing is repeated, not even from leg to leg: each has keys of its own
