// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { protectionFrom, voiceFrom, wordsForProtection } from "./protection.ts";

const connected = {
  type: "transport", dtlsState: "connected", tlsVersion: "FEFD", dtlsCipher: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", srtpCipher: "AEAD_AES_256_GCM",
  localCertificateId: "l", remoteCertificateId: "r",
};
const certificates = [
  { type: "certificate", id: "l", fingerprint: "AA:BB", fingerprintAlgorithm: "sha-256" },
  { type: "certificate", id: "r", fingerprint: "CC:DD", fingerprintAlgorithm: "sha-256" },
];

test("a finished handshake is told with version, suite and both fingerprints", () => {
  assert.deepEqual(protectionFrom([connected, ...certificates]), {
    level: "encrypted", dtls: "DTLS 1.2", handshake: "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", srtp: "AEAD_AES_256_GCM",
    ownFingerprint: "sha-256 AA:BB", theirFingerprint: "sha-256 CC:DD",
  });
});

test("nothing is called encrypted before the handshake is done, or after it failed", () => {
  assert.equal(protectionFrom([]).level, "none");
  for (const [state, level] of [["new", "pending"], ["connecting", "pending"], [undefined, "pending"], ["failed", "broken"], ["closed", "broken"]]) {
    assert.equal(protectionFrom([{ ...connected, dtlsState: state }]).level, level, state);
  }
});

test("what a browser does not tell is not made up", () => {
  const sparse = protectionFrom([{ type: "transport", dtlsState: "connected" }]);
  assert.equal(sparse.level === "encrypted" && sparse.srtp, "not told by this browser");
  assert.equal(sparse.level === "encrypted" && sparse.theirFingerprint, "not told by this browser");
});

test("an encrypted call is never called end to end", () => {
  assert.match(wordsForProtection(protectionFrom([connected])), /to the edge, not end to end/);
});

test("packets and levels are those of the audio", () => {
  assert.deepEqual(voiceFrom([
    { type: "inbound-rtp", kind: "video", packetsReceived: 9 },
    { type: "inbound-rtp", kind: "audio", packetsReceived: 5, packetsLost: 1, audioLevel: 0.5 },
    { type: "outbound-rtp", kind: "audio", packetsSent: 6 },
    { type: "media-source", kind: "audio", audioLevel: 0.25 },
  ]), { sent: 6, received: 5, lost: 1, spoken: 0.25, heard: 0.5 });
  assert.equal(voiceFrom([]).received, 0);
});
