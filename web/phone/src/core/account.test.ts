// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterAccountEvent, signedOut, type AccountEvent, type AccountState } from "./account.ts";

const address = "sip:alice@example.org";
const after = (...events: AccountEvent[]): AccountState => events.reduce(afterAccountEvent, signedOut);
const registered: AccountEvent[] = [{ type: "signIn", address }, { type: "connected" }, { type: "registered" }];

test("signing in connects, registers and can be undone", () => {
  assert.deepEqual(after(...registered), { phase: "registered", address });
  assert.deepEqual(after(...registered, { type: "signOut" }), signedOut);
});

test("a server that is never reached is told, not dialled for ever", () => {
  assert.deepEqual(after({ type: "signIn", address }, { type: "disconnected", problem: "no route" }),
    { phase: "refused", address, problem: "no route" });
});

test("a connection that is lost is dialled again until it stands", () => {
  const lost = after(...registered, { type: "disconnected", problem: "gone" }, { type: "disconnected", problem: "still" });
  assert.deepEqual(lost, { phase: "reconnecting", address });
  const again = afterAccountEvent(afterAccountEvent(lost, { type: "connected" }), { type: "registered" });
  assert.deepEqual(again, { phase: "registered", address });
});

test("a refusal stays until somebody signs in again", () => {
  const refused = after({ type: "signIn", address }, { type: "connected" }, { type: "refused", problem: "wrong password" });
  assert.equal(afterAccountEvent(refused, { type: "disconnected", problem: "x" }), refused);
  assert.equal(afterAccountEvent(refused, { type: "registered" }), refused);
  assert.equal(afterAccountEvent(refused, { type: "signIn", address }).phase, "connecting");
});

test("late news of a connection do not sign anybody in", () => {
  assert.equal(afterAccountEvent(signedOut, { type: "registered" }), signedOut);
});
