// SPDX-License-Identifier: Apache-2.0

// The cryptography the core needs, which the browser has: nothing is computed by hand here.
export interface Hashes {
  utf8(text: string): Uint8Array;
  toBase64(bytes: Uint8Array): string;
  fromBase64(text: string): Uint8Array | undefined;
  sha256(bytes: Uint8Array): Promise<Uint8Array>;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Promise<Uint8Array>;
  pbkdf2Sha256(password: Uint8Array, salt: Uint8Array, rounds: number): Promise<Uint8Array>; // 32 bytes
  nonce(): string; // new, unguessable, of letters and digits
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
