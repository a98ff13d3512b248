// SPDX-License-Identifier: Apache-2.0
// Signing in with more than JsSIP knows. JsSIP answers one challenge per request, a Digest with MD5, and once more when that
// challenge says `stale`; it does so with the right CSeq for every kind of request. So it is handed a Digest challenge that
// stands for the server's, and the answer it makes for that is replaced, on its way out, by the real one: a bearer token
// (RFC 8898), SCRAM-SHA-256 (RFC 7804) or Digest SHA-256 (RFC 8760). JsSIP never holds the password.
import { type AuthFields, parseAuthFields } from "./auth_header.ts";
import { answerDigest, isAnswerableDigest, type Password } from "./digest.ts";
import type { Hashes } from "./hashes.ts";
import { type ExpectedProof, isProven, isScram, ScramExchange } from "./scram.ts";
import { fieldsOf, requestLineOf, statusOf, withField } from "./sip_text.ts";

export type Credentials = ({ readonly kind: "password" } & Password) | { readonly kind: "token"; readonly token: string };

// Why the server is not to be trusted, or can not be signed in to.
export type LoginProblem = "noLogin" | "notTheServer";

export interface Received {
  readonly message: string; // what JsSIP is to read
  readonly problem?: LoginProblem;
}

type Answer = (request: string) => Promise<string>;

// Of one connection. Messages are given in their order, each after the one before is done.
export class Login {
  private readonly answers = new Map<string, Answer>(); // by the nonce of the challenge that JsSIP was handed
  private readonly exchanges = new Map<string, ScramExchange>(); // by Call-ID
  private readonly proofs = new Map<string, ExpectedProof>(); // by Call-ID
  private readonly counts = new Map<string, number>(); // how often a nonce of the server's was answered

  constructor(private readonly credentials: Credentials, private readonly hashes: Hashes) {}

  // Rejects when the server's SCRAM challenge is none.
  async received(message: string): Promise<Received> {
    const status = statusOf(message);
    if (status === 401) return this.challenged(message, "WWW-Authenticate");
    if (status === 407) return this.challenged(message, "Proxy-Authenticate");
    return status !== undefined && status >= 200 ? this.final(message, status) : { message };
  }

  async sending(message: string): Promise<string> {
    for (const field of ["Authorization", "Proxy-Authorization"]) {
      const nonce = parseAuthFields(fieldsOf(message, field)[0] ?? "")?.params.get("nonce");
      const answer = nonce === undefined ? undefined : this.answers.get(nonce);
      if (nonce === undefined || !answer) continue;
      this.answers.delete(nonce);
      return withField(message, field, await answer(message));
    }
    return message;
  }

  private async challenged(message: string, field: string): Promise<Received> {
    const challenges = fieldsOf(message, field).flatMap((value) => parseAuthFields(value) ?? []);
    const callId = callIdOf(message), exchange = this.exchanges.get(callId);
    this.exchanges.delete(callId);
    this.proofs.delete(callId);
    const second = exchange && challenges.find((each) => isScram(each) && each.params.has("sid"));
    if (second) return { message: withField(message, field, this.standIn(await this.scramFinal(exchange, second, callId), "stale")) };
    const [answer, stale] = this.answerTo(challenges, callId);
    if (!answer) return { message: withField(message, field, undefined), problem: "noLogin" };
    return { message: withField(message, field, this.standIn(answer, stale ? "stale" : "fresh")) };
  }

  // The best of what the server offers, best first.
  private answerTo(challenges: readonly AuthFields[], callId: string): [Answer | undefined, boolean] {
    const { credentials } = this;
    if (credentials.kind === "token") {
      const bearer = challenges.some((each) => each.scheme === "bearer");
      return [bearer ? () => Promise.resolve(`Bearer ${credentials.token}`) : undefined, false];
    }
    const scram = challenges.find((each) => isScram(each) && each.params.has("realm"));
    if (scram) return [() => this.scramFirst(credentials, scram, callId), false];
    const digest = challenges.find(isAnswerableDigest);
    if (!digest) return [undefined, false];
    return [(request) => this.digest(credentials, digest, request), digest.params.get("stale")?.toLowerCase() === "true"];
  }

  private scramFirst(credentials: Password, challenge: AuthFields, callId: string): Promise<string> {
    const exchange = new ScramExchange(credentials, challenge.params.get("realm") ?? "", this.hashes);
    this.exchanges.set(callId, exchange);
    return Promise.resolve(exchange.first());
  }

  private async scramFinal(exchange: ScramExchange, challenge: AuthFields, callId: string): Promise<Answer> {
    const { authorization, expected } = await exchange.final(challenge);
    return () => {
      this.proofs.set(callId, expected);
      return Promise.resolve(authorization);
    };
  }

  private digest(credentials: Password, challenge: AuthFields, request: string): Promise<string> {
    const nonce = challenge.params.get("nonce") ?? "", count = (this.counts.get(nonce) ?? 0) + 1;
    this.counts.set(nonce, count);
    return answerDigest(challenge, credentials, requestLineOf(request) ?? { method: "", uri: "" }, count, this.hashes);
  }

  private final(message: string, status: number): Received {
    const callId = callIdOf(message), expected = this.proofs.get(callId);
    this.proofs.delete(callId);
    if (!expected || status >= 300) return { message };
    const proven = isProven(expected, fieldsOf(message, "Authentication-Info")[0], this.hashes);
    return proven ? { message } : { message, problem: "notTheServer" };
  }

  private standIn(answer: Answer, freshness: "fresh" | "stale"): string {
    const nonce = this.hashes.nonce();
    this.answers.set(nonce, answer);
    return `Digest realm="stand-in", nonce="${nonce}", algorithm=MD5, qop="auth"` + (freshness === "stale" ? ", stale=true" : "");
  }
}

function callIdOf(message: string): string {
  return fieldsOf(message, "Call-ID")[0] ?? fieldsOf(message, "i")[0] ?? "";
}
