export { TodoClient, type TodoClientOptions } from "./client.ts";
export { ApiProblem, Conflict, Unreachable, UnusableToken } from "./errors.ts";
export type { FeedEvent } from "./feed.ts";
export { LocalTasks } from "./local-tasks.ts";
export type * from "./types.ts";
