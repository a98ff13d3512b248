// SPDX-License-Identifier: Apache-2.0
// SCRAM-SHA-256 as client (RFC 5802, RFC 7677) in the framing of RFC 7804: the server never learns the password, and
// proves in its 2xx that it knows the verifier. No channel binding: a page can not see its TLS connection.
import { type AuthFields, parseAuthFields, quoted } from "./auth_header.ts";
import type { Password } from "./digest.ts";
import type { Hashes } from "./hashes.ts";

// What the server must show in Authentication-Info.
export interface ExpectedProof {
  readonly sid: string;
  readonly signature: string;
}

export class ScramError extends Error {}

const minRounds = 4096, maxRounds = 1_000_000;

export function isScram(challenge: AuthFields): boolean {
  return challenge.scheme === "scram-sha-256";
}

// One exchange: first(), then final() with the server's second challenge.
export class ScramExchange {
  private readonly firstBare: string;
  private readonly nonce: string;

  constructor(private readonly credentials: Password, private readonly realm: string, private readonly hashes: Hashes) {
    this.nonce = hashes.nonce();
    this.firstBare = `n=${credentials.user.replaceAll("=", "=3D").replaceAll(",", "=2C")},r=${this.nonce}`;
  }

  first(): string {
    return `SCRAM-SHA-256 realm=${quoted(this.realm)}, data=${quoted(this.encoded(`n,,${this.firstBare}`))}`;
  }

  // Throws ScramError when the challenge is no answer to first().
  async final(challenge: AuthFields): Promise<{ authorization: string; expected: ExpectedProof }> {
    const sid = challenge.params.get("sid"), serverFirst = this.decoded(challenge.params.get("data"));
    const parts = serverFirst === undefined ? null : /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/=]+),i=([1-9]\d{0,8})$/.exec(serverFirst);
    const salt = parts ? this.hashes.fromBase64(parts[2]!) : undefined;
    if (!sid || !parts || !salt) throw new ScramError("the server's challenge is malformed");
    const nonce = parts[1]!, rounds = Number(parts[3]);
    if (!nonce.startsWith(this.nonce) || nonce.length === this.nonce.length) throw new ScramError("the server answered another exchange");
    if (rounds < minRounds || rounds > maxRounds) throw new ScramError("the server asks for too few or too many rounds");
    const withoutProof = `c=biws,r=${nonce}`; // biws: "n,,"
    const { proof, signature } = await this.signed(salt, rounds, `${this.firstBare},${serverFirst},${withoutProof}`);
    return {
      authorization: `SCRAM-SHA-256 sid=${quoted(sid)}, data=${quoted(this.encoded(`${withoutProof},p=${proof}`))}`,
      expected: { sid, signature },
    };
  }

  // RFC 5802 3.
  private async signed(salt: Uint8Array, rounds: number, message: string): Promise<{ proof: string; signature: string }> {
    const { utf8, toBase64, hmacSha256, sha256, pbkdf2Sha256 } = this.hashes;
    const salted = await pbkdf2Sha256(utf8(this.credentials.password.normalize("NFKC")), salt, rounds);
    const clientKey = await hmacSha256(salted, utf8("Client Key"));
    const clientSignature = await hmacSha256(await sha256(clientKey), utf8(message));
    const serverKey = await hmacSha256(salted, utf8("Server Key"));
    return {
      proof: toBase64(clientKey.map((byte, index) => byte ^ clientSignature[index]!)),
      signature: toBase64(await hmacSha256(serverKey, utf8(message))),
    };
  }

  private encoded(text: string): string {
    return this.hashes.toBase64(this.hashes.utf8(text));
  }

  private decoded(data: string | undefined): string | undefined {
    const bytes = data === undefined ? undefined : this.hashes.fromBase64(data);
    return bytes && String.fromCharCode(...bytes); // ASCII by its grammar; anything else fits no pattern
  }
}

// `information`: the value of Authentication-Info, which is parameters without a scheme.
export function isProven(expected: ExpectedProof, information: string | undefined, hashes: Hashes): boolean {
  const params = information === undefined ? undefined : parseAuthFields(`SCRAM-SHA-256 ${information}`)?.params;
  const data = params?.get("data"), bytes = data === undefined ? undefined : hashes.fromBase64(data);
  return params?.get("sid") === expected.sid && bytes !== undefined && String.fromCharCode(...bytes) === `v=${expected.signature}`;
}
