// SPDX-License-Identifier: Apache-2.0
// How the voice of a call is protected, read from the statistics of its connection (W3C webrtc-stats). A browser sends
// no voice in the clear (RFC 8827 6.5), so what is asked here is: is the handshake done, and with what.

export type Stat = Readonly<Record<string, unknown>>;

export type Protection =
  | { readonly level: "none" | "pending" | "broken" }
  | {
      readonly level: "encrypted";
      readonly dtls: string;
      readonly handshake: string;
      readonly srtp: string;
      readonly ownFingerprint: string;
      readonly theirFingerprint: string;
    };

export interface Voice {
  readonly sent: number; // packets
  readonly received: number;
  readonly lost: number;
  readonly spoken: number; // level now, 0 to 1
  readonly heard: number;
}

export const silence: Voice = { sent: 0, received: 0, lost: 0, spoken: 0, heard: 0 };

const notTold = "not told by this browser";

export function protectionFrom(stats: readonly Stat[]): Protection {
  const transport = stats.find((stat) => stat["type"] === "transport");
  if (!transport) return { level: "none" };
  switch (transport["dtlsState"]) {
    case "connected":
      break;
    case "failed":
    case "closed":
      return { level: "broken" };
    default:
      return { level: "pending" };
  }
  return {
    level: "encrypted",
    dtls: dtlsVersion(transport["tlsVersion"]),
    handshake: text(transport["dtlsCipher"]),
    srtp: text(transport["srtpCipher"]),
    ownFingerprint: fingerprint(stats, transport["localCertificateId"]),
    theirFingerprint: fingerprint(stats, transport["remoteCertificateId"]),
  };
}

export function voiceFrom(stats: readonly Stat[]): Voice {
  const audio = (type: string) => stats.find((stat) => stat["type"] === type && stat["kind"] === "audio");
  const inbound = audio("inbound-rtp"), outbound = audio("outbound-rtp"), source = audio("media-source");
  return {
    sent: count(outbound?.["packetsSent"]),
    received: count(inbound?.["packetsReceived"]),
    lost: count(inbound?.["packetsLost"]),
    spoken: count(source?.["audioLevel"]),
    heard: count(inbound?.["audioLevel"]),
  };
}

// One sentence; the details are for who wants them.
export function wordsForProtection(protection: Protection): string {
  switch (protection.level) {
    case "none":
    case "pending":
      return "Agreeing on keys. No voice is sent before that.";
    case "broken":
      return "The keys could not be agreed. No voice is sent.";
    case "encrypted":
      return "Encrypted to the edge, not end to end: the server your phone is signed in to can hear the call, nobody on the way can.";
  }
}

// RFC 6347 4.1, RFC 9147 5.3: versions count down from 254.255.
function dtlsVersion(value: unknown): string {
  const names: Record<string, string> = { FEFF: "DTLS 1.0", FEFD: "DTLS 1.2", FEFC: "DTLS 1.3" };
  return typeof value === "string" ? (names[value.toUpperCase()] ?? value) : notTold;
}

function fingerprint(stats: readonly Stat[], id: unknown): string {
  const certificate = stats.find((stat) => stat["type"] === "certificate" && stat["id"] === id);
  const value = certificate?.["fingerprint"], algorithm = certificate?.["fingerprintAlgorithm"];
  return typeof value === "string" && typeof algorithm === "string" ? `${algorithm} ${value}` : notTold;
}

function text(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : notTold;
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
