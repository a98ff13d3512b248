// SPDX-License-Identifier: Apache-2.0
// Bundles the phone into build/web/phone (what the edge serves), or with --tests bundles and runs the unit tests.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../../build/web");

function testFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? testFiles(join(folder, entry.name)) : entry.name.endsWith(".test.ts") ? [join(folder, entry.name)] : []);
}

async function buildPhone() {
  const target = join(out, "phone");
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  cpSync(join(here, "public"), target, { recursive: true });
  cpSync(join(here, "headers.json"), join(target, "headers.json")); // for who serves it; no page
  await build({
    entryPoints: [join(here, "src/main.ts")],
    outfile: join(target, "phone.js"),
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    legalComments: "none",
    logLevel: "warning",
  });
  for (const name of readdirSync(target)) {
    const bytes = readFileSync(join(target, name));
    console.log(`${name.padEnd(16)} ${String(bytes.length).padStart(8)} bytes, ${gzipSync(bytes).length} compressed`);
  }
}

async function runTests() {
  const target = join(out, "phone-tests");
  rmSync(target, { recursive: true, force: true });
  await build({
    entryPoints: testFiles(join(here, "src")),
    outdir: target,
    outbase: join(here, "src"),
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node18",
    define: { SOURCE_FOLDER: JSON.stringify(join(here, "src")) },
    logLevel: "warning",
  });
  const files = testFiles(join(here, "src")).map((file) =>
    join(target, relative(join(here, "src"), file)).replace(/\.ts$/, ".mjs"));
  process.exitCode = spawnSync(process.execPath, ["--test", ...process.argv.slice(3), ...files], { stdio: "inherit" }).status ?? 1;
}

await (process.argv[2] === "--tests" ? runTests() : buildPhone());
