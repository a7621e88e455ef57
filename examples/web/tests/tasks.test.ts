import assert from "node:assert/strict";
import { test } from "node:test";

import { add, assertAccessible, keepScreenshot, shown, titles, world } from "./world.ts";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true };

test("a user signs up, signs out and signs in again", async () => {
  const page = await (await world.profile()).newPage();
  await page.goto("/");
  await page.getByRole("button", { name: "I have no account" }).click();
  await page.getByLabel("Name").fill("Ann");
  await page.getByLabel("E-mail").fill("ann@example.org");
  await page.getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByText("Password too short").waitFor();
  await assertAccessible(page);

  await page.getByLabel("Password").fill("long enough");
  await page.getByRole("button", { name: "Sign up" }).click();
  await add(page, "Buy milk");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("E-mail").fill("ann@example.org");
  await page.getByLabel("Password").fill("wrong one");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Invalid email or password").waitFor();
  await page.getByLabel("Password").fill("long enough");
  await page.getByRole("button", { name: "Sign in" }).click();

  await shown(page, "Buy milk");
});

test("a task is added with all its fields, edited, completed, reopened, deleted and restored", async () => {
  const page = await world.newUserWindow();
  await page.getByText("Details").first().click();
  await page.getByLabel("Description").first().fill("In glass bottles");
  await page.getByRole("combobox", { name: "Priority" }).first().selectOption("high");
  await page.getByLabel("Due day").first().fill("2020-02-29");
  await page.getByLabel("Tags").first().fill("shop, home");
  await add(page, "Buy milk");
  const row = page.getByRole("listitem").filter({ hasText: "Buy milk" }).first();
  assert.deepEqual(await row.getByRole("listitem").allTextContents(), [
    "High priority",
    "Due 2020-02-29",
    "#shop",
    "#home",
  ]);

  await page.getByRole("button", { name: "Edit: Buy milk" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Title").fill("Buy oat milk");
  await dialog.getByLabel("Due day").fill("");
  await dialog.getByLabel("Description").fill("");
  await dialog.getByRole("button", { name: "Save" }).click();
  await shown(page, "Buy oat milk");
  await page.getByText("In glass bottles").waitFor({ state: "detached" });

  await page.getByLabel("Done: Buy oat milk").check();
  await page.locator("#tasks .done").waitFor();
  await page.getByLabel("Done: Buy oat milk").uncheck();
  await page.locator("#tasks .done").waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Delete: Buy oat milk" }).click();
  await page.getByText("No tasks yet").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await shown(page, "Buy oat milk");
});

test("tasks are filtered, searched and ordered", async () => {
  const page = await world.newUserWindow();
  for (const title of ["Straße fegen", "buy milk", "Call Bob"]) await add(page, title);
  await page.getByLabel("Done: Call Bob").check();
  const finding = page.getByRole("search");
  const count = page.locator("#count");
  await finding.getByText("Filter and order").click();

  await finding.getByLabel("Search").fill("STRASSE");
  await count.filter({ hasText: "1 of 3" }).waitFor();
  assert.deepEqual(await titles(page), ["Straße fegen"]);
  await finding.getByLabel("Search").fill("");
  await count.filter({ hasText: "3 tasks" }).waitFor();
  await finding.getByLabel("Order").selectOption("title");
  await page.locator("#tasks .title").first().filter({ hasText: "buy milk" }).waitFor();
  assert.deepEqual(await titles(page), ["buy milk", "Call Bob", "Straße fegen"]);
  await finding.getByLabel("Show").selectOption("done");
  await count.filter({ hasText: "1 of 3" }).waitFor();
  assert.deepEqual(await titles(page), ["Call Bob"]);
});

test("everything works with the keyboard alone", async () => {
  const page = await world.newUserWindow();
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const tabTo = async (name: string) => {
    for (let steps = 0; steps < 40; steps++) {
      const here = await page.evaluate(() => document.activeElement?.ariaLabel ?? document.activeElement?.textContent);
      if (here?.trim() === name) return;
      await press("Tab");
    }
    assert.fail(`Tab does not lead to ${name}`);
  };

  await page.keyboard.type("Buy milk");
  await press("Enter");
  await shown(page, "Buy milk");
  await tabTo("Done: Buy milk");
  await press("Space");
  await page.locator("#tasks .done").waitFor();
  await tabTo("Edit: Buy milk");
  await press("Enter");
  await press("Control+A");
  await page.keyboard.type("Buy oat milk");
  await press("Enter");
  await shown(page, "Buy oat milk");
  await tabTo("Delete: Buy oat milk");
  await press("Enter");
  await page.getByText("No tasks yet").waitFor();
  await tabTo("Sign out");
  await press("Enter");

  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

test("the API's message about a field is shown beside the field", async () => {
  const page = await world.newUserWindow();
  await page.getByText("Details").first().click();
  await page.getByRole("textbox", { name: "Title" }).fill("x".repeat(201));
  await page.getByLabel("Tags").first().fill("t".repeat(51));
  await page.getByRole("button", { name: "Add task" }).click();

  const title = page.locator("#new-task [name=title]");
  await page.locator("#new-task [data-field=title] .field-note").getByText("200").waitFor();
  await page.locator("#new-task [data-field=tags] .field-note").getByText("50").waitFor();
  assert.equal(await title.getAttribute("aria-invalid"), "true");
  assert.equal(await title.getAttribute("aria-describedby"), "new-task-title-note");
  assert.equal(await title.inputValue(), "x".repeat(201));
  await assertAccessible(page);
});

for (const [name, options] of Object.entries({ desktop: { viewport: { width: 1100, height: 720 } }, phone: PHONE })) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the page is accessible and fits on a ${name} with a ${colorScheme} screen`, async () => {
      const page = await world.newUserWindow({ ...options, colorScheme });
      await page.getByText("Details").first().click();
      for (const [title, priority, due, tags] of [
        ["Water the plants", "low", "", "home"],
        ["Book the train to Kraków", "medium", "2030-12-01", "travel"],
        ["Send the tax return", "high", "2030-11-28", "office, money"],
        ["Buy milk", "medium", "", "shop"],
      ] as const) {
        await page.getByRole("combobox", { name: "Priority" }).first().selectOption(priority);
        await page.getByLabel("Due day").first().fill(due);
        await page.getByLabel("Tags").first().fill(tags);
        await add(page, title);
      }
      await page.getByText("Details").first().click();
      await page.getByLabel("Done: Buy milk").check();
      await page.locator("#tasks .done").waitFor();
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());

      await assertAccessible(page);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing sticks out");
      if (colorScheme === "light") await keepScreenshot(page, name);
      await page.getByRole("button", { name: "Edit: Send the tax return" }).click();
      await assertAccessible(page);
    });
  }
}
