import assert from "node:assert/strict";
import { test } from "node:test";

import type { Page } from "playwright-core";

import { add, assertAccessible, keepScreenshot, openWindow, shown, titles, world } from "./world.ts";

test("two windows of a user show each other's changes within a second", async () => {
  const here = await world.newUserWindow();
  const there = await openWindow(here.context());
  const within = { timeout: 1000 };

  await add(here, "Buy milk");
  await shown(there, "Buy milk", 1000);
  await there.getByLabel("Done: Buy milk").check();
  await here.locator("#tasks .done").waitFor(within);
  await edit(here, "Buy milk", "Title", "Buy oat milk");
  await save(here);
  await shown(there, "Buy oat milk", 1000);
  await there.getByRole("button", { name: "Delete: Buy oat milk" }).click();
  await here.getByText("No tasks yet").waitFor(within);
});

test("a window that was offline catches up and keeps its input", async () => {
  const here = await world.newUserWindow();
  for (const title of ["Stays", "Goes", "Changes"]) await add(here, title);
  const there = await openWindow(await world.sameProfile(here));

  await there.context().setOffline(true);
  await there.getByText("Offline").waitFor();
  await add(here, "Comes");
  await edit(here, "Changes", "Title", "Has changed");
  await save(here);
  await here.getByRole("button", { name: "Delete: Goes" }).click();
  await there.getByRole("textbox", { name: "Title" }).fill("Typed offline");
  await there.getByRole("button", { name: "Add task" }).click();
  await there.getByText("The server can't be reached. Your input is kept").waitFor();
  assert.deepEqual(await titles(there), ["Changes", "Goes", "Stays"]);
  await there.context().setOffline(false);
  await there.getByText("Live").waitFor();
  await shown(there, "Comes");

  assert.deepEqual(await titles(there), ["Comes", "Has changed", "Stays"]);
  await there.getByRole("button", { name: "Add task" }).click();
  await shown(here, "Typed offline");
});

test("a window reads everything again when it may have missed changes", async () => {
  const page = await world.newUserWindow();
  await add(page, "Buy milk");
  const expired = page.waitForResponse((response) => response.status() === 410, { timeout: 60_000 });

  await world.restoreApi();
  await expired;

  await page.getByText("Live").waitFor();
  assert.deepEqual(await titles(page), ["Buy milk"]);
});

test("a user who edits a task that was changed elsewhere sees both versions and chooses", async () => {
  const [here, there] = await bothEditing("Buy milk");
  await here.getByRole("dialog").getByLabel("Title").fill("Buy oat milk");
  await save(here);
  await there.getByRole("dialog").getByLabel("Title").fill("Buy soy milk");
  await there.getByRole("dialog").getByLabel("Due day").fill("2030-12-01");

  await there.getByRole("button", { name: "Save" }).click();
  await there.getByText("Changed elsewhere to: Buy oat milk").waitFor();
  assert.equal(await there.getByRole("dialog").getByLabel("Title").inputValue(), "Buy soy milk");
  assert.deepEqual(await titles(here), ["Buy oat milk"]);
  await assertAccessible(there);
  await there.setViewportSize({ width: 800, height: 720 });
  await keepScreenshot(there, "conflict");
  await there.getByRole("button", { name: "Use this instead" }).click();
  await save(there);

  await here.getByText("Due 2030-12-01").waitFor();
  assert.deepEqual(await titles(here), ["Buy oat milk"]);
});

test("saving again after a conflict overwrites the version that was shown", async () => {
  const [here, there] = await bothEditing("Buy milk");
  await here.getByRole("dialog").getByLabel("Title").fill("Buy oat milk");
  await here.getByRole("dialog").getByLabel("Tags").fill("shop");
  await save(here);
  await there.getByRole("dialog").getByLabel("Title").fill("Buy soy milk");

  await there.getByRole("button", { name: "Save" }).click();
  await there.getByText("Changed elsewhere to: Buy oat milk").waitFor();
  await save(there);

  await shown(here, "Buy soy milk");
  await here.locator("#tasks").getByText("#shop").waitFor();
});

test("a user who edits a task that was deleted elsewhere can save it as a new task", async () => {
  const [here, there] = await bothEditing("Buy milk");
  await here.getByRole("button", { name: "Cancel" }).click();
  await here.getByRole("button", { name: "Delete: Buy milk" }).click();
  await there.getByRole("dialog").getByLabel("Title").fill("Buy soy milk");

  await there.getByRole("button", { name: "Save" }).click();
  await there.getByText("This task was deleted elsewhere").waitFor();
  await save(there);

  await shown(here, "Buy soy milk");
});

async function bothEditing(title: string): Promise<[Page, Page]> {
  const here = await world.newUserWindow();
  await add(here, title);
  const there = await openWindow(here.context());
  for (const page of [here, there]) await page.getByRole("button", { name: `Edit: ${title}` }).click();
  return [here, there];
}

async function edit(page: Page, title: string, field: string, value: string): Promise<void> {
  await page.getByRole("button", { name: `Edit: ${title}` }).click();
  await page.getByRole("dialog").getByLabel(field).fill(value);
}

async function save(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
}
