// SPDX-License-Identifier: Apache-2.0
import type { Hashes } from "../core/hashes.ts";

const encoder = new TextEncoder();

// core's cryptography by the browser's (Web Cryptography).
export const webHashes: Hashes = {
  utf8: (text) => encoder.encode(text),
  toBase64: (bytes) => btoa(String.fromCharCode(...bytes)),
  fromBase64: (text) => {
    try {
      return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    } catch {
      return undefined;
    }
  },
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", owned(bytes))),
  hmacSha256: async (key, bytes) => {
    const imported = await crypto.subtle.importKey("raw", owned(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, owned(bytes)));
  },
  pbkdf2Sha256: async (password, salt, rounds) => {
    const imported = await crypto.subtle.importKey("raw", owned(password), "PBKDF2", false, ["deriveBits"]);
    const parameters = { name: "PBKDF2", hash: "SHA-256", salt: owned(salt), iterations: rounds };
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, imported, 256));
  },
  nonce: () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""),
};

// Web Cryptography takes no view of a buffer that might be shared.
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
