// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress, shown, toUri } from "./address.ts";

const uri = (text: string) => {
  const address = parseAddress(text, "example.org");
  return address && toUri(address);
};

test("a name, a number and an address are dialled", () => {
  assert.equal(uri("bob"), "sip:bob@example.org");
  assert.equal(uri(" sip:Bob@other.example:5061 "), "sip:Bob@other.example:5061");
  assert.equal(uri("+49 (30) 12-34"), "sip:+49301234@example.org");
  assert.equal(uri("*72#"), "sip:*72%23@example.org");
  assert.equal(uri("bob@[2001:db8::1]"), "sip:bob@[2001:db8::1]");
});

test("what is no address is refused", () => {
  for (const text of ["", "bob bob", "bob@", "@example.org", "bob@exa mple.org", "sips:bob@example.org", "bob@h;transport=udp", "bob@h?x=y",
                      "bob\r\nVia: x", "bob@h\r\nX: y", "bob>", "a@b@c d"]) {
    assert.equal(uri(text), undefined, text);
  }
});

test("one's own domain is not repeated to the eye", () => {
  assert.equal(shown("sip:bob@example.org;transport=ws", "example.org"), "bob");
  assert.equal(shown("sip:bob@other.example", "example.org"), "bob@other.example");
});
