import createClient, { type Client } from "openapi-fetch";

import { ApiProblem, Conflict, dataOf, type Result, UnusableToken } from "./errors.ts";
import { type FeedEvent, follow } from "./feed.ts";
import { type Send, sendWithRetries } from "./retries.ts";
import type { paths } from "./schema.ts";
import { TokenSource } from "./tokens.ts";
import type {
  AccessToken,
  AccessTokenDraft,
  ExportFormat,
  ImportFormat,
  ImportReport,
  Kinds,
  NewAccessToken,
  Operation,
  Project,
  ProjectDraft,
  ProjectPatch,
  Task,
  TaskDraft,
  TaskList,
  TaskPatch,
  TaskQuery,
  TaskReplacement,
  Trash,
  TrashQuery,
} from "./types.ts";

const PAGE_LIMIT = 100;
/** The fields that the server sets with every change. They may differ from what a client sends back. */
const SET_BY_SERVER = new Set(["completed_at", "position", "revision", "successor_id", "updated_at"]);

export interface TodoClientOptions {
  /** The API's base URL. */
  url: string;
  /** The id of the user who owns the tasks. The tokens must be of this user. */
  userId: string;
  /** Gets a new JWT, such as from `/api/auth/token`. */
  fetchToken: () => Promise<string>;
}

/**
 * The tasks of one user.
 *
 * A refused request throws ApiProblem. Without a response, it throws Unreachable. Errors of
 * `fetchToken` are passed on, and a value of it that is not a usable JWT throws UnusableToken.
 */
export class TodoClient {
  readonly #http: Client<paths>;
  readonly #owner: { user_id: string };
  readonly #tokens: TokenSource;
  readonly #sendWithoutRetries = (request: Request) => this.#authorized(fetch, request);

  constructor({ url, userId, fetchToken }: TodoClientOptions) {
    this.#tokens = new TokenSource(fetchToken);
    this.#owner = { user_id: userId };
    this.#http = createClient<paths>({
      baseUrl: url,
      // After Back, browsers reuse a cached response without revalidation, unless the request demands it.
      cache: "no-cache",
      fetch: (request) => this.#authorized((each) => sendWithRetries(fetch, each), request),
    });
  }

  /** Find tasks: with `limit`, one page; without it, all in one response. */
  async list(query: TaskQuery = {}): Promise<TaskList> {
    const params = { path: this.#owner, query };
    return dataOf(await this.#http.GET("/api/{user_id}/tasks", { params }));
  }

  /** Find tasks page by page, for lists that are too long for one response. */
  async *pages(query: TaskQuery = {}): AsyncGenerator<TaskList, void, undefined> {
    const limit = query.limit ?? PAGE_LIMIT;
    let cursor = query.cursor;
    do {
      const page = await this.list({ ...query, limit, cursor });
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  async get(id: number): Promise<Task> {
    return dataOf(await this.#http.GET("/api/{user_id}/tasks/{task_id}", { params: { path: this.#path(id) } }));
  }

  /** Create a task. With the key of an attempt whose response was lost, create at most one. */
  async create(draft: TaskDraft, key: string = crypto.randomUUID()): Promise<Task> {
    const params = { path: this.#owner, header: { "Idempotency-Key": key } };
    return dataOf(await this.#http.POST("/api/{user_id}/tasks", { params, body: draft }));
  }

  /**
   * Change fields of a task. With `seen`, only if its revision is still that of `seen`.
   *
   * Throws Conflict if it has changed in a way that this patch would overwrite.
   */
  async patch(id: number, patch: TaskPatch, seen?: { revision: number }): Promise<Task> {
    const params = { path: this.#path(id), header: ifMatch(seen) };
    const sent = this.#http.PATCH("/api/{user_id}/tasks/{task_id}", { params, body: patch });
    return this.#written(sent, id, patch);
  }

  /**
   * Replace a task by PUT; a field that is absent keeps its value. `seen` and Conflict are those of `patch`.
   *
   * The read-only fields of a task that is sent back have no effect.
   */
  async replace(id: number, task: TaskReplacement, seen?: { revision: number }): Promise<Task> {
    const params = { path: this.#path(id), header: ifMatch(seen) };
    const sent = this.#http.PUT("/api/{user_id}/tasks/{task_id}", { params, body: task });
    return this.#written(sent, id, task);
  }

  /**
   * Delete a task: move it to the trash, or erase it with `permanent`. A task that is gone is not an error.
   *
   * With `seen`, only if its revision is still that of `seen`.
   */
  async remove(id: number, seen?: { revision: number }, { permanent = false } = {}): Promise<void> {
    const params = { path: this.#path(id), header: ifMatch(seen), query: permanent ? { permanent } : {} };
    await unlessGone(this.#http.DELETE("/api/{user_id}/tasks/{task_id}", { params }));
  }

  /** Read a page of the trash: deleted tasks and projects with their content, the last deleted ones first. */
  async trash(query: TrashQuery = {}): Promise<Trash> {
    return dataOf(await this.#http.GET("/api/{user_id}/trash", { params: { path: this.#owner, query } }));
  }

  /**
   * Put a task from the trash back into the list. A task that is in the list already is not an error.
   * If its project was deleted, the task has none.
   *
   * With `seen`, only if the revision of its deletion is still that of `seen`.
   */
  async restore(id: number, seen?: { revision: number }): Promise<Task> {
    const params = { path: this.#path(id), header: ifMatch(seen) };
    const sent = this.#http.POST("/api/{user_id}/trash/{task_id}/restore", { params });
    return restored(sent, () => this.get(id));
  }

  /** Erase a task in the trash. `seen` is that of `restore`. A task that is gone is not an error. */
  async erase(id: number, seen?: { revision: number }): Promise<void> {
    const params = { path: this.#path(id), header: ifMatch(seen) };
    await unlessGone(this.#http.DELETE("/api/{user_id}/trash/{task_id}", { params }));
  }

  /** Erase all tasks and projects in the trash. */
  async emptyTrash(): Promise<void> {
    dataOf(await this.#http.DELETE("/api/{user_id}/trash", { params: { path: this.#owner } }));
  }

  /** Return all projects by position. */
  async projects(): Promise<Project[]> {
    return dataOf(await this.#http.GET("/api/{user_id}/projects", { params: { path: this.#owner } })).projects;
  }

  async project(id: number): Promise<Project> {
    const params = { path: this.#projectPath(id) };
    return dataOf(await this.#http.GET("/api/{user_id}/projects/{project_id}", { params }));
  }

  /** Create a project. With the key of an attempt whose response was lost, create at most one. */
  async createProject(draft: ProjectDraft, key: string = crypto.randomUUID()): Promise<Project> {
    const params = { path: this.#owner, header: { "Idempotency-Key": key } };
    return dataOf(await this.#http.POST("/api/{user_id}/projects", { params, body: draft }));
  }

  /** Change fields of a project. With `seen`, only if its revision is still that of `seen`. */
  async patchProject(id: number, patch: ProjectPatch, seen?: { revision: number }): Promise<Project> {
    const params = { path: this.#projectPath(id), header: ifMatch(seen) };
    return dataOf(await this.#http.PATCH("/api/{user_id}/projects/{project_id}", { params, body: patch }));
  }

  /**
   * Delete a project and the tasks in it: move them to the trash. A project that is gone is not an error.
   *
   * With `seen`, only if its revision is still that of `seen`.
   */
  async removeProject(id: number, seen?: { revision: number }): Promise<void> {
    const params = { path: this.#projectPath(id), header: ifMatch(seen) };
    await unlessGone(this.#http.DELETE("/api/{user_id}/projects/{project_id}", { params }));
  }

  /** Restore a project from the trash, and the tasks that were deleted with it. Otherwise like `restore`. */
  async restoreProject(id: number, seen?: { revision: number }): Promise<Project> {
    const params = { path: this.#projectPath(id), header: ifMatch(seen) };
    const sent = this.#http.POST("/api/{user_id}/trash/projects/{project_id}/restore", { params });
    return restored(sent, () => this.project(id));
  }

  /**
   * Apply all operations or none, and return the id and the revision of each.
   *
   * Where an operation needs the id of what an earlier one creates with `ref: "a"`, it can have `{ ref: "a" }`.
   */
  async batch(operations: Operation[], key: string = crypto.randomUUID()): Promise<{ id: number; revision: number }[]> {
    const params = { path: this.#owner, header: { "Idempotency-Key": key } };
    const body = { operations };
    return dataOf(await this.#http.POST("/api/{user_id}/tasks/batch", { params, body })).results;
  }

  /**
   * Export all projects and tasks, with those in the trash, as they are at one moment.
   *
   * The file may be long, so it is a stream, which fails if the file is incomplete. It is not sent again.
   */
  async export(format: ExportFormat = "ndjson", signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const result = await this.#http.GET("/api/{user_id}/export", {
      params: { path: this.#owner, query: { format } },
      parseAs: "stream",
      signal,
      fetch: this.#sendWithoutRetries,
    });
    return dataOf(result) as ReadableStream<Uint8Array>;
  }

  /**
   * Import a file: an export of this API, or the file of another program. A repetition adds nothing twice.
   *
   * A long file takes up to a minute, and is not sent again.
   */
  async import(file: Blob | string, format: ImportFormat, signal?: AbortSignal): Promise<ImportReport> {
    const result = await this.#http.POST("/api/{user_id}/import", {
      params: { path: this.#owner, query: { format } },
      headers: { "Content-Type": "application/octet-stream" },
      body: file as string,
      bodySerializer: (body) => body,
      signal,
      fetch: this.#sendWithoutRetries,
    });
    return dataOf(result);
  }

  async accessTokens(): Promise<AccessToken[]> {
    const params = { path: this.#owner };
    return dataOf(await this.#http.GET("/api/{user_id}/access-tokens", { params })).access_tokens;
  }

  /** Create an access token. Only this response has its secret, `token`; the request is not sent again. */
  async createAccessToken(draft: AccessTokenDraft): Promise<NewAccessToken> {
    const result = await this.#http.POST("/api/{user_id}/access-tokens", {
      params: { path: this.#owner },
      body: draft,
      fetch: this.#sendWithoutRetries,
    });
    return dataOf(result);
  }

  /** Revoke an access token. If it is already gone, that is not an error. */
  async revokeAccessToken(id: string): Promise<void> {
    const params = { path: { ...this.#owner, access_token_id: id } };
    await unlessGone(this.#http.DELETE("/api/{user_id}/access-tokens/{access_token_id}", { params }));
  }

  /** Erase everything of the user, for good. It uses a new token, because the API demands one. */
  async eraseUser(): Promise<void> {
    await this.#tokens.replace(await this.#tokens.get());
    const body = { confirm: this.#owner.user_id };
    dataOf(await this.#http.DELETE("/api/{user_id}", { params: { path: this.#owner }, body }));
  }

  /**
   * Yield all changes from the first one, then new ones as they happen, until the signal aborts; see FeedEvent.
   * With the kinds `task,project`, these are changes of projects too.
   *
   * It holds a connection. Over HTTP/1.1, all windows of a browser share six connections to a host.
   * It throws errors that a new attempt would repeat: an unusable token, or a refusal by the API.
   */
  follow(signal: AbortSignal, kinds: Kinds = "task"): AsyncGenerator<FeedEvent> {
    const path = this.#owner;
    return follow(
      async (since) => {
        const params = { path, query: since === undefined ? { kinds } : { since, kinds, limit: 500 } };
        return dataOf(await this.#http.GET("/api/{user_id}/changes", { params, signal }));
      },
      async (since, streamSignal) => {
        const params = { path, query: { kinds }, header: { "Last-Event-ID": since } };
        const result = await this.#http.GET("/api/{user_id}/changes/stream", {
          params,
          parseAs: "stream",
          signal: streamSignal,
          fetch: this.#sendWithoutRetries,
        });
        dataOf(result);
        return result.response.body;
      },
      signal,
    );
  }

  /** Return the written task, or throw Conflict if it was no longer as `seen`. */
  async #written(sent: Promise<Result<Task>>, id: number, values: TaskPatch): Promise<Task> {
    try {
      return dataOf(await sent);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.problem.status !== 412) throw error;
      const latest = await this.get(id);
      // An earlier attempt may have been done although its response was lost.
      if (holds(latest, values)) return latest;
      throw new Conflict(error.problem, latest);
    }
  }

  #path(id: number) {
    return { ...this.#owner, task_id: id };
  }

  #projectPath(id: number) {
    return { ...this.#owner, project_id: id };
  }

  /** Send with a token, and once more with a new one if the server refuses the first. */
  async #authorized(send: Send, request: Request): Promise<Response> {
    const token = await this.#tokens.get();
    const first = await send(withBearer(request, token));
    if (first.status !== 401) return first;
    const replacement = await this.#tokens.replace(token);
    const second = await send(withBearer(request, replacement));
    if (second.status === 401 && replacement === token)
      throw new UnusableToken("the server refuses the token, and fetchToken returns no other");
    return second;
  }
}

function withBearer(request: Request, token: string): Request {
  const authorized = request.clone();
  authorized.headers.set("Authorization", `Bearer ${token}`);
  return authorized;
}

function ifMatch(seen?: { revision: number }) {
  return seen ? { "If-Match": `"${seen.revision}"` } : {};
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiProblem && error.problem.status === 404;
}

/** Return what was restored. If it is not in the trash, read it: an earlier attempt may have lost its response. */
async function restored<Item>(sent: Promise<Result<Item>>, read: () => Promise<Item>): Promise<Item> {
  try {
    return dataOf(await sent);
  } catch (error) {
    if (isNotFound(error)) return read();
    throw error;
  }
}

/** Wait for a deletion. If the task or project is not found, it is done. */
async function unlessGone(sent: Promise<Result<unknown>>): Promise<void> {
  try {
    dataOf(await sent);
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function holds(task: Task, values: TaskPatch): boolean {
  // Completing a task takes its recurrence away, and opening it again may return it.
  const movesRule = values.complete || ("successor_id" in values && values.successor_id);
  return Object.entries(values).every(
    ([name, value]) =>
      SET_BY_SERVER.has(name) ||
      (name === "recurrence" && movesRule) ||
      JSON.stringify(task[name as keyof Task]) === JSON.stringify(value),
  );
}
