import assert from "node:assert/strict";
import { test } from "node:test";

import { Assistant } from "./assistant.ts";
import { type User, world } from "./world.ts";

const METADATA = `${new URL(world.mcpUrl).origin}/.well-known/oauth-protected-resource/mcp`;

async function assistantOf(user: User, more = ""): Promise<Assistant> {
  const assistant = new Assistant(world.mcpUrl, (url) => {
    url.searchParams.set("scope", `${url.searchParams.get("scope")} ${more}`.trim());
    return user.grant(url);
  });
  await assistant.call("find_tasks");
  return assistant;
}

function callWith(token: string): Promise<Response> {
  return fetch(world.mcpUrl, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/json, text/event-stream",
      "MCP-Protocol-Version": "2025-11-25",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }),
  });
}

test("the endpoint refuses the token of a session, and the API the token of an assistant", async () => {
  const ann = await world.newUser();
  const assistant = await assistantOf(ann);
  const ofAssistant = assistant.tokens()?.access_token ?? "";
  const ofSession = await ann.sessionToken();

  assert.equal((await callWith(ofAssistant)).status, 200);
  assert.equal((await ann.fetchTasks(ofSession)).status, 200);
  const [byEndpoint, byApi] = [await callWith(ofSession), await ann.fetchTasks(ofAssistant)];

  assert.deepEqual([byEndpoint.status, (await byEndpoint.json()).error_code], [401, "AUTH_INVALID"]);
  assert.deepEqual([byApi.status, (await byApi.json()).error_code], [401, "AUTH_INVALID"]);
  const challenge = byEndpoint.headers.get("WWW-Authenticate") ?? "";
  assert.match(challenge, /error="invalid_token"/);
  assert.ok(challenge.includes(`resource_metadata="${METADATA}"`));
});

test("a token that is also for the profile of the user is accepted", async () => {
  const ann = await world.newUser();
  const assistant = await assistantOf(ann, "openid");
  const token = assistant.tokens()?.access_token ?? "";

  const { aud } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

  assert.deepEqual(aud, [world.mcpUrl, `${world.authUrl}/api/auth/oauth2/userinfo`]);
});

test("the tasks of one user are out of reach for the assistant of another", async () => {
  const [ann, bob] = [await world.newUser(), await world.newUser()];
  const [hers, his] = [await assistantOf(ann), await assistantOf(bob)];
  await hers.call("add_tasks", { key: "k", tasks: [{ title: "Only for Ann" }] });

  const found = await his.call("find_tasks");
  const byId = await his.call("find_tasks", { ids: [1] });

  for (const { structuredContent } of [found, byId]) {
    assert.deepEqual((structuredContent as { tasks: unknown[] }).tasks, []);
  }
});
