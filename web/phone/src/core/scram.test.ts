// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthFields } from "./auth_header.ts";
import { hashesWith } from "./hashes_test_support.ts";
import { isProven, ScramError, ScramExchange } from "./scram.ts";

// RFC 7677 3.
const clientNonce = "rOprNGfwEbeRWgbNEkqO", serverNonce = clientNonce + "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const text = (value: string) => Buffer.from(parseAuthFields(value)!.params.get("data")!, "base64").toString();
const exchange = () => new ScramExchange({ user: "user", password: "pencil" }, "example.org", hashesWith(clientNonce));
const challenge = (data: string, sid = 'sid="7", ') => parseAuthFields(`SCRAM-SHA-256 ${sid}data="${base64(data)}"`)!;
const serverFirst = `r=${serverNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`;

test("the example of RFC 7677, and the server's proof", async () => {
  const own = exchange();
  assert.equal(text(own.first()), `n,,n=user,r=${clientNonce}`);
  const { authorization, expected } = await own.final(challenge(serverFirst));
  assert.equal(text(authorization), `c=biws,r=${serverNonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`);
  const hashes = hashesWith(), right = base64("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
  assert.equal(isProven(expected, `sid=7, data="${right}"`, hashes), true);
  assert.equal(isProven(expected, `sid=8, data="${right}"`, hashes), false);
  assert.equal(isProven(expected, `sid=7, data="${base64("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")}"`, hashes), false);
  assert.equal(isProven(expected, undefined, hashes), false);
});

test("a name with the grammar's own letters is escaped", () => {
  const own = new ScramExchange({ user: "a=b,c", password: "x" }, "r", hashesWith("n"));
  assert.equal(text(own.first()), "n,,n=a=3Db=2Cc,r=n");
});

test("a challenge for somebody else's exchange, or one that makes guessing cheap, ends it", async () => {
  for (const [data, why] of [
    [serverFirst.replace("rOpr", "xxxx"), /another exchange/],
    [`r=${clientNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`, /another exchange/],
    [serverFirst.replace("4096", "1"), /rounds/],
    [serverFirst.replace("4096", "99999999"), /rounds/],
    [serverFirst + ",m=x", /malformed/],
    ["", /malformed/],
  ] as const) {
    await assert.rejects(exchange().final(challenge(data)), (error) => error instanceof ScramError && why.test(error.message), data);
  }
  await assert.rejects(exchange().final(challenge(serverFirst, "")), /malformed/);
});
