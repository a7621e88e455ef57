import assert from "node:assert/strict";
import { test } from "node:test";

import { Assistant } from "./assistant.ts";
import { inspect } from "./inspector.ts";
import { world } from "./world.ts";

const MILK = { key: "k1", tasks: [{ title: "Buy milk" }] };
const ADDED = { tasks: [{ id: 1, revision: 1 }], added_before: false };

for (const [era, version] of [
  ["legacy", "2025-11-25"],
  ["auto", "2026-07-28"],
] as const) {
  test(`the official client registers, gets a token of a new user, and adds a task for that user, in ${version}`, async () => {
    const ann = await world.newUser();
    const assistant = new Assistant(world.mcpUrl, (url) => ann.grant(url), era);

    const { structuredContent } = await assistant.call("add_tasks", MILK);

    assert.deepEqual(structuredContent, ADDED);
    assert.equal(assistant.version, version);
    assert.deepEqual(await ann.titles(), ["Buy milk"]);
  });

  test(`the Inspector does the same, in ${version}`, async () => {
    const ann = await world.newUser();
    const call = ["--method", "tools/call", "--tool-name", "add_tasks", "--tool-args-json", JSON.stringify(MILK)];

    const run = await inspect(["--protocol-era", era, ...call], (url) => ann.grant(url));

    assert.equal(run.status, 0, run.errors);
    assert.deepEqual((run.result as { structuredContent: unknown }).structuredContent, ADDED);
    assert.deepEqual(await ann.titles(), ["Buy milk"]);
  });
}

test("the Inspector lists the tools, and warns of nothing in their schemas", async () => {
  const ann = await world.newUser();
  const assistant = new Assistant(world.mcpUrl, (url) => ann.grant(url));
  await assistant.call("find_tasks");

  const authorization = `Authorization: Bearer ${assistant.tokens()?.access_token}`;
  const run = await inspect(["--header", authorization, "--method", "tools/list", "--strict"]);

  assert.equal(run.status, 0, run.errors);
  assert.doesNotMatch(run.errors, /warning/i);
  assert.equal((run.result as { tools: unknown[] }).tools.length, 8);
});

test("an assistant that may only read asks the user again when it has to write", async () => {
  const ann = await world.newUser();
  const granted = ["tasks:read", undefined];
  const assistant = new Assistant(world.mcpUrl, (url) => ann.grant(url, granted.shift()));

  await assistant.call("find_tasks");
  assert.equal(assistant.tokens()?.scope, "tasks:read");
  const { structuredContent } = await assistant.call("add_tasks", MILK);

  assert.deepEqual(structuredContent, ADDED);
  assert.equal(assistant.requested.length, 2);
  assert.ok(assistant.requested[1]?.includes("tasks:write"));
});

test("a client of the user's machine that does not say so when it registers is registered", async () => {
  for (const redirect_uris of [
    ["http://localhost:33418/"],
    ["http://127.0.0.1:33418/", "https://editor.example/redirect"],
  ]) {
    const body = JSON.stringify({ client_name: "Editor", redirect_uris, token_endpoint_auth_method: "none" });
    const headers = { "Content-Type": "application/json" };

    const response = await fetch(`${world.authUrl}/api/auth/oauth2/register`, { method: "POST", headers, body });

    assert.deepEqual([response.status, (await response.json()).application_type], [201, "native"]);
  }
});
