import assert from "node:assert/strict";
import { test } from "node:test";

import { TokenSource } from "../src/tokens.ts";
import { tokenOf } from "./scripted-server.ts";

/** A source of 15-minute tokens, and how many were asked for. */
function source(fails = () => false) {
  const counted = { asked: 0 };
  const tokens = new TokenSource(async () => {
    counted.asked += 1;
    if (fails()) throw new Error("the issuer is down");
    // What the issuer's clock shows is of no interest.
    return tokenOf({ iat: 1_000_000, exp: 1_000_900, number: counted.asked });
  });
  return { tokens, counted };
}

test("callers at once share one token", async () => {
  const { tokens, counted } = source();

  const given = await Promise.all([tokens.get(), tokens.get(), tokens.get()]);

  assert.equal(new Set(given).size, 1);
  assert.equal(counted.asked, 1);
});

test("a token is renewed in its last minute, and nobody waits", async (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const { tokens, counted } = source();
  const first = await tokens.get();

  t.mock.timers.tick(839_000);
  assert.equal(await tokens.get(), first);
  assert.equal(counted.asked, 1);
  t.mock.timers.tick(2_000);
  assert.equal(await tokens.get(), first);
  await new Promise(setImmediate);

  assert.notEqual(await tokens.get(), first);
  assert.equal(counted.asked, 2);
});

test("with the issuer down, a token serves until it ends, and then the failure is told", async (t) => {
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

test("a token that was refused is replaced once, however many were refused it", async () => {
  const { tokens, counted } = source();
  const refused = await tokens.get();

  const replaced = await tokens.replace(refused);

  assert.notEqual(replaced, refused);
  assert.equal(await tokens.replace(refused), replaced);
  assert.equal(counted.asked, 2);
});
