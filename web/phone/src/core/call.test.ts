// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterCallEvent, noCall, type CallEvent, type CallState } from "./call.ts";

const bob = "sip:bob@example.org";
const after = (...events: CallEvent[]): CallState => events.reduce(afterCallEvent, noCall);
const active = [{ type: "dialled", peer: bob }, { type: "established", at: 5 }] as const;

test("a call that is dialled rings, is answered and ends", () => {
  assert.deepEqual(after({ type: "dialled", peer: bob }, { type: "ringing" }), { phase: "ringing", peer: bob });
  assert.deepEqual(after(...active), { phase: "active", peer: bob, since: 5, muted: false, hold: "none" });
  assert.deepEqual(after(...active, { type: "ended" }), { phase: "idle", ended: { peer: bob } });
});

test("a call that is offered is answered once", () => {
  const answering = after({ type: "offered", peer: bob }, { type: "answering" });
  assert.equal(answering.phase, "answering");
  assert.equal(afterCallEvent(answering, { type: "answering" }), answering);
  assert.equal(afterCallEvent(answering, { type: "established", at: 1 }).phase, "active");
});

test("a second call changes nothing while there is one", () => {
  const one = after(...active);
  assert.equal(afterCallEvent(one, { type: "offered", peer: "sip:eve@example.org" }), one);
  assert.equal(afterCallEvent(one, { type: "dialled", peer: "sip:eve@example.org" }), one);
});

test("both sides hold, and each resumes only its own hold", () => {
  const hold = (...events: CallEvent[]) => (after(...active, ...events) as { hold: string }).hold;
  const here: CallEvent = { type: "held", by: "here" }, there: CallEvent = { type: "held", by: "there" };
  assert.equal(hold(here), "here");
  assert.equal(hold(here, here), "here");
  assert.equal(hold(here, there), "both");
  assert.equal(hold(here, there, { type: "resumed", by: "here" }), "there");
  assert.equal(hold(here, there, { type: "resumed", by: "there" }), "here");
  assert.equal(hold(there, { type: "resumed", by: "here" }), "there");
});

test("mute is remembered and taken back", () => {
  assert.equal((after(...active, { type: "muted" }) as { muted: boolean }).muted, true);
  assert.equal((after(...active, { type: "muted" }, { type: "unmuted" }) as { muted: boolean }).muted, false);
});

test("nothing but a new call wakes an idle phone", () => {
  const late: CallEvent[] = [{ type: "ringing" }, { type: "established", at: 1 }, { type: "muted" }, { type: "held", by: "there" }, { type: "ended" }];
  for (const event of late) assert.equal(afterCallEvent(noCall, event), noCall);
});

test("the reason of a failed call stays until the next call", () => {
  const failed = after({ type: "dialled", peer: bob }, { type: "ended", problem: "busy" });
  assert.deepEqual(failed, { phase: "idle", ended: { peer: bob, problem: "busy" } });
  assert.deepEqual(afterCallEvent(failed, { type: "dialled", peer: bob }), { phase: "calling", peer: bob });
});
