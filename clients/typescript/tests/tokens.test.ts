import assert from "node:assert/strict";
import { test } from "node:test";

import { TodoClient, UnusableToken } from "../src/index.ts";
import { TokenSource } from "../src/tokens.ts";
import { problem, scripted, tokenOf } from "./scripted-server.ts";

/** A source of 15-minute tokens, and the number of calls. */
function source(fails = () => false) {
  const counted = { calls: 0 };
  const tokens = new TokenSource(async () => {
    counted.calls += 1;
    if (fails()) throw new Error("the issuer is down");
    // The issuer's clock may differ from this machine's.
    return tokenOf({ iat: 1_000_000, exp: 1_000_900, number: counted.calls });
  });
  return { tokens, counted };
}

test("concurrent callers share one token", async () => {
  const { tokens, counted } = source();

  const given = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);

  assert.equal(new Set(given).size, 1);
  assert.equal(counted.calls, 1);
});

test("a token is renewed in its last minute, and no caller waits", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { tokens, counted } = source();
  const first = await tokens.get();

  t.mock.timers.tick(839_000);
  assert.equal(await tokens.get(), first);
  assert.equal(counted.calls, 1);
  t.mock.timers.tick(2_000);
  assert.equal(await tokens.get(), first);
  await new Promise(setImmediate);

  assert.notEqual(await tokens.get(), first);
  assert.equal(counted.calls, 2);
});

test("with the issuer down, a token is used until it expires, and then the failure is thrown", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  let down = false;
  const { tokens } = source(() => down);
  const first = await tokens.get();

  down = true;
  t.mock.timers.tick(899_000);
  assert.equal(await tokens.get(), first);
  t.mock.timers.tick(1_000);
  await assert.rejects(tokens.get(), /the issuer is down/);
  down = false;

  assert.notEqual(await tokens.get(), first);
});

test("a token that was refused is replaced once for all callers", async () => {
  const { tokens, counted } = source();
  const refused = await tokens.get();

  const replaced = await tokens.replace(refused);

  assert.notEqual(replaced, refused);
  assert.equal(await tokens.replace(refused), replaced);
  assert.equal(counted.calls, 2);
});

test("a token without iat is used until its exp by this machine's clock", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 5_000_000 });
  const issued = [5_900, 6_800].map((exp) => tokenOf({ exp }));
  const tokens = new TokenSource(async () => issued.shift() ?? "");
  const first = await tokens.get();

  t.mock.timers.tick(839_000);
  assert.equal(await tokens.get(), first);
  t.mock.timers.tick(61_000);

  assert.notEqual(await tokens.get(), first);
});

test("a token without iat that has expired by this machine's clock is left to the server and used once", async () => {
  const issued = [1_000, 2_000].map((exp) => tokenOf({ exp }));
  const tokens = new TokenSource(async () => issued.shift() ?? "");

  assert.notEqual(await tokens.get(), await tokens.get());
});

for (const [what, value] of Object.entries({
  undefined: undefined,
  null: null,
  "the whole response": { token: tokenOf({ exp: 900 }) },
  "an empty string": "",
  "an opaque session token": "dXNlcg.c2Vzc2lvbg",
  "a JWT whose payload is not JSON": "e30.e30x.c2ln",
  "a JWT whose payload is not an object": `e30.${btoa("null")}.c2ln`,
  "a JWT without exp": tokenOf({ iat: 0 }),
  "a JWT whose exp is a string": tokenOf({ iat: 0, exp: "900" }),
  "a JWT that expires when it is issued": tokenOf({ iat: 900, exp: 900 }),
})) {
  test(`a request and the feed end with UnusableToken when fetchToken returns ${what}`, async (t) => {
    const { url, received } = await scripted(t);
    const client = new TodoClient({ url, userId: "ann", fetchToken: async () => value as string });

    await assert.rejects(client.get(1), UnusableToken);
    await assert.rejects(client.follow(new AbortController().signal).next(), UnusableToken);

    assert.deepEqual(received, []);
  });
}

test("a fetchToken that returns a refused token again causes UnusableToken after two requests", async (t) => {
  const { url, received } = await scripted(t, ...Array(4).fill(problem(401, "AUTH_INVALID")));
  const expired = tokenOf({ iat: 0, exp: 900 });
  const client = new TodoClient({ url, userId: "ann", fetchToken: async () => expired });

  await assert.rejects(client.get(1), UnusableToken);
  assert.equal(received.length, 2);
  await assert.rejects(client.follow(new AbortController().signal).next(), UnusableToken);
  assert.equal(received.length, 4);
});
