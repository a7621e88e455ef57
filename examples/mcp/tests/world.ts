import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { toNodeHandler } from "better-auth/node";

import { type Api, startApi } from "../../web/server/api.ts";
import { freePorts, HOST } from "../../web/tests/ports.ts";
import { createAuth } from "../auth.ts";

const PASSWORD = "long enough";

/** A Better Auth server, and an API with an endpoint for assistants, which accepts its tokens. */
export class World {
  authUrl = "";
  mcpUrl = "";
  /** A directory for the tests. */
  directory = "";
  api!: Api;
  #auth!: Server;

  static async open(): Promise<World> {
    const world = new World();
    const [authPort, apiPort] = await freePorts(2);
    world.authUrl = `http://${HOST}:${authPort}`;
    world.mcpUrl = `http://${HOST}:${apiPort}/mcp`;
    world.directory = await mkdtemp(join(tmpdir(), "todo-mcp-"));
    world.#auth = createServer(toNodeHandler(createAuth(world.authUrl, world.mcpUrl))).listen(authPort, HOST);
    await once(world.#auth, "listening");
    const settings = { BETTER_AUTH_URL: world.authUrl, TODO_MCP_URL: world.mcpUrl };
    world.api = await startApi(world.directory, { PORT: String(apiPort), ...settings });
    return world;
  }

  async close(): Promise<void> {
    await this.api.stop();
    this.#auth.close();
    this.#auth.closeAllConnections();
    await rm(this.directory, { recursive: true });
  }

  /** Sign up a new user. */
  async newUser(): Promise<User> {
    const email = `ann-${randomUUID()}@example.org`;
    const response = await post(`${this.authUrl}/api/auth/sign-up/email`, { name: "Ann", email, password: PASSWORD });
    return new User(this, (await response.json()).user.id, email, cookieOf(response));
  }
}

/** A user who is signed in on the page of tasks, and what their browsers do. */
export class User {
  readonly id: string;
  readonly #world: World;
  readonly #email: string;
  readonly #cookie: string;

  constructor(world: World, id: string, email: string, cookie: string) {
    this.#world = world;
    this.id = id;
    this.#email = email;
    this.#cookie = cookie;
  }

  /**
   * Sign in at the page to which this URL leads, and grant what an application requests, or these scopes only.
   * Returns what the application's callback gets.
   */
  async grant(url: URL, scope?: string): Promise<URLSearchParams> {
    const endpoints = `${this.#world.authUrl}/api/auth`;
    const signIn = { email: this.#email, password: PASSWORD, oauth_query: await nextQuery(await fetch(url)) };
    const signedIn = await post(`${endpoints}/sign-in/email`, signIn);
    const consent = { accept: true, scope, oauth_query: await nextQuery(signedIn) };
    const granted = await post(`${endpoints}/oauth2/consent`, consent, cookieOf(signedIn));
    return new URLSearchParams(await nextQuery(granted));
  }

  /** Return the token that the page of the user sends to the API. */
  async sessionToken(): Promise<string> {
    const response = await fetch(`${this.#world.authUrl}/api/auth/token`, { headers: { Cookie: this.#cookie } });
    return (await response.json()).token;
  }

  /** Return the response to a request of the page for the user's tasks, with a token. */
  async fetchTasks(token: string): Promise<Response> {
    return fetch(`${this.#world.api.url}/api/${this.id}/tasks`, { headers: { Authorization: `Bearer ${token}` } });
  }

  /** Return the titles of the user's tasks, as the page shows them. */
  async titles(): Promise<string[]> {
    const { tasks } = await (await this.fetchTasks(await this.sessionToken())).json();
    return tasks.map((task: { title: string }) => task.title);
  }
}

/** Return the query of the URL to which a response of Better Auth sends the browser. */
async function nextQuery(response: Response): Promise<string> {
  return (await response.json()).url.split("?")[1];
}

function cookieOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

function post(url: string, body: object, cookie = ""): Promise<Response> {
  const headers = { "Content-Type": "application/json", Origin: new URL(url).origin, Cookie: cookie };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
}

/** All tests share one world, since opening one takes seconds. Each test signs up its own users. */
export const world = await World.open();
after(() => world.close());
