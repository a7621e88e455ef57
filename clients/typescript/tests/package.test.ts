import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "vite";

import { json, scripted, tokenOf } from "./scripted-server.ts";

const run = promisify(execFile);
const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(PACKAGE, "node_modules/typescript/bin/tsc");
const milk = { id: 1, title: "Buy milk", revision: 1 };

/** A program that depends on the package alone. */
const PROGRAM = `
import { TodoClient, type Task } from "todo-client";

const { url, token } = globalThis as unknown as Record<"url" | "token", string>;
const client = new TodoClient({ url, userId: "ann", fetchToken: async () => token });
const tasks: Task[] = [];
for await (const page of client.pages()) tasks.push(...page.tasks);
console.log(JSON.stringify(tasks));
`;
const TSC_OPTIONS = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2023,dom,dom.iterable"];

let project: string;
let tarball: string;
before(async () => {
  project = await mkdtemp(join(tmpdir(), "todo-client-"));
  const packed = await run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: PACKAGE });
  tarball = packed.stdout.trim();
  await writeFile(join(project, "package.json"), JSON.stringify({ type: "module", private: true }));
  await run("npm", ["install", "--silent", "--prefer-offline", tarball], { cwd: project });
  await writeFile(join(project, "main.ts"), PROGRAM);
});
after(() => rm(project, { recursive: true }));

test("the package contains the build, its readme and its licence", async () => {
  const names = await readdir(join(project, "node_modules/todo-client"));

  assert.deepEqual(names.sort(), ["LICENSE", "README.md", "dist", "package.json"]);
});

test("the examples of the readme compile, and a program with the package runs in bare Node", async (t) => {
  const readme = await readFile(join(project, "node_modules/todo-client/README.md"), "utf8");
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code);
  await writeFile(join(project, "examples.ts"), examples.join(""));

  await run(process.execPath, [TSC, ...TSC_OPTIONS, "main.ts", "examples.ts"], { cwd: project });

  await assertRuns(t, join(project, "main.js"));
});

test("a Vite project builds a page with the package, and the page runs", async (t) => {
  await writeFile(join(project, "index.html"), '<script type="module" src="./main.ts"></script>');
  await build({ root: project, logLevel: "silent", build: { target: "es2022", modulePreload: false } });

  const [asset = ""] = await readdir(join(project, "dist/assets"));
  await assertRuns(t, join(project, "dist/assets", asset));
});

/** Run a module of the project in a process of its own. */
async function assertRuns(t: Parameters<typeof scripted>[0], module: string): Promise<void> {
  const { url, received } = await scripted(t, json(200, { tasks: [milk], count: 1, next_cursor: null, revision: 1 }));
  const given = { url, token: tokenOf({ exp: Date.now() }) };
  const source = `Object.assign(globalThis, ${JSON.stringify(given)}); await import(${JSON.stringify(module)});`;

  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", source], { cwd: project });

  assert.deepEqual(JSON.parse(stdout), [milk]);
  assert.equal(received[0]?.path, "/api/ann/tasks?limit=100");
}
