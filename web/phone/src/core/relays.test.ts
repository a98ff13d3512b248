// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRelays, relaysType } from "./relays.ts";

const relay = { urls: ["turns:turn.example.org:443?transport=tcp"], username: "1800000000:alice@example.org", credential: "c2VjcmV0" };

test("a server's relays are taken as they are", () => {
  assert.deepEqual(readRelays(relaysType, JSON.stringify({ ice_servers: [relay], lifetime: 600 })), [relay]);
});

test("what is no such document is none", () => {
  for (const body of ["", null, undefined, "{", "[]", "null", '{"ice_servers": 1}']) assert.deepEqual(readRelays(relaysType, body), [], String(body));
  assert.deepEqual(readRelays("application/json", JSON.stringify({ ice_servers: [relay] })), []);
  assert.deepEqual(readRelays(undefined, JSON.stringify({ ice_servers: [relay] })), []);
});

test("an entry that is no relay, or has no credentials, is left out", () => {
  const others = [null, { ...relay, urls: [] }, { ...relay, urls: ["http://x"] }, { ...relay, urls: "turn:x" }, { urls: relay.urls }, { ...relay, credential: 1 }];
  assert.deepEqual(readRelays(relaysType, JSON.stringify({ ice_servers: [...others, relay] })), [relay]);
});
