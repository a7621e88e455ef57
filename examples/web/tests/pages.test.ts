import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { SignJWT } from "jose";
import type { Page } from "playwright-core";
import { build } from "vite";

import { type Api, startApi } from "../server/api.ts";
import { freePorts } from "./ports.ts";
import { world } from "./world.ts";

const SECRET = "a secret of these tests alone, of 32 bytes at least";
// A page without a library: it fetches the list once and shows the titles.
const LIST = `<!doctype html>
<title>Tasks</title>
<ul></ul>
<script type="module">
  const { url, token, moment, credentials } = Object.fromEntries(new URLSearchParams(location.search));
  if (moment === "after") await new Promise((resolve) => addEventListener("load", () => setTimeout(resolve)));
  const show = (text) => document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: text }));
  try {
    const response = await fetch(url, { credentials, headers: { Authorization: "Bearer " + token } });
    for (const { title } of (await response.json()).tasks) show(title);
    show("End of the list");
  } catch (error) {
    show(String(error));
  }
</script>`;

const GUIDE = fileURLToPath(new URL("../../../docs/guide/sync.md", import.meta.url));
const CLIENT = fileURLToPath(new URL("../../../clients/typescript/src/index.ts", import.meta.url));
// A page with the function of the guide.
const SHARED = `
import { TodoClient } from "todo-client";
import { shareTasks } from "./guide.ts";

const { origin, id, token } = Object.fromEntries(new URLSearchParams(location.search));
const client = new TodoClient({ url: origin, userId: id, fetchToken: async () => token });
void shareTasks(client, id, (tasks) => {
  document.body.textContent = "Tasks: " + tasks.map(({ title }) => title).sort().join(", ");
});`;

const contents: Record<string, [type: string, content: string]> = { "/list": ["text/html", LIST] };
const pages = createServer((request, response) => {
  const [type, content] = contents[request.url?.split("?")[0] ?? ""] ?? ["text/html", "<!doctype html>"];
  response.setHeader("Content-Type", type).end(content);
});
let directory: string;
let origin: string;
let api: Api;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), "todo-pages-"));
  const [port] = await freePorts(1);
  origin = `http://127.0.0.1:${port}`;
  await once(pages.listen(port, "127.0.0.1"), "listening");
  api = await startApi(directory, { PORT: "0", BETTER_AUTH_SECRET: SECRET, CORS_ORIGINS: origin });
});
after(async () => {
  await api.stop();
  pages.close();
  pages.closeAllConnections();
  await rm(directory, { recursive: true });
});

for (const moment of ["before", "after"]) {
  test(`after Back, a page that fetches its list ${moment} the load event shows the current tasks`, async () => {
    const user = await newUser();
    await user.add("Buy milk");
    const page = await (await world.profile()).newPage();
    await page.goto(user.page("list", { moment }));
    assert.deepEqual(await titles(page), ["Buy milk"]);

    await page.goto(`${origin}/elsewhere`);
    await user.add("Call Bob");
    await page.goBack();

    assert.deepEqual(await titles(page), ["Buy milk", "Call Bob"]);
  });
}

test("a page of a configured origin may fetch with credentials", async () => {
  const user = await newUser();
  await user.add("Buy milk");
  const page = await (await world.profile()).newPage();

  await page.goto(user.page("list", { credentials: "include" }));

  assert.deepEqual(await titles(page), ["Buy milk"]);
});

test("windows share one stream as the guide shows, and the next window takes over when one is closed", async () => {
  await buildShared();
  const user = await newUser();
  const context = await world.profile();
  let streams = 0;
  context.on("request", (request) => {
    streams += Number(new URL(request.url()).pathname.endsWith("/changes/stream"));
  });
  const windows: Page[] = [];
  for (let number = 0; number < 8; number++) {
    const page = await context.newPage();
    await page.goto(user.page("shared"));
    await page.getByText("Tasks:").waitFor();
    windows.push(page);
  }
  const allShow = (text: string) => Promise.all(windows.map((page) => page.getByText(text, { exact: true }).waitFor()));

  await user.add("Buy milk");
  await allShow("Tasks: Buy milk");
  assert.equal(streams, 1);
  await windows.shift()?.close();
  await user.add("Call Bob");
  await allShow("Tasks: Buy milk, Call Bob");
  await user.remove(1);
  await allShow("Tasks: Call Bob");

  assert.equal(streams, 2);
});

/** Build the page with the function of the guide. */
async function buildShared(): Promise<void> {
  const guide = (await readFile(GUIDE, "utf8")).match(/^```ts\n(.*?)^```/ms)?.[1] ?? "";
  await writeFile(join(directory, "guide.ts"), guide);
  await writeFile(join(directory, "main.ts"), SHARED);
  await writeFile(join(directory, "index.html"), '<body></body><script type="module" src="./main.ts"></script>');
  await build({
    configFile: false,
    root: directory,
    logLevel: "silent",
    build: { target: "es2022", modulePreload: false },
    resolve: { alias: { "todo-client": CLIENT } },
  });
  contents["/shared"] = ["text/html", await readFile(join(directory, "dist/index.html"), "utf8")];
  for (const name of await readdir(join(directory, "dist/assets")))
    contents[`/assets/${name}`] = ["text/javascript", await readFile(join(directory, "dist/assets", name), "utf8")];
}

interface User {
  add(title: string): Promise<void>;
  remove(id: number): Promise<void>;
  /** Return the URL of a page that shows the tasks of this user. */
  page(name: "list" | "shared", options?: Record<string, string>): string;
}

let users = 0;

async function newUser(): Promise<User> {
  const id = `user-${++users}`;
  const token = await new SignJWT({ user_id: id })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("15m")
    .sign(new TextEncoder().encode(SECRET));
  const url = `${api.url}/api/${id}/tasks`;
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  return {
    async add(title) {
      const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ title }) });
      assert.equal(response.status, 201);
    },
    async remove(task) {
      assert.equal((await fetch(`${url}/${task}`, { method: "DELETE", headers })).status, 204);
    },
    page(name, options = {}) {
      return `${origin}/${name}?${new URLSearchParams({ origin: api.url, id, url, token, ...options })}`;
    },
  };
}

async function titles(page: Page): Promise<string[]> {
  await page.getByText(/End of the list|Error/).waitFor();
  const lines = await page.locator("li").allTextContents();
  assert.equal(lines.pop(), "End of the list");
  return lines;
}
