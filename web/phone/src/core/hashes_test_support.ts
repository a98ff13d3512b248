// SPDX-License-Identifier: Apache-2.0
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";
import type { Hashes } from "./hashes.ts";

// With nonces that the test names, in turn.
export function hashesWith(...nonces: string[]): Hashes {
  return {
    utf8: (text) => new Uint8Array(Buffer.from(text, "utf8")),
    toBase64: (bytes) => Buffer.from(bytes).toString("base64"),
    fromBase64: (text) => /^[A-Za-z0-9+/]*={0,2}$/.test(text) ? new Uint8Array(Buffer.from(text, "base64")) : undefined,
    sha256: async (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest()),
    hmacSha256: async (key, bytes) => new Uint8Array(createHmac("sha256", key).update(bytes).digest()),
    pbkdf2Sha256: async (password, salt, rounds) => new Uint8Array(pbkdf2Sync(password, salt, rounds, 32, "sha256")),
    nonce: () => nonces.shift() ?? "unexpected",
  };
}
