import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiProblem, type Change, type FeedEvent, LocalTasks, type Project, type TodoClient } from "../src/index.ts";
import { events, json, lost, problem, scripted } from "./scripted-server.ts";

/** Read the feed until this many events of this type have arrived. */
async function read(client: TodoClient, type: FeedEvent["type"], times: number): Promise<FeedEvent[]> {
  const seen: FeedEvent[] = [];
  for await (const event of client.follow(new AbortController().signal)) {
    seen.push(event);
    if (seen.filter((each) => each.type === type).length === times) break;
  }
  return seen;
}

function task(id: number, revision: number): Change {
  return { id, revision } as Change;
}

function page(changes: Change[], next: string, has_more = false) {
  return json(200, { changes, next, has_more });
}

function event(change: Change): string {
  return `id: e.${change.revision}\ndata: ${JSON.stringify(change)}\n\n`;
}

test("the feed is read page by page, then live, and continues where the stream ended", async (t) => {
  const [first, rest] = [event(task(3, 3)).slice(0, 9), event(task(3, 3)).slice(9)];
  const { client, received } = await scripted(
    t,
    page([task(1, 1)], "e.1", true),
    page([task(2, 2)], "e.2"),
    events(first, rest, ":\n\n", event(task(4, 4))),
    page([], "e.4"),
    events(event(task(5, 5))),
  );

  const seen = await read(client, "change", 5);

  assert.deepEqual(
    seen.map((each) => (each.type === "change" ? each.change.id : each.type)),
    [1, 2, "current", 3, 4, "current", 5],
  );
  assert.deepEqual(
    received.map(({ path, headers }) => [path?.split("changes")[1], headers["last-event-id"]]),
    [
      ["?kinds=task", undefined],
      ["?since=e.1&kinds=task&limit=500", undefined],
      ["/stream?kinds=task", "e.2"],
      ["?since=e.4&kinds=task&limit=500", undefined],
      ["/stream?kinds=task", "e.4"],
    ],
  );
});

test("a reader that may have missed something starts over", async (t) => {
  const { client, received } = await scripted(
    t,
    page([task(1, 1)], "e.1"),
    problem(410, "CURSOR_EXPIRED"),
    page([], "f.0"),
    lost,
  );

  const seen = await read(client, "current", 2);

  assert.deepEqual(
    seen.map(({ type }) => type),
    ["change", "current", "reset", "current"],
  );
  assert.equal(received[2]?.path, "/api/ann/changes?kinds=task");
});

test("a feed that is lost continues where it was", async (t) => {
  const { client, received } = await scripted(t, page([], "e.1"), lost, page([task(2, 2)], "e.2"), lost);

  const seen = await read(client, "change", 1);

  assert.deepEqual(
    seen.map(({ type }) => type),
    ["current", "lost", "change"],
  );
  assert.equal(received[2]?.path, "/api/ann/changes?since=e.1&kinds=task&limit=500");
});

test("a feed that the API refuses ends with the problem, and temporary failures and proxies don't end it", async (t) => {
  const proxy = json(404, {});
  const { client } = await scripted(t, proxy, problem(429, "RATE_LIMITED"), problem(403, "AUTH_FORBIDDEN"));
  const feed = client.follow(new AbortController().signal);

  assert.equal((await feed.next()).value?.type, "lost");
  await assert.rejects(feed.next(), (error) => error instanceof ApiProblem && error.problem.status === 403);
});

test("local tasks are the latest, in whatever order changes are applied", () => {
  const tasks = new LocalTasks();

  tasks.take(task(1, 4));
  tasks.take(task(1, 2));
  tasks.apply({ type: "change", change: { id: 2, deleted: true, revision: 5, kind: "task" } });
  tasks.take(task(2, 3));

  assert.deepEqual(tasks.all, [task(1, 4)]);
  assert.equal(tasks.get(2), undefined);
  tasks.apply({ type: "reset" });
  assert.deepEqual(tasks.all, []);
});

test("local tasks have the next task of a series until it is taken back", () => {
  const tasks = new LocalTasks();
  const next = task(2, 3);

  tasks.take({ ...task(1, 2), complete: true, successor_id: 2 });
  tasks.apply({ type: "change", change: next });
  assert.deepEqual(tasks.get(2), next);

  tasks.take(task(1, 4));
  tasks.apply({ type: "change", change: { id: 2, deleted: true, revision: 5, kind: "task" } });
  assert.deepEqual(tasks.all, [task(1, 4)]);
});

test("projects are kept apart from tasks with the same id, if the feed is read with them", async (t) => {
  const project = { id: 1, revision: 2, kind: "project" } as Change;
  const { client, received } = await scripted(t, page([task(1, 1), project], "e.2-pt"), lost);
  const tasks = new LocalTasks();

  for await (const event of client.follow(new AbortController().signal, "task,project")) {
    tasks.apply(event);
    if (event.type === "current") break;
  }

  assert.equal(received[0]?.path, "/api/ann/changes?kinds=task%2Cproject");
  assert.deepEqual([tasks.all, tasks.projects], [[task(1, 1)], [project]]);
  tasks.apply({ type: "change", change: { id: 1, deleted: true, revision: 3, kind: "project" } });
  assert.deepEqual([tasks.all, tasks.projects], [[task(1, 1)], []]);
});

test("local tasks are in their project as soon as it is known, whichever arrives first", () => {
  const tasks = new LocalTasks();
  const [milk, call] = [
    { ...task(1, 1), project_id: 1 },
    { ...task(2, 2), project_id: null },
  ] as Change[];
  const project = { id: 1, name: "Household", revision: 3 } as Project;

  for (const each of [milk, call]) if (each) tasks.take(each);
  assert.deepEqual([tasks.in(1), tasks.in(null)], [[], [milk, call]]);

  tasks.take(project);
  assert.deepEqual([tasks.projects, tasks.in(1), tasks.in(null)], [[project], [milk], [call]]);

  tasks.apply({ type: "change", change: { id: 1, deleted: true, revision: 4, kind: "task" } });
  tasks.apply({ type: "change", change: { id: 1, deleted: true, revision: 5, kind: "project" } });
  assert.deepEqual([tasks.projects, tasks.all], [[], [call]]);
});
