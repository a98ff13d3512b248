// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthFields } from "./auth_header.ts";
import { hashesWith } from "./hashes_test_support.ts";
import { Login, type Credentials } from "./login.ts";
import { fieldsOf } from "./sip_text.ts";

const password: Credentials = { kind: "password", user: "alice", password: "s3cret" };
const token: Credentials = { kind: "token", token: "a.b.c" };
const digest = 'Digest realm="example.org", nonce="theirs", algorithm=SHA-256, qop="auth"';
const scram = 'SCRAM-SHA-256 realm="example.org"';

const response = (status: number, ...fields: string[]) =>
  [`SIP/2.0 ${status} Said`, "Call-ID: c1", "CSeq: 1 REGISTER", ...fields, "Content-Length: 0", "", ""].join("\r\n");
const challenge = (...values: string[]) => response(401, ...values.map((value) => `WWW-Authenticate: ${value}`));
const seen = (message: string) => parseAuthFields(fieldsOf(message, "WWW-Authenticate")[0] ?? "")?.params;

// What JsSIP makes of the challenge it was handed.
const request = (handed: string) => ["REGISTER sip:example.org SIP/2.0", "Call-ID: c1",
  `Authorization: Digest algorithm=MD5, username="alice", realm="stand-in", nonce="${seen(handed)!.get("nonce")}", uri="sip:example.org", response="00"`,
  "", ""].join("\r\n");
const authorization = (message: string) => parseAuthFields(fieldsOf(message, "Authorization")[0]!)!;

test("a SHA-256 challenge is answered where JsSIP knows MD5 only", async () => {
  const login = new Login(password, hashesWith("stand-in-1", "ours"));
  const { message, problem } = await login.received(challenge(digest.replace("SHA-256", "MD5"), digest));
  assert.equal(problem, undefined);
  assert.equal(fieldsOf(message, "WWW-Authenticate").length, 1);
  assert.equal(seen(message)!.get("algorithm"), "MD5");
  const { params } = authorization(await login.sending(request(message)));
  assert.deepEqual([params.get("algorithm"), params.get("nonce"), params.get("uri"), params.get("cnonce")], ["SHA-256", "theirs", "sip:example.org", "ours"]);
});

test("a nonce that is answered twice is counted, and stale is passed on", async () => {
  const login = new Login(password, hashesWith("s1", "c1", "s2", "c2"));
  await login.sending(request((await login.received(challenge(digest))).message));
  const again = await login.received(challenge(`${digest}, stale=TRUE`));
  assert.equal(seen(again.message)!.get("stale"), "true");
  assert.equal(authorization(await login.sending(request(again.message))).params.get("nc"), "00000002");
});

test("a token goes to a server that asks for one, and to no other", async () => {
  const login = new Login(token, hashesWith("s1"));
  const asked = await login.received(challenge(digest, 'Bearer realm="example.org"'));
  assert.match(await login.sending(request(asked.message)), /\r\nAuthorization: Bearer a\.b\.c\r\n/);
  assert.equal((await new Login(token, hashesWith()).received(challenge(digest))).problem, "noLogin");
});

test("a password is not given to a server that knows only MD5 or tokens", async () => {
  for (const offered of [digest.replace("SHA-256", "MD5"), "Bearer realm=x", "Basic realm=x"]) {
    const { message, problem } = await new Login(password, hashesWith()).received(challenge(offered));
    assert.equal(problem, "noLogin", offered);
    assert.deepEqual(fieldsOf(message, "WWW-Authenticate"), []);
  }
});

test("SCRAM is preferred, and takes its second step where JsSIP would give up", async () => {
  const login = new Login(password, hashesWith("s1", "nonce", "s2"));
  const first = await login.sending(request((await login.received(challenge(digest, scram))).message));
  assert.equal(authorization(first).scheme, "scram-sha-256");
  const serverFirst = Buffer.from("r=nonceTHEIRS,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").toString("base64");
  const second = await login.received(challenge(`${scram}, sid=9, data="${serverFirst}"`));
  assert.equal(seen(second.message)!.get("stale"), "true");
  assert.equal(authorization(await login.sending(request(second.message))).params.get("sid"), "9");
  assert.equal((await login.received(response(200))).problem, "notTheServer", "a 2xx without a proof");
});

test("a refusal after the proof is a wrong password, not a false server", async () => {
  const login = new Login(password, hashesWith("s1", "nonce", "s2", "s3"));
  await login.sending(request((await login.received(challenge(scram))).message));
  const serverFirst = Buffer.from("r=nonceTHEIRS,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").toString("base64");
  await login.sending(request((await login.received(challenge(`${scram}, sid=9, data="${serverFirst}"`))).message));
  const refused = await login.received(challenge(scram));
  assert.deepEqual([refused.problem, seen(refused.message)!.get("stale")], [undefined, undefined]);
  assert.equal((await login.received(response(200))).problem, undefined);
});

test("everything else passes untouched, bodies too", async () => {
  const login = new Login(password, hashesWith());
  const body = "INVITE sip:bob@example.org SIP/2.0\r\nCall-ID: c2\r\n\r\nAuthorization: Digest nonce=x\r\nv=0\r\n";
  assert.equal(await login.sending(body), body);
  assert.equal((await login.received(body)).message, body);
  assert.equal((await login.received(response(180))).message, response(180));
  assert.equal(await login.sending("\r\n\r\n"), "\r\n\r\n");
});
