// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthFields } from "./auth_header.ts";
import { answerDigest, isAnswerableDigest } from "./digest.ts";
import { hashesWith } from "./hashes_test_support.ts";

const challenge = (rest: string) => parseAuthFields(`Digest realm="http-auth@example.org", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", ${rest}`)!;

test("the example of RFC 7616 3.9.1", async () => {
  const answer = await answerDigest(challenge('qop="auth, auth-int", algorithm=SHA-256, opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'),
    { user: "Mufasa", password: "Circle of Life" }, { method: "GET", uri: "/dir/index.html" }, 1, hashesWith("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"));
  const { params } = parseAuthFields(answer)!;
  assert.equal(params.get("response"), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
  assert.equal(params.get("nc"), "00000001");
  assert.equal(params.get("opaque"), "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS");
});

test("MD5, a challenge without qop and one of another scheme are not answered", () => {
  assert.equal(isAnswerableDigest(challenge('qop="auth", algorithm=SHA-256')), true);
  for (const rest of ['qop="auth"', 'qop="auth", algorithm=MD5', "algorithm=SHA-256", 'qop="auth-int", algorithm=SHA-256']) {
    assert.equal(isAnswerableDigest(challenge(rest)), false, rest);
  }
  assert.equal(isAnswerableDigest(parseAuthFields("Bearer realm=x, nonce=y, qop=auth, algorithm=SHA-256")!), false);
});
