# SPDX-License-Identifier: Apache-2.0
"""The judge of the audio in this folder, judged: what it forgives, and what it must not."""
import wave

import pytest
from kit import audio

RATE = 8000


@pytest.fixture(scope="module")
def speech(tmp_path_factory):
    return audio.write_syllables(tmp_path_factory.mktemp("likeness") / "said.wav", 5, seed=7)


def heard_as(speech, tmp_path, change):
    """A recording of the speech after change(bytes of 16-bit samples)."""
    with wave.open(str(speech)) as said, wave.open(str(tmp_path / "heard.wav"), "wb") as heard:
        heard.setparams(said.getparams())
        heard.writeframes(change(said.readframes(said.getnframes())))
    return audio.likeness(speech, tmp_path / "heard.wav")


def silence(seconds):
    return bytes(2 * int(seconds * RATE))


@pytest.mark.parametrize("change, delay", [
    (lambda said: said[:48000], 0.0),
    (lambda said: silence(0.066) + said[:48000], 0.066),  # heard from its beginning, late
    (lambda said: said[2 * 5632:], -0.704),  # the recorder came late
], ids=["as-it-was", "late", "without-its-beginning"])
def test_speech_is_recognised_wherever_it_begins(speech, tmp_path, change, delay):
    found = heard_as(speech, tmp_path, change)
    assert found["correlation"] > 0.999 and found["worst"] > 0.999 and found["seconds"] >= 2
    assert found["delay"] == pytest.approx(delay, abs=0.001)


def test_a_playout_that_slips_by_a_few_milliseconds_is_forgiven(speech, tmp_path):
    found = heard_as(speech, tmp_path, lambda said: said[:20000] + silence(0.01) + said[20000:48000])
    assert found["correlation"] > 0.99


def test_a_missing_half_second_is_seen(speech, tmp_path):
    found = heard_as(speech, tmp_path, lambda said: said[:24000] + silence(0.5) + said[32000:])
    assert found["correlation"] > 0.99 and found["worst"] == 0.0


def test_speech_of_somebody_else_is_not_it(speech, tmp_path):
    other = audio.write_syllables(tmp_path / "other.wav", 5, seed=8)
    assert audio.likeness(speech, other)["correlation"] < 0.3


def test_silence_is_not_it(speech, tmp_path):
    assert heard_as(speech, tmp_path, lambda said: bytes(len(said)))["correlation"] == 0.0
