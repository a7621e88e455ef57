import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { toNodeHandler } from "better-auth/node";
import { decodeJwt, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { request } from "playwright-core";

import { type Api, startApi } from "../server/api.ts";
import { createAuth, Tables } from "../server/auth.ts";
import { freePorts } from "./ports.ts";
import { add, openWindow, shown, signUp, tokenOf, World, world } from "./world.ts";

const ALGORITHMS = ["EdDSA", "ES256", "RS256", "PS256"] as const;

let directory: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "todo-tokens-"));
});
after(() => rm(directory, { recursive: true }));

test("a user can't read or change the tasks of another user, in the page or by direct requests", async () => {
  const ann = await world.newUserWindow();
  const bob = await world.newUserWindow();
  await add(ann, "Only for Ann");
  const { userId } = await tokenOf(ann.request);
  const { token } = await tokenOf(bob.request);
  const body = JSON.stringify({ title: "Smuggled in" });

  for (const [method, path] of [
    ["GET", "tasks"],
    ["POST", "tasks"],
    ["GET", "tasks/1"],
    ["PUT", "tasks/1"],
    ["PATCH", "tasks/1"],
    ["DELETE", "tasks/1"],
    ["POST", "tasks/batch"],
    ["GET", "changes"],
    ["GET", "changes/stream"],
  ] as const) {
    const headers = { ...bearer(token), "Content-Type": "application/json" };
    const response = await world.request(`/api/${userId}/${path}`, {
      method,
      headers,
      ...(method[0] === "P" && { body }),
    });
    assert.deepEqual(
      [response.status, (await response.json()).error_code],
      [403, "AUTH_FORBIDDEN"],
      `${method} ${path}`,
    );
  }
  await bob.getByText("No tasks yet").waitFor();
  await shown(await openWindow(ann.context()), "Only for Ann");
});

test("an opaque session token is not accepted as a bearer token", async () => {
  const page = await world.newUserWindow();
  const { userId } = await tokenOf(page.request);
  const cookie = (await page.context().cookies()).find(({ name }) => name === "better-auth.session_token");
  const signed = decodeURIComponent(cookie?.value ?? "");

  for (const token of [signed, signed.split(".")[0]]) {
    const response = await world.request(`/api/${userId}/tasks`, { headers: bearer(token ?? "") });
    assert.deepEqual([response.status, (await response.json()).error_code], [401, "AUTH_INVALID"]);
  }
});

test("a rotated signing key is accepted without a failed request", async () => {
  const page = await world.newUserWindow();
  const before = await tokenOf(page.request);
  const refused: string[] = [];
  page.on("response", (response) => {
    if (response.status() >= 400) refused.push(response.url());
  });
  for (const key of world.tables.jwks as { expiresAt?: Date }[]) key.expiresAt = new Date();
  const after = await tokenOf(page.request);
  await page.reload();
  await add(page, "With the new key");

  assert.notEqual(keyOf(after.token), keyOf(before.token));
  assert.deepEqual(refused, []);
  assert.equal((await world.request(`/api/${before.userId}/tasks`, { headers: bearer(before.token) })).status, 200);
});

test("the API's own docs authorise and send a request, without any other host", async () => {
  const own = await world.newUserWindow();
  const { token, userId } = await tokenOf(own.request);
  const page = await own.context().newPage();
  const failed: string[] = [];
  page.on("requestfailed", (request) => failed.push(request.url()));
  await page.goto(`${world.api.url}/docs`);

  await page.getByRole("button", { name: "Authorize" }).click();
  await page.locator(".auth-container input").fill(token);
  await page.locator(".auth-container").getByRole("button", { name: "Apply credentials" }).click();
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("#operations-tasks-list_tasks .opblock-summary-control").click();
  await page.getByRole("button", { name: "Try it out" }).click();
  await page.getByPlaceholder("user_id").fill(userId);
  await page.getByRole("button", { name: "Execute" }).click();

  await page.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  assert.deepEqual(failed, []);
});

for (const alg of ALGORITHMS) {
  test(`tokens of Better Auth are accepted with ${alg}`, async () => {
    const signing = await World.open({ jwks: { keyPairConfig: { alg } } });
    try {
      const visitor = await request.newContext({ baseURL: signing.url });
      await signUp(visitor);
      const { token, userId } = await tokenOf(visitor);

      const response = await signing.request(`/api/${userId}/tasks`, { headers: bearer(token) });

      assert.equal(headerOf(token).alg, alg);
      assert.equal(response.status, 200);
    } finally {
      await signing.close();
    }
  });
}

const PLACEMENTS = {
  "with `basePath` is accepted where BETTER_AUTH_URL has this path": {
    path: "",
    options: { basePath: "/auth/v1" },
    endpoints: "/auth/v1",
    settings: (url: string) => ({ BETTER_AUTH_URL: `${url}/auth/v1` }),
  },
  "with a path in `baseURL` is accepted where BETTER_AUTH_URL is this URL": {
    path: "/login",
    options: {},
    endpoints: "/login",
    settings: (url: string) => ({ BETTER_AUTH_URL: `${url}/login` }),
  },
  "with `jwksPath` is accepted where TODO_JWKS_URL names this path": {
    path: "",
    options: { jwks: { jwksPath: "/.well-known/jwks.json" } },
    endpoints: "/api/auth",
    settings: (url: string) => ({
      BETTER_AUTH_URL: url,
      TODO_JWKS_URL: `${url}/api/auth/.well-known/jwks.json`,
    }),
  },
  "with all three is accepted where TODO_JWKS_URL, JWT_ISSUER and JWT_AUDIENCE are set": {
    path: "/login",
    options: { basePath: "/ignored", jwks: { jwksPath: "/keys" } },
    endpoints: "/login",
    settings: (url: string) => ({ TODO_JWKS_URL: `${url}/login/keys`, JWT_ISSUER: url, JWT_AUDIENCE: url }),
  },
};

for (const [how, { path, options, endpoints, settings }] of Object.entries(PLACEMENTS)) {
  test(`the token of a Better Auth ${how}`, async () => {
    const [port] = await freePorts(1);
    const url = `http://127.0.0.1:${port}`;
    const auth = createServer(toNodeHandler(createAuth(`${url}${path}`, new Tables(), options)));
    await once(auth.listen(port, "127.0.0.1"), "listening");
    const api = await startApi(directory, { PORT: "0", ...settings(url) });

    try {
      const visitor = await request.newContext({ baseURL: url });
      await signUp(visitor, endpoints);
      const { token, userId } = await tokenOf(visitor, endpoints);
      const response = await fetch(`${api.url}/api/${userId}/tasks`, { headers: bearer(token) });

      const { iss, aud } = decodeJwt(token);
      assert.deepEqual([iss, aud], [url, url]);
      assert.equal(response.status, 200);
    } finally {
      await api.stop();
      auth.close();
      auth.closeAllConnections();
    }
  });
}

test("tokens signed by jose are accepted with every algorithm, but only with the right issuer and audience", async () => {
  const pairs = await Promise.all(ALGORITHMS.map(async (alg) => ({ alg, ...(await generateKeyPair(alg)) })));
  const keys = await Promise.all(
    pairs.map(async ({ alg, publicKey }) => ({ ...(await exportJWK(publicKey)), alg, kid: alg })),
  );
  const issuer = createServer((_, response) => void response.end(JSON.stringify({ keys }))).listen(0, "127.0.0.1");
  await new Promise((resolve) => issuer.once("listening", resolve));
  const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
  const api = await startApi(directory, { PORT: "0", BETTER_AUTH_URL: url });

  try {
    for (const { alg, privateKey } of pairs) {
      const sign = (iss: string, aud: string, kid = alg) =>
        new SignJWT({ user_id: "ann" })
          .setProtectedHeader({ alg, kid })
          .setIssuer(iss)
          .setAudience(aud)
          .setExpirationTime("15m")
          .sign(privateKey);
      assert.equal(await statusWith(api, await sign(url, url)), 200, alg);
      assert.equal(await statusWith(api, await sign("http://127.0.0.1:1", url)), 401, `${alg}, other issuer`);
      assert.equal(await statusWith(api, await sign(url, "http://127.0.0.1:1")), 401, `${alg}, other audience`);
    }
  } finally {
    await api.stop();
    issuer.close();
    issuer.closeAllConnections();
  }
});

test("with a shared secret, a token with user_id as its only claim about the user is accepted", async () => {
  const secret = "a secret that both sides know, of 32 bytes at least";
  const api = await startApi(directory, { PORT: "0", BETTER_AUTH_SECRET: secret });
  const sign = (payload: JWTPayload, key = secret) =>
    new SignJWT(payload)
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime("7d")
      .sign(new TextEncoder().encode(key));

  try {
    assert.equal(await statusWith(api, await sign({ user_id: "ann" })), 200);
    assert.equal(await statusWith(api, await sign({ userId: "ann", sub: "ann", id: "ann" })), 401);
    assert.equal(await statusWith(api, await sign({ user_id: "ann" }, `${secret}!`)), 401);
  } finally {
    await api.stop();
  }
});

async function statusWith(api: Api, token: string): Promise<number> {
  return (await fetch(`${api.url}/api/ann/tasks`, { headers: bearer(token) })).status;
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

function headerOf(token: string): { alg: string; kid: string } {
  return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
}

function keyOf(token: string): string {
  return headerOf(token).kid;
}
