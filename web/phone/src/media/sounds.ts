// SPDX-License-Identifier: Apache-2.0

export type Sound = "none" | "ring" | "ringback";

interface Pattern {
  readonly frequencies: readonly number[];
  readonly on: number; // seconds
  readonly period: number;
}

const patterns: Readonly<Record<Exclude<Sound, "none">, Pattern>> = {
  ring: { frequencies: [660, 880], on: 1, period: 3 },
  ringback: { frequencies: [425], on: 1, period: 5 }, // ETSI TS 101 041
};

// Made by the browser, so that there is no file to fetch.
export class Sounds {
  private playing: Sound = "none";
  private context: AudioContext | undefined;
  private timer: ReturnType<typeof setInterval> | undefined;

  play(sound: Sound): void {
    if (sound === this.playing) return;
    this.playing = sound;
    clearInterval(this.timer);
    void this.context?.close();
    this.context = undefined;
    if (sound === "none") return;
    const pattern = patterns[sound], context = new AudioContext();
    this.context = context;
    burst(context, pattern);
    this.timer = setInterval(() => burst(context, pattern), pattern.period * 1000);
  }
}

function burst(context: AudioContext, pattern: Pattern): void {
  const gain = context.createGain(), now = context.currentTime;
  gain.gain.setValueAtTime(0, now);
  gain.gain.linearRampToValueAtTime(0.08, now + 0.02);
  gain.gain.setValueAtTime(0.08, now + pattern.on - 0.02);
  gain.gain.linearRampToValueAtTime(0, now + pattern.on);
  gain.connect(context.destination);
  for (const frequency of pattern.frequencies) {
    const tone = context.createOscillator();
    tone.frequency.value = frequency;
    tone.connect(gain);
    tone.start(now);
    tone.stop(now + pattern.on);
  }
}
