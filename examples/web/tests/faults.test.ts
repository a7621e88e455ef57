import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page, Route } from "playwright-core";

import { add, PASSWORD, shown, titles, world } from "./world.ts";

test("input survives lost responses and creates one task", async () => {
  const page = await world.newUserWindow();
  const keys = new Set<string>();
  await page.route(/\/tasks$/, async (route) => {
    keys.add(route.request().headers()["idempotency-key"] ?? "none");
    await route.fetch();
    await route.fulfill({ status: 500, headers: { "Access-Control-Allow-Origin": "*" } });
  });

  await type(page, "Buy milk");
  await submit(page);
  await page.getByText("The server failed. Your input is kept").waitFor();
  await page.unroute(/\/tasks$/);
  await submit(page);

  await titleIsEmpty(page);
  assert.deepEqual(await titles(page), ["Buy milk"]);
  assert.equal(keys.size, 1);
});

test("input typed while a task is being saved is kept", async () => {
  const page = await world.newUserWindow();
  let release: () => void = () => assert.fail();
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route(/\/tasks$/, async (route) => {
    await released;
    await route.continue();
  });

  await type(page, "Buy milk");
  await submit(page);
  await type(page, "Buy milk and eggs");
  await submit(page);
  release();

  await shown(page, "Buy milk");
  assert.equal(await titleInput(page), "Buy milk and eggs");
  await page.unroute(/\/tasks$/);
  await submit(page);
  await shown(page, "Buy milk and eggs");
  assert.equal((await titles(page)).length, 2);
});

test("input survives a server that is down and a reload of the page", async () => {
  const page = await world.newUserWindow();
  await add(page, "Buy milk");
  await world.api.stop();

  await type(page, "Call Bob");
  await submit(page);
  await page.getByText("The server can't be reached. Your input is kept").waitFor();
  await page.getByLabel("Done: Buy milk").click();
  await page.getByText("Not changed").waitFor();
  assert.equal(await page.getByLabel("Done: Buy milk").isChecked(), false);
  await page.getByRole("button", { name: "Edit: Buy milk" }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Buy oat milk");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").getByText("The server can't be reached").waitFor();
  await page.reload();
  await page.getByRole("dialog").waitFor();
  await world.startApi();
  await page.getByText("Live").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await shown(page, "Buy oat milk");
  await submit(page);

  await shown(page, "Call Bob");
});

test("an expired token is renewed, and so is a token that the server refuses", async () => {
  const page = await clocked();
  let renewals = 0;
  page.on("request", (request) => {
    renewals += Number(request.url().endsWith("/api/auth/token"));
  });
  await add(page, "With the first token");
  assert.equal(renewals, 0);

  await page.clock.fastForward("16:00");
  await add(page, "With the second token");
  assert.equal(renewals, 1);

  const refused = (route: Route) =>
    route.continue({ headers: { ...route.request().headers(), authorization: "Bearer x.y.z" } });
  await page.route(/\/tasks$/, refused, { times: 1 });
  await add(page, "With the third token");
  assert.equal(renewals, 2);
});

test("with the sign-in server down, users can work until their token expires", async () => {
  const page = await clocked();
  await world.stopSite();

  await add(page, "Works on");
  await page.clock.fastForward("14:30");
  await add(page, "Works on, though the token can't be renewed");
  await page.clock.fastForward("01:00");
  await type(page, "Has to wait");
  await submit(page);
  await page.getByText("The sign-in server can't be reached. Your input is kept").waitFor();
  assert.equal(await titleInput(page), "Has to wait");
  await world.startSite();
  await submit(page);

  await shown(page, "Has to wait");
});

test("an unusable token is reported until the issuer returns a usable one", async () => {
  const page = await world.newUserWindow();
  await page.route("**/api/auth/token", (route) => route.fulfill({ json: { token: "opaque" } }));
  await page.reload();

  await page.getByText("fetchToken returned a string that is not a JWT").waitFor();
  await page.unroute("**/api/auth/token");
  await page.getByRole("button", { name: "Try again" }).click();

  await page.getByText("Live").waitFor();
});

test("input survives the end of the session", async () => {
  const page = await clocked();
  const email = (await page.locator("#email").textContent()) ?? "";
  await add(page, "Buy milk");
  await page.getByRole("button", { name: "Edit: Buy milk" }).click();
  await page.getByRole("dialog").getByLabel("Title").fill("Buy oat milk");

  world.tables.session.length = 0;
  await page.clock.fastForward("16:00");
  await page.getByText("Your session has ended").waitFor();
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Save" }).click();

  await shown(page, "Buy oat milk");
});

/** Return a window of a new user, with a clock that the test can advance. */
async function clocked(): Promise<Page> {
  const page = await world.newUserWindow();
  await page.clock.install();
  await page.reload();
  await page.getByText("Live").waitFor();
  return page;
}

async function type(page: Page, title: string): Promise<void> {
  await page.getByRole("textbox", { name: "Title" }).fill(title);
}

function submit(page: Page): Promise<void> {
  return page.getByRole("button", { name: "Add task" }).click();
}

function titleInput(page: Page): Promise<string> {
  return page.getByRole("textbox", { name: "Title" }).inputValue();
}

async function titleIsEmpty(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector<HTMLInputElement>("#new-task [name=title]")?.value === "");
}
