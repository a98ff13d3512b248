// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

declare const SOURCE_FOLDER: string; // set by build.mjs

// Who may import whom: a folder imports itself and what stands here.
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  media: ["core"],
  sip: ["core"],
  phone: ["core", "media", "sip"],
  view: ["core", "media", "phone"],
};

test("imports point down, and only sip/ knows JsSIP", () => {
  assert.deepEqual(readdirSync(SOURCE_FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort(),
    Object.keys(arrows).sort());
  for (const [folder, below] of Object.entries(arrows)) {
    for (const name of readdirSync(join(SOURCE_FOLDER, folder))) {
      const text = readFileSync(join(SOURCE_FOLDER, folder, name), "utf8");
      for (const [, from] of text.matchAll(/from "([^"]+)"/g)) {
        const outside = /^\.\.\/([^/]+)\//.exec(from!)?.[1];
        assert.ok(!outside || below.includes(outside), `${folder}/${name} imports ${from}`);
        assert.ok(!from!.startsWith("jssip") || folder === "sip", `${folder}/${name} imports ${from}`);
      }
    }
  }
});
