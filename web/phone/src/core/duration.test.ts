// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { shownDuration } from "./duration.ts";

test("the call timer counts minutes, then hours", () => {
  assert.deepEqual([-5, 0, 59_999, 60_000, 3_599_000, 3_661_000].map(shownDuration), ["0:00", "0:00", "0:59", "1:00", "59:59", "1:01:01"]);
});
