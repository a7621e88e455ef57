import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { freePorts } from "./ports.ts";

test("one command starts everything and prints the URL, and Ctrl-C stops everything", async () => {
  const [port, apiPort] = await freePorts(2);
  const demo = spawn("npm", ["start"], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, PORT: String(port), API_PORT: String(apiPort) },
    stdio: ["ignore", "pipe", "ignore"],
    detached: true, // a group of its own, as a terminal gives it
  });
  const ended = once(demo, "exit");
  const urls = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${apiPort}/docs`];

  for await (const line of createInterface({ input: demo.stdout })) {
    if (urls.every((url) => line.includes(url))) break;
  }
  for (const url of urls) assert.equal((await fetch(url)).status, 200);
  process.kill(-(demo.pid ?? assert.fail()), "SIGINT");
  await ended;

  for (const url of urls) await assert.rejects(fetch(url));
});
