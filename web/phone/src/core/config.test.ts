// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, readConfig } from "./config.ts";

const origin = { host: "edge.example.org:8443", hostname: "edge.example.org" };

test("an empty configuration means the server the page came from", () => {
  assert.deepEqual(readConfig({}, origin), {
    domain: "edge.example.org", sip: "wss://edge.example.org:8443/sip", title: "Sallyport phone", registrationSeconds: 600, iceServers: [],
    relayOnly: false,
  });
});

test("every field is taken, unknown ones are left alone", () => {
  const config = readConfig({
    domain: "example.org", sip: "wss://sip.example.org/ws", title: "Example", registration_seconds: 120, ice_servers: [{ urls: ["stun:s.example"] }],
    relay_only: true, later: 1,
  }, origin);
  assert.deepEqual(config, {
    domain: "example.org", sip: "wss://sip.example.org/ws", title: "Example", registrationSeconds: 120, iceServers: [{ urls: ["stun:s.example"] }],
    relayOnly: true,
  });
});

test("a connection without TLS can not be configured", () => {
  for (const sip of ["ws://edge.example.org/sip", "http://x", "//elsewhere/sip", "sip"]) {
    assert.throws(() => readConfig({ sip }, origin), ConfigError, sip);
  }
});

test("a field of the wrong type is named", () => {
  assert.throws(() => readConfig({ domain: 1 }, origin), /"domain"/);
  assert.throws(() => readConfig({ registration_seconds: 5 }, origin), /"registration_seconds"/);
  assert.throws(() => readConfig({ ice_servers: [{ urls: ["http://x"] }] }, origin), /"ice_servers"/);
  assert.throws(() => readConfig({ relay_only: "yes" }, origin), /"relay_only"/);
  assert.throws(() => readConfig([], origin), ConfigError);
});
