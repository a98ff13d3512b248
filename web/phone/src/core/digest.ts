// SPDX-License-Identifier: Apache-2.0
// Digest with SHA-256 as client (RFC 7616, RFC 8760), `qop=auth`. MD5 is not answered, nor a challenge without qop.
import { type AuthFields, quoted } from "./auth_header.ts";
import { type Hashes, toHex } from "./hashes.ts";

export interface Password {
  readonly user: string;
  readonly password: string;
}

export interface RequestLine {
  readonly method: string;
  readonly uri: string;
}

export function isAnswerableDigest(challenge: AuthFields): boolean {
  const { params } = challenge;
  return challenge.scheme === "digest" && params.get("algorithm")?.toUpperCase() === "SHA-256" && !!params.get("nonce") &&
    params.has("realm") && (params.get("qop") ?? "").split(",").some((each) => each.trim() === "auth");
}

// The value of Authorization. `count`: how often this nonce has been answered, from 1.
export async function answerDigest(challenge: AuthFields, credentials: Password, request: RequestLine, count: number, hashes: Hashes): Promise<string> {
  const realm = challenge.params.get("realm") ?? "", nonce = challenge.params.get("nonce") ?? "";
  const hash = async (text: string) => toHex(await hashes.sha256(hashes.utf8(text)));
  const cnonce = hashes.nonce(), nc = count.toString(16).padStart(8, "0");
  const secret = await hash(`${credentials.user}:${realm}:${credentials.password}`);
  const response = await hash(`${secret}:${nonce}:${nc}:${cnonce}:auth:${await hash(`${request.method}:${request.uri}`)}`);
  const opaque = challenge.params.get("opaque");
  return `Digest username=${quoted(credentials.user)}, realm=${quoted(realm)}, nonce=${quoted(nonce)}, uri=${quoted(request.uri)}, ` +
    `response="${response}", algorithm=SHA-256, qop=auth, cnonce="${cnonce}", nc=${nc}` + (opaque === undefined ? "" : `, opaque=${quoted(opaque)}`);
}
