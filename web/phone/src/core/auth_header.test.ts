// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAuthFields, quoted } from "./auth_header.ts";

const read = (value: string) => {
  const fields = parseAuthFields(value);
  return fields && [fields.scheme, Object.fromEntries(fields.params)];
};

test("a challenge is a scheme and parameters, quoted or not", () => {
  assert.deepEqual(read('Digest realm="a, \\"b\\"", algorithm=SHA-256,  QOP="auth,auth-int" '),
    ["digest", { realm: 'a, "b"', algorithm: "SHA-256", qop: "auth,auth-int" }]);
  assert.deepEqual(read("Bearer"), ["bearer", {}]);
});

test("what is no challenge is nothing", () => {
  for (const value of ["", '"', "Digest realm", 'Digest realm="a', "Digest realm=a realm=b", "Digest realm=a, realm=b", "Bearer a.b.c"]) {
    assert.equal(read(value), undefined, value);
  }
});

test("quotes in a name can not end it", () => {
  assert.equal(quoted('a"b\\'), '"a\\"b\\\\"');
  assert.deepEqual(read(`X a=${quoted('"\\')}`), ["x", { a: '"\\' }]);
});
