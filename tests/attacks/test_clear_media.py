# SPDX-License-Identifier: Apache-2.0
"""The watch that every run of the tests stands under: it finds what is in clear, and only that."""
import json
import os
import random
import socket
import struct

import pytest
from conftest import ROOT
from kit import audio, capture, clear_media, namespaces
from kit.process import Process, run, until
from kit.srtp import MediaEnd, Srtp

HERE, THERE = ("127.0.0.1", 20000), ("127.0.0.1", 30000)
EVERY_SUITE = ("AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_80")


def header(number, kind=0, first=0x80):
    return struct.pack("!BBHII", first, kind, number & 0xFFFF, number * 160, 0x1234)


def judged(packets):
    """Why each that is found is in clear."""
    found = []
    judge = clear_media.Judge(lambda source, destination, why, packet, now: found.append(why))
    for number, packet in enumerate(packets):
        judge.take(HERE, THERE, packet, number * 0.02)
    judge.sweep(1e9)
    return found


def speech(folder, encode, seconds=2):
    samples = audio.read_mono(audio.write_syllables(folder / "speech.wav", seconds))
    coded = bytes(encode(int(sample)) for sample in samples)
    return [coded[at:at + 160] for at in range(0, len(coded) - 159, 160)]


def opus(count):
    """As Opus is: one table of contents for all, and behind it bits that are as good as noise."""
    noise = random.Random(1)
    return [b"\x78" + noise.randbytes(40 + noise.randrange(60)) for _ in range(count)]


@pytest.fixture
def sealed():
    return lambda suite: Srtp(suite, MediaEnd.key(suite))


# --- what is found ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("encode", [audio.pcmu, audio.pcma])
def test_g711_is_found(tmp_path, encode):
    packets = [header(number) + payload for number, payload in enumerate(speech(tmp_path, encode))]
    assert len(judged(packets)) >= len(packets) // clear_media.WINDOW


def test_one_packet_of_silence_is_found():
    assert judged([header(1) + b"\xff" * 160])


def test_opus_is_found():
    assert judged([header(number, 111) + payload for number, payload in enumerate(opus(10))])


def test_telephone_events_are_found():
    assert judged([header(number, 101) + struct.pack("!BBH", 5, 10, 160 * number) for number in range(10)])


def test_voice_behind_a_header_extension_is_found(tmp_path):
    extension = struct.pack("!HHI", 0xBEDE, 1, 0x51220000)
    assert judged([header(number, first=0x90) + extension + payload for number, payload in enumerate(speech(tmp_path, audio.pcmu))])


def test_voice_inside_of_turn_is_found(tmp_path):
    packets = [header(number) + payload for number, payload in enumerate(speech(tmp_path, audio.pcmu))]
    assert judged([struct.pack("!HH", 0x4001, len(packet)) + packet for packet in packets])
    assert judged([struct.pack("!HHI12sHH", 0x0017, len(packet) + 4, 0x2112A442, bytes(12), 0x0013, len(packet)) + packet
                   for packet in packets])


def test_a_few_clear_packets_amid_the_encrypted_are_found(sealed):
    seal = sealed("AEAD_AES_128_GCM")
    packets = [seal.protect(header(number), os.urandom(160)) for number in range(64)]
    packets[40:44] = [header(40 + each) + b"\xff" * 160 for each in range(4)]
    assert judged(packets)


@pytest.mark.parametrize("packet", [
    struct.pack("!BBHI", 0x81, 203, 1, 7), struct.pack("!BBHI", 0x80, 201, 1, 7) + struct.pack("!BBHI", 0x81, 203, 1, 7),
    struct.pack("!BBHI20x", 0x80, 200, 6, 7), struct.pack("!BBHI", 0x80, 201, 1, 7) + b"\x81\xca\x00\x03\0\0\0\x07\x01\x05alice\0"])
def test_rtcp_is_found(packet):
    assert judged([packet]) == [clear_media.RTCP]


def test_rtcp_that_is_sealed_but_not_encrypted_is_found():
    assert judged([struct.pack("!BBHI20x", 0x80, 200, 6, 7) + struct.pack("!I", 3) + b"\x22" * 10]) == [clear_media.RTCP]


# --- what is not -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("suite", EVERY_SUITE)
def test_srtp_of_silence_is_not(sealed, suite):
    seal = sealed(suite)
    assert judged([seal.protect(header(number), b"\xff" * 160) for number in range(2000)]) == []


def test_srtp_of_opus_and_of_events_is_not(sealed):
    seal = sealed("AES_CM_128_HMAC_SHA1_80")
    assert judged([seal.protect(header(number, 111), payload) for number, payload in enumerate(opus(500))]) == []
    assert judged([seal.protect(header(number, 101), b"\x05\x0a\x00\xa0") for number in range(500)]) == []


def test_srtp_that_comes_again_and_again_is_not(sealed):
    seal = sealed("AEAD_AES_256_GCM")
    assert judged(20 * [seal.protect(header(number), b"\xff" * 160) for number in range(5)]) == []


def test_srtcp_is_not():
    report = struct.pack("!BBHI", 0x80, 200, 6, 7)
    noise = random.Random(2)
    for index in range(500):
        word = struct.pack("!I", 0x80000000 | index)
        assert judged([report + noise.randbytes(36) + word]) == []  # AEAD: the index is last
        assert judged([report + noise.randbytes(20) + word + noise.randbytes(10)]) == []


def test_other_datagrams_are_not():
    assert judged([b"\x16\xfe\xfd" + bytes(200), b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), b"", b"\x80", bytes(300),
                   b"\x9e\xc3\x85\x80\x00\x01\x00\x01" + bytes(100)]) == []  # a name server's answer


# --- what is allowed ---------------------------------------------------------------------------------------------------

def test_what_a_test_has_allowed_is_explained_and_nothing_else():
    found = [{"at": 100.0, "from": 4000, "to": 20000, "why": "?"}, {"at": 100.0, "from": 20000, "to": 4000, "why": "?"},
             {"at": 100.0, "from": 20002, "to": 4002, "why": "?"}, {"at": 500.0, "from": 4000, "to": 20000, "why": "?"}]
    speaks = [{"at": 99.0, "port": 4000, "why": "a core", "hears": False, "only": None}, {"at": 101.0, "port": 4000, "over": True}]
    assert clear_media.unexplained(found, []) == found
    assert clear_media.unexplained(found, speaks) == found[1:]
    both = [{**speaks[0], "hears": True}, speaks[1]]
    assert clear_media.unexplained(found, both) == found[2:]
    assert clear_media.unexplained(found, [{**both[0], "only": clear_media.RTCP}, both[1]]) == found


@pytest.mark.skipif(capture.missing() is not None, reason=capture.missing() or "")
def test_the_watch_sees_the_wire(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        for each in (speaker, listener):
            each.bind(("127.0.0.1", 0))
        port = speaker.getsockname()[1]
        clear_media.allow(port, "the watch of the whole run hears this too")
        with Process(["/usr/bin/python3", ROOT / "tools/kit/clear_media.py", tmp_path]) as watch:
            watch.wait_line(lambda line: line == "watching")
            for number, payload in enumerate(speech(tmp_path, audio.pcmu)):
                speaker.sendto(header(number) + payload, listener.getsockname())
            until(lambda: any(each.get("from") == port for each in clear_media.read(tmp_path, "findings")), "clear voice", 10.0)
        clear_media.disallow(port)
    figures = [each for each in clear_media.read(tmp_path, "findings") if "seen" in each]
    assert figures and figures[0]["seen"] >= 100, json.dumps(figures)


@pytest.mark.skipif(capture.missing() is not None, reason=capture.missing() or "")
def test_this_run_is_watched():
    assert os.path.isdir(os.environ[clear_media.FOLDER])


SPEAKS = """
import socket
import pytest
from kit import clear_media

{marker}
def test_of_something_else():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as speaker, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        for each in (speaker, listener):
            each.bind(("127.0.0.1", 0))
        {allowed}
        for number in range(50):
            speaker.sendto(b"\\x80\\0\\0" + bytes([number]) + bytes(8) + {payload}, listener.getsockname())
"""
CLEAR, ALLOWED = r'b"\xff" * 160', 'clear_media.allow(speaker.getsockname()[1], "by design")'


@pytest.mark.skipif(namespaces.missing() is not None, reason=str(namespaces.missing()))
@pytest.mark.parametrize("payload, allowed, marker, fails", [
    (CLEAR, "", "", True), (CLEAR, ALLOWED, "", False), (CLEAR, "", '@pytest.mark.clear_media("by design")', False),
    ('__import__("os").urandom(160)', "", "", False)], ids=["in clear", "allowed", "marked", "encrypted"])
def test_a_run_that_has_voice_in_clear_fails(tmp_path, payload, allowed, marker, fails):
    file = tmp_path / "test_run.py"
    file.write_text(SPEAKS.format(payload=payload, allowed=allowed or "pass", marker=marker))
    alone = {name: value for name, value in os.environ.items() if name != clear_media.FOLDER and "PYTEST" not in name}
    done = run(["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", "/usr/bin/python3", "-m", "pytest", "-q",
                "-p", "conftest", "-p", "no:cacheprovider", file], env={**alone, "PYTHONPATH": str(ROOT / "tests")}, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert (done.returncode, "FOUND IN CLEAR" in done.stdout) == (int(fails), fails), done.stdout
    during = [line for line in done.stdout.splitlines() if "during" in line]  # by a path that depends on where this runs
    assert bool(during) == fails and all(line.endswith("test_run.py::test_of_something_else") for line in during), done.stdout
