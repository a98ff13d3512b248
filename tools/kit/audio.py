# SPDX-License-Identifier: Apache-2.0
"""Test speech: a voiced, syllable-like pattern whose shape a comparison can recognise."""
import array
import math
import wave


def write_syllables(path, seconds=6.0, rate=8000, seed=1):
    """A mono 16-bit WAV of gliding vowels with pauses; different seeds do not correlate."""
    samples = array.array("h")
    phase = 0.0
    state = seed * 7919 + 17
    position, total = 0, int(seconds * rate)
    while position < total:
        state = (state * 1103515245 + 12345) % 2**31
        pitch = 110 + state % 140
        glide = ((state >> 8) % 80) - 40
        length = int(rate * (0.12 + (state >> 16) % 120 / 1000))
        pause = int(rate * (0.03 + (state >> 5) % 60 / 1000))
        for step in range(length):
            share = step / length
            phase += 2 * math.pi * (pitch + glide * share) / rate
            envelope = math.sin(math.pi * share)
            voice = sum(math.sin(phase * harmonic) / harmonic for harmonic in (1, 2, 3, 5, 8))
            samples.append(int(7000 * envelope * voice / 1.6))
        samples.extend([0] * pause)
        position = len(samples)
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(samples[:total].tobytes())
    return path
