import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test } from "node:test";

import { ApiProblem, Conflict, type Operation, Unreachable } from "../src/index.ts";
import { json, lost, problem, scripted } from "./scripted-server.ts";

const milk = { id: 1, title: "Buy milk", complete: false, revision: 1 };
const household = { id: 1, name: "Household", archived: false, revision: 1 };

test("a create is sent again with the same key until there is a response", async (t) => {
  const { client, received } = await scripted(t, lost, problem(500, "DATABASE_ERROR"), json(201, milk));

  const task = await client.create({ title: "Buy milk" });

  assert.deepEqual(task, milk);
  assert.equal(received.length, 3);
  assert.equal(new Set(received.map(({ headers }) => headers["idempotency-key"])).size, 1);
});

test("a read revalidates a cached response", async (t) => {
  const { client, received } = await scripted(t, json(200, milk));

  await client.get(1);

  assert.equal(received[0]?.headers["cache-control"], "max-age=0");
});

test("a retry waits as long as Retry-After says", async (t) => {
  const { client } = await scripted(t, json(503, {}, { "Retry-After": "1" }), json(200, milk));
  const begun = performance.now();

  await client.get(1);

  assert.ok(performance.now() - begun >= 990);
});

test("a problem that asks for a pause of more than a minute is thrown at once", async (t) => {
  const { client, received } = await scripted(t, problem(429, "RATE_LIMITED", { "Retry-After": "3600" }));

  await assert.rejects(client.get(1), (error) => error instanceof ApiProblem && error.problem.status === 429);

  assert.equal(received.length, 1);
});

test("a failure that persists is thrown as its problem, and silence as Unreachable", async (t) => {
  const failing = await scripted(t, ...Array(4).fill(problem(500, "INTERNAL_ERROR")));
  const silent = await scripted(t, ...Array(4).fill(lost));

  await assert.rejects(failing.client.get(1), (error) => error instanceof ApiProblem && error.problem.status === 500);
  await assert.rejects(silent.client.get(1), Unreachable);
  assert.equal(silent.received.length, 4);
});

test("a request whose response is incomplete is sent again", async (t) => {
  const half = (response: ServerResponse) => {
    response.writeHead(200, { "Content-Length": "100" }).write("{", () => response.destroy());
  };
  const { client } = await scripted(t, half, json(200, milk));

  assert.deepEqual(await client.get(1), milk);
});

test("a response that is not the API's own is thrown with its status", async (t) => {
  const { client } = await scripted(t, (response) => void response.writeHead(404).end("<h1>Nothing here</h1>"));

  await assert.rejects(client.get(1), (error) => error instanceof ApiProblem && error.problem.status === 404);
});

test("a patch expects the revision that was seen, and a conflict contains the task as it is now", async (t) => {
  const latest = { ...milk, title: "Buy oat milk", revision: 2 };
  const { client, received } = await scripted(t, problem(412, "PRECONDITION_FAILED"), json(200, latest));

  await assert.rejects(client.patch(1, { title: "Buy soy milk" }, milk), (error) => {
    assert.ok(error instanceof Conflict);
    assert.deepEqual(error.latest, latest);
    return true;
  });
  assert.equal(received[0]?.headers["if-match"], '"1"');
});

test("a patch that was done, though its response was lost, is not a conflict", async (t) => {
  const done = { ...milk, complete: true, revision: 2 };
  const { client } = await scripted(t, lost, problem(412, "PRECONDITION_FAILED"), json(200, done));

  assert.deepEqual(await client.patch(1, { complete: true }, milk), done);
});

test("a replacement is a PUT that expects the revision that was seen", async (t) => {
  const latest = { ...milk, title: "Buy oat milk", revision: 2 };
  const { client, received } = await scripted(
    t,
    json(200, latest),
    problem(412, "PRECONDITION_FAILED"),
    json(200, latest),
  );

  assert.deepEqual(await client.replace(1, { title: "Buy oat milk", complete: false }, milk), latest);
  await assert.rejects(client.replace(1, { title: "Buy soy milk", complete: false }, milk), Conflict);

  assert.deepEqual(
    received.map(({ method, headers }) => [method, headers["if-match"]]),
    [
      ["PUT", '"1"'],
      ["PUT", '"1"'],
      ["GET", undefined],
    ],
  );
});

test("a replacement by a whole task that was done, though its response was lost, is not a conflict", async (t) => {
  const seen = { ...milk, completed_at: null, updated_at: "2026-11-28T10:00:00Z" };
  const done = { ...seen, complete: true, completed_at: "2026-11-28T11:00:00Z", revision: 2 };
  const { client } = await scripted(t, lost, problem(412, "PRECONDITION_FAILED"), json(200, done));

  assert.deepEqual(await client.replace(1, { ...seen, complete: true }, seen), done);
});

test("completing a recurring task, and opening it again, is not a conflict when the response was lost", async (t) => {
  const recurrence = { rule: "FREQ=DAILY", from: "due" as const, anchor: "2026-12-01" };
  const seen = { ...milk, recurrence, successor_id: null };
  const done = { ...seen, complete: true, recurrence: null, successor_id: 2, revision: 2 };
  const reopened = { ...seen, revision: 4 };
  const refused = problem(412, "PRECONDITION_FAILED");
  const { client } = await scripted(
    t,
    refused,
    json(200, done),
    refused,
    json(200, reopened),
    refused,
    json(200, done),
  );

  assert.deepEqual(await client.replace(1, { ...seen, complete: true }, seen), done);
  assert.deepEqual(await client.replace(1, { ...done, complete: false }, done), reopened);
  await assert.rejects(client.patch(1, { recurrence: { rule: "FREQ=DAILY" } }, seen), Conflict);
});

test("pages are read one after another, each with a limit and the query, until the last", async (t) => {
  const page = (next_cursor: string | null) => json(200, { tasks: [milk], count: 1, next_cursor, revision: 1 });
  const { client, received } = await scripted(t, page("c1"), page("c2"), page(null), page("c3"));
  const limits: (number | undefined)[] = [undefined, 2];

  for (const limit of limits) {
    let read = 0;
    for await (const { tasks } of client.pages({ complete: false, limit })) {
      assert.deepEqual(tasks, [milk]);
      if (++read === 3 || limit) break;
    }
  }

  assert.deepEqual(
    received.map(({ path }) => path?.split("?")[1]),
    [
      "complete=false&limit=100",
      "complete=false&limit=100&cursor=c1",
      "complete=false&limit=100&cursor=c2",
      "complete=false&limit=2",
    ],
  );
});

test("a deletion that was done, though its response was lost, succeeds", async (t) => {
  const { client, received } = await scripted(t, lost, problem(404, "NOT_FOUND"));

  await client.remove(1, milk);

  assert.equal(received.length, 2);
});

test("a deletion is permanent only on request", async (t) => {
  const { client, received } = await scripted(t, json(204, undefined), json(204, undefined));

  await client.remove(1);
  await client.remove(1, milk, { permanent: true });

  assert.deepEqual(
    received.map(({ path }) => path?.split("/tasks/")[1]),
    ["1", "1?permanent=true"],
  );
});

test("a task is restored although the response to the first attempt was lost", async (t) => {
  const { client, received } = await scripted(t, lost, problem(404, "NOT_FOUND"), json(200, milk));

  assert.deepEqual(await client.restore(1, { revision: 2 }), milk);

  assert.deepEqual(
    received.map(({ method, path }) => [method, path?.split("/api/")[1]?.split("/").slice(1).join("/")]),
    [
      ["POST", "trash/1/restore"],
      ["POST", "trash/1/restore"],
      ["GET", "tasks/1"],
    ],
  );
  assert.equal(received[0]?.headers["if-match"], '"2"');
});

test("a restoration that is refused for another reason is thrown", async (t) => {
  const { client } = await scripted(t, problem(412, "PRECONDITION_FAILED"));

  await assert.rejects(client.restore(1), (error) => error instanceof ApiProblem && error.problem.status === 412);
});

test("the trash is read, and erased task by task or at once", async (t) => {
  const deleted_at = "2026-11-22T08:00:00Z";
  const trash = {
    tasks: [{ ...milk, revision: 2, deleted_at }],
    projects: [{ ...household, revision: 3, deleted_at }],
    next_cursor: null,
  };
  const { client, received } = await scripted(
    t,
    json(200, trash),
    json(204, undefined),
    problem(404, "NOT_FOUND"),
    json(204, undefined),
  );

  assert.deepEqual(await client.trash({ limit: 1 }), trash);
  await client.erase(1, { revision: 2 });
  await client.erase(1);
  await client.emptyTrash();

  assert.deepEqual(
    received.map(({ method, path }) => [method, path?.split("/trash")[1]]),
    [
      ["GET", "?limit=1"],
      ["DELETE", "/1"],
      ["DELETE", "/1"],
      ["DELETE", ""],
    ],
  );
});

test("an export is a stream, which fails if the file is incomplete", async (t) => {
  const lines = `${JSON.stringify({ ...household, kind: "project" })}\n${JSON.stringify({ ...milk, kind: "task" })}\n`;
  const whole = (response: ServerResponse) => response.end(lines);
  const incomplete = (response: ServerResponse) => {
    response.write(lines, () => response.destroy());
  };
  const { client, received } = await scripted(t, whole, incomplete, problem(429, "RATE_LIMITED"));

  assert.equal(await new Response(await client.export()).text(), lines);
  await assert.rejects(new Response(await client.export("csv")).text());
  await assert.rejects(client.export(), (error) => error instanceof ApiProblem && error.problem.status === 429);

  assert.deepEqual(
    received.map(({ path }) => path?.split("/export")[1]),
    ["?format=ndjson", "?format=csv", "?format=ndjson"],
  );
});

test("a file is imported as it is, and once more with a new token if the first is refused", async (t) => {
  const report = { created: 1, unchanged: 0, rows: [] };
  const { client, received } = await scripted(t, problem(401, "AUTH_INVALID"), json(200, report), lost);

  assert.deepEqual(await client.import(new Blob(["TYPE,CONTENT\ntask,Buy milk\n"]), "todoist"), report);
  await assert.rejects(client.import("{}", "ndjson"));

  assert.deepEqual(
    received.map(({ path, body }) => [path?.split("/ann")[1], body]),
    [
      ["/import?format=todoist", "TYPE,CONTENT\ntask,Buy milk\n"],
      ["/import?format=todoist", "TYPE,CONTENT\ntask,Buy milk\n"],
      ["/import?format=ndjson", "{}"],
    ],
  );
});

test("an access token is created once, listed, and revoked although responses are lost", async (t) => {
  const token = { id: "a1", name: "Calendar", scopes: ["calendar:read"] };
  const created = { ...token, token: "todo_pat_x" };
  const { client, received } = await scripted(
    t,
    lost,
    json(201, created),
    json(200, { access_tokens: [token] }),
    lost,
    problem(404, "NOT_FOUND"),
  );
  const draft = { name: "Calendar", scopes: ["calendar:read" as const] };

  await assert.rejects(client.createAccessToken(draft));
  assert.deepEqual(await client.createAccessToken(draft), created);
  assert.deepEqual(await client.accessTokens(), [token]);
  await client.revokeAccessToken("a1");

  assert.deepEqual(
    received.map(({ method, path }) => [method, path?.split("/access-tokens")[1]]),
    [
      ["POST", ""],
      ["POST", ""],
      ["GET", ""],
      ["DELETE", "/a1"],
      ["DELETE", "/a1"],
    ],
  );
});

test("everything of a user is erased with a new token", async (t) => {
  const erased = (response: ServerResponse) => response.writeHead(204).end();
  const { client, received } = await scripted(t, json(200, milk), erased);
  await client.get(1);

  await client.eraseUser();

  const [first, second] = received;
  assert.deepEqual([second?.method, second?.path, second?.body], ["DELETE", "/api/ann", '{"confirm":"ann"}']);
  assert.notEqual(first?.headers.authorization, second?.headers.authorization);
});

test("a project is written, deleted and restored although responses are lost", async (t) => {
  const { client, received } = await scripted(
    t,
    lost,
    json(201, household),
    json(200, household),
    lost,
    problem(404, "NOT_FOUND"),
    lost,
    problem(404, "NOT_FOUND"),
    json(200, household),
    json(200, { projects: [household], count: 1, revision: 5 }),
  );

  assert.deepEqual(await client.createProject({ name: "Household" }), household);
  assert.deepEqual(await client.patchProject(1, { archived: false }, household), household);
  await client.removeProject(1, household);
  assert.deepEqual(await client.restoreProject(1, { revision: 4 }), household);
  assert.deepEqual(await client.projects(), [household]);

  assert.deepEqual(
    received.map(({ method, path, headers }) => [method, path?.split("/ann/")[1], headers["if-match"]]),
    [
      ["POST", "projects", undefined],
      ["POST", "projects", undefined],
      ["PATCH", "projects/1", '"1"'],
      ["DELETE", "projects/1", '"1"'],
      ["DELETE", "projects/1", '"1"'],
      ["POST", "trash/projects/1/restore", '"4"'],
      ["POST", "trash/projects/1/restore", '"4"'],
      ["GET", "projects/1", undefined],
      ["GET", "projects", undefined],
    ],
  );
  assert.equal(new Set(received.slice(0, 2).map(({ headers }) => headers["idempotency-key"])).size, 1);
});

test("an operation of a batch refers to what an earlier one creates", async (t) => {
  const results = [
    { id: 1, revision: 1 },
    { id: 1, revision: 2 },
    { id: 1, revision: 3 },
  ];
  const operations: Operation[] = [
    { op: "create_project", ref: "home", project: { name: "Household" } },
    { op: "create", ref: "milk", task: { title: "Buy milk", project_id: { ref: "home" } } },
    { op: "patch", id: { ref: "milk" }, task: { complete: true } },
  ];
  const { client, received } = await scripted(t, json(200, { results }));

  assert.deepEqual(await client.batch(operations), results);

  assert.deepEqual(JSON.parse(received[0]?.body ?? ""), { operations });
});

test("tasks are found by their project", async (t) => {
  const list = { tasks: [milk], count: 1, next_cursor: null, revision: 1 };
  const { client, received } = await scripted(t, json(200, list), json(200, list));

  await client.list({ project: "1" });
  await client.list({ project: "none" });

  assert.deepEqual(
    received.map(({ path }) => path?.split("?")[1]),
    ["project=1", "project=none"],
  );
});

test("a token that the server refuses is replaced once", async (t) => {
  const { client, received } = await scripted(
    t,
    problem(401, "AUTH_INVALID"),
    json(200, milk),
    problem(401, "AUTH_INVALID"),
    problem(401, "AUTH_INVALID"),
  );

  await client.get(1);
  await assert.rejects(client.get(1), (error) => error instanceof ApiProblem && error.problem.status === 401);

  const [first, second, third, fourth] = received.map(({ headers }) => headers.authorization);
  assert.notEqual(first, second);
  assert.equal(second, third);
  assert.notEqual(third, fourth);
});

test("the message of a rule is found by the field that breaks it", () => {
  const errors = [
    { loc: ["body", "tags", 3], msg: "too long", type: "length" },
    { loc: ["query", "limit"], msg: "too large", type: "limit" },
  ];
  const { fields } = new ApiProblem({ errors, detail: "" } as never);

  assert.deepEqual([...fields], [["tags", "too long"]]);
});
