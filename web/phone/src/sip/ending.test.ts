// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { problemOf } from "./ending.ts";

test("a call that somebody hangs up, or oneself gives up, is no problem", () => {
  assert.equal(problemOf({ originator: "remote", cause: "Terminated" }), undefined);
  assert.equal(problemOf({ originator: "local", cause: "Canceled" }), undefined);
  assert.equal(problemOf({ originator: "local", cause: "Rejected" }), undefined);
});

test("busy, refused, unknown and unprotected are told apart", () => {
  const refusal = (status_code: number, cause: string) => problemOf({ originator: "remote", cause, message: { status_code, reason_phrase: "X" } });
  assert.equal(refusal(486, "Busy"), "Busy.");
  assert.match(refusal(403, "Rejected")!, /does not allow/);
  assert.match(refusal(603, "Rejected")!, /declined/);
  assert.match(refusal(404, "Not Found")!, /nobody with this address/);
  assert.match(refusal(488, "Incompatible SDP")!, /protected call/);
  assert.match(refusal(503, "SIP Failure Code")!, /could not carry/);
  assert.match(refusal(499, "SIP Failure Code")!, /refused: X\./);
});

test("a caller who gives up and a voice path that fails are told", () => {
  assert.match(problemOf({ originator: "remote", cause: "Canceled" })!, /hung up before/);
  assert.match(problemOf({ originator: "local", cause: "RTP Timeout", message: null })!, /firewall/);
  assert.match(problemOf({ originator: "system", cause: "Connection Error", message: null })!, /connection to the server is gone/);
  assert.match(problemOf({ originator: "system", cause: "Request Timeout", message: null })!, /Nobody answered/);
});
