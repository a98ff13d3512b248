// SPDX-License-Identifier: Apache-2.0
import { protectionFrom, silence, voiceFrom, type Protection, type Stat, type Voice } from "../core/protection.ts";

const periodMilliseconds = 500;

// Reads the statistics of one connection until it is stopped.
export class Probe {
  private timer: ReturnType<typeof setInterval> | undefined;

  watch(connection: RTCPeerConnection, onReport: (protection: Protection, voice: Voice) => void): void {
    this.stop();
    const timer = setInterval(() => {
      // Asked before the handshake is through, Chromium goes on without the other side's certificate for the whole call.
      if (connection.connectionState === "new" || connection.connectionState === "connecting") {
        onReport({ level: "pending" }, silence);
        return;
      }
      void connection.getStats().then((report) => {
        const stats: Stat[] = [];
        report.forEach((stat: Stat) => stats.push(stat));
        if (this.timer === timer) onReport(protectionFrom(stats), voiceFrom(stats));
      });
    }, periodMilliseconds);
    this.timer = timer;
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}
