import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach } from "node:test";
import { fileURLToPath } from "node:url";

import type { AxeResults } from "axe-core";
import {
  type APIRequestContext,
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";

import { type Api, runApi, startApi } from "../server/api.ts";
import { type AuthOptions, createAuth, Tables } from "../server/auth.ts";
import { createSite } from "../server/site.ts";
import { freePorts, HOST } from "./ports.ts";

export const PASSWORD = "long enough";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync", "--disable-component-update"];
// The browser resolves no host but loopback: a page that loads anything from another host fails.
const NETWORK = ["--disable-background-networking", `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${HOST}`];

/** The sign-in server with the page, and an API that accepts its tokens. */
export class World {
  readonly tables = new Tables();
  url = "";
  api!: Api;
  #directory = "";
  #site!: ReturnType<typeof createSite>;
  #browser: Promise<Browser> | undefined;

  static async open(options: AuthOptions = {}): Promise<World> {
    const world = new World();
    world.#directory = await mkdtemp(join(tmpdir(), "todo-e2e-"));
    const [port, apiPort] = await freePorts(2);
    world.url = `http://${HOST}:${port}`;
    world.#site = createSite(createAuth(world.url, world.tables, options), `http://${HOST}:${apiPort}`);
    await world.startSite();
    await world.startApi(String(apiPort));
    return world;
  }

  async close(): Promise<void> {
    await (await this.#browser)?.close();
    await Promise.all([this.stopSite(), this.api.stop()]);
    await rm(this.#directory, { recursive: true });
  }

  async closeWindows(): Promise<void> {
    const contexts = (await this.#browser)?.contexts() ?? [];
    await Promise.all(contexts.map((context) => context.close()));
  }

  async startApi(port = new URL(this.api.url).port): Promise<void> {
    this.api = await startApi(this.#directory, { PORT: port, BETTER_AUTH_URL: this.url, CORS_ORIGINS: this.url });
  }

  /** Restart the API with a new epoch, as after a backup was restored. */
  async restoreApi(): Promise<void> {
    await this.api.stop();
    await runApi(this.#directory, ["epoch", "--renew"]);
    await this.startApi();
  }

  async startSite(): Promise<void> {
    this.#site.listen(Number(new URL(this.url).port), HOST);
    await once(this.#site, "listening");
  }

  async stopSite(): Promise<void> {
    const closed = once(this.#site, "close");
    this.#site.close();
    this.#site.closeAllConnections();
    await closed;
  }

  /** Return a new browser profile. */
  async profile(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    this.#browser ??= chromium.launch({ executablePath: "/usr/bin/chromium", args: [...FLAGS, ...NETWORK] });
    const context = await (await this.#browser).newContext({ baseURL: this.url, ...options });
    context.setDefaultTimeout(20_000);
    return context;
  }

  /** Return a window of a new user who has signed up. */
  async newUserWindow(options: BrowserContextOptions = {}): Promise<Page> {
    const profile = await this.profile(options);
    await signUp(profile.request);
    return openWindow(profile);
  }

  /** Return another profile in which the same user is signed in. */
  async sameProfile(page: Page): Promise<BrowserContext> {
    return this.profile({ storageState: await page.context().storageState() });
  }

  /** Send a request to the API without a browser. */
  request(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.api.url + path, init);
  }
}

/** Open another window of the same user and wait until it is live. */
export async function openWindow(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto("/");
  await page.getByText("Live").waitFor();
  return page;
}

/** Add a task with only a title, and wait until the list shows it. */
export async function add(page: Page, title: string): Promise<void> {
  await page.getByRole("textbox", { name: "Title" }).fill(title);
  await page.getByRole("button", { name: "Add task" }).click();
  await shown(page, title);
}

/** Wait until the list shows a title. */
export async function shown(page: Page, title: string, timeout = 20_000): Promise<void> {
  await page.locator("#tasks .title", { hasText: title }).waitFor({ timeout });
}

/** Return the titles in the list, in order. */
export function titles(page: Page): Promise<string[]> {
  return page.locator("#tasks .title").allTextContents();
}

/** Sign up a new user at the endpoints of Better Auth. */
export async function signUp(requests: APIRequestContext, endpoints = "/api/auth"): Promise<void> {
  const data = { name: "Ann", email: `ann-${randomUUID().slice(0, 8)}@example.org`, password: PASSWORD };
  await requests.post(`${endpoints}/sign-up/email`, { data });
}

/** Return a token from Better Auth for the user who is signed in, and the user's id. */
export async function tokenOf(
  requests: APIRequestContext,
  endpoints = "/api/auth",
): Promise<{ token: string; userId: string }> {
  const { token } = await (await requests.get(`${endpoints}/token`)).json();
  const { user } = await (await requests.get(`${endpoints}/get-session`)).json();
  return { token, userId: user.id };
}

/** Check the current page with the rules of axe. */
export async function assertAccessible(page: Page): Promise<void> {
  // The page's Content-Security-Policy refuses other scripts, so this one is evaluated by the debugger.
  await page.evaluate(await readFile(AXE, "utf8"));
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } };
    return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join()}`);
  });
  assert.deepEqual(violations, []);
}

/** With SCREENSHOTS set, save a screenshot for the documentation. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`../../../docs/images/web-${name}.png`, import.meta.url));
  if (process.env.SCREENSHOTS) await page.screenshot({ path });
}

/** All tests share one world, since opening one takes seconds. Each test signs up its own users. */
export const world = await World.open();
afterEach(() => world.closeWindows());
after(() => world.close());
