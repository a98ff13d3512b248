# SPDX-License-Identifier: Apache-2.0
"""Test speech: a voiced, syllable-like pattern whose shape a comparison can recognise."""
import array
import math
import operator
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


def pcmu(sample):
    """A 16-bit sample in G.711 mu-law."""
    size = min(abs(sample) + 132, 32767)
    segment = size.bit_length() - 8
    coded = segment << 4 | (size >> segment + 3) & 15
    return ~(coded | (128 if sample < 0 else 0)) & 255


def from_pcmu(coded):
    """The 16-bit sample of a mu-law byte."""
    coded = ~coded & 255
    size = (((coded & 15) << 3) + 132 << (coded >> 4 & 7)) - 132
    return -size if coded & 128 else size


def pcma(sample):
    """A 16-bit sample in G.711 A-law."""
    size = (sample if sample >= 0 else ~sample) >> 4
    segment = max(0, size.bit_length() - 5)
    coded = segment << 4 | (size >> max(0, segment - 1)) & 15
    return (coded | (128 if sample >= 0 else 0)) ^ 0x55


def read_mono(path, rate=8000):
    """The first channel as floats at `rate`; rates that are multiples of it are averaged down."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2 or file.getframerate() % rate:
            raise ValueError(f"{path}: 16 bit at a multiple of {rate} Hz is wanted")
        step, channels = file.getframerate() // rate, file.getnchannels()
        samples = array.array("h", file.readframes(file.getnframes()))[::channels]
    return _thinned(samples, step)


def likeness(played, heard, longest_delay=3.0, rate=8000):
    """How much of what was played is in what was heard, judged by correlation half a second at a time, so
    that a playout that slips by a few samples is forgiven and a missing half second is not.
    Returns {"correlation": of the median piece, "worst": of the worst, "delay": seconds, "seconds": judged}."""
    reference, sample = read_mono(played, rate), read_mono(heard, rate)
    lag = _lag(reference, sample, longest_delay, rate)
    piece, slack, scores = rate // 2, rate // 50, []
    for start in range(max(0, lag), min(len(sample), len(reference) + lag) - piece + 1, piece):
        part, same = sample[start:start + piece], reference[start - lag:start - lag + piece]
        if sum(map(_square, same)) < piece * 100.0:
            continue  # a pause in the speech says nothing
        first = max(0, start - lag - slack)
        around = reference[first:start - lag + piece + slack]
        scores.append(max(_correlations(part, around, range(len(around) - piece + 1)), default=(0.0, 0))[0])
    if not scores:
        return {"correlation": 0.0, "worst": 0.0, "delay": 0.0, "seconds": 0.0}
    scores.sort()
    return {"correlation": scores[len(scores) // 2], "worst": scores[0], "delay": lag / rate, "seconds": len(scores) * piece / rate}


def _lag(reference, sample, longest_delay, rate, coarse=8):
    """How many samples later it was heard than played, by the loudest second of what was heard: searched at a
    low rate, where vowels resemble each other, and decided between the likeliest at the full one."""
    thin_reference, thin_sample, second = _thinned(reference, coarse), _thinned(sample, coarse), rate // coarse
    step = second // 4
    power = [sum(map(_square, thin_sample[at:at + second])) for at in range(0, max(1, len(thin_sample) - second), step)]
    at = power.index(max(power)) * step
    span = int(longest_delay * second)
    first = max(0, at - span)
    near = thin_reference[first:at + second + span]
    likely = sorted(_correlations(thin_sample[at:at + second], near, range(-second // 2, max(1, len(near) - second))), reverse=True)[:12]
    loudest = sample[at * coarse:(at + second) * coarse]
    places = {place for _, found in likely for place in range((first + found - 1) * coarse, (first + found + 1) * coarse)}
    return at * coarse - max(_correlations(loudest, reference, sorted(places)), default=(0.0, at * coarse))[1]


def _square(value):
    return value * value


def _thinned(samples, step):
    if step == 1:
        return [float(value) for value in samples]
    return [sum(samples[at:at + step]) / step for at in range(0, len(samples) - step + 1, step)]


def _correlations(first, second, lags):
    """(correlation, lag) for each lag where second[i + lag] covers at least half of first[i]."""
    for lag in lags:
        start, end = max(0, -lag), min(len(first), len(second) - lag)
        if end - start < min(len(first), len(second)) // 2:
            continue
        a, b = first[start:end], second[start + lag:end + lag]
        power = sum(map(_square, a)) * sum(map(_square, b))
        if power > 0:
            yield sum(map(operator.mul, a, b)) / math.sqrt(power), lag
