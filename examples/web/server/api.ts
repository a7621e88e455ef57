import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const PATH = `${process.env.PATH}${delimiter}${join(ROOT, ".uv/bin")}`;

/** A process of the API, and its URL. */
export interface Api {
  url: string;
  process: ChildProcess;
  stop(): Promise<void>;
}

/** Start the API with these settings and a database in this directory. Resolves when it accepts connections. */
export async function startApi(directory: string, settings: Record<string, string>): Promise<Api> {
  const api = spawnApi(directory, ["serve"], settings);
  const ended = once(api, "exit");
  const url = await listening(api, ended);
  return {
    url,
    process: api,
    async stop() {
      api.kill("SIGTERM");
      await ended;
    },
  };
}

/** Run another command of the API on the database in this directory. */
export async function runApi(directory: string, args: string[]): Promise<void> {
  await once(spawnApi(directory, args), "exit");
}

function spawnApi(directory: string, args: string[], settings: Record<string, string> = {}): ChildProcess {
  const installed = PATH.split(delimiter).some((each) => existsSync(join(each, "todo-api")));
  const uv = ["uv", "run", "--quiet", "--project", ROOT, "--extra", "api", "todo-api"];
  const [command = "", ...before] = installed ? ["todo-api"] : uv;
  return spawn(command, [...before, ...args], {
    cwd: directory,
    env: { ...process.env, PATH, DATABASE_URL: "tasks.sqlite3", TODO_LOG_FORMAT: "json", ...settings },
    stdio: ["ignore", "ignore", "pipe"],
  });
}

async function listening(api: ChildProcess, ended: Promise<unknown>): Promise<string> {
  const logged: string[] = [];
  const lines = createInterface({ input: api.stderr as NodeJS.ReadableStream });
  const url = new Promise<string>((resolve) => {
    lines.on("line", (line) => {
      logged.push(line);
      if (line.includes('"listening"')) resolve((JSON.parse(line) as { url: string }).url);
    });
  });
  const failed = ended.then(() => Promise.reject(new Error(`the API ended: ${logged.join("\n")}`)));
  failed.catch(() => undefined);
  return Promise.race([url, failed]);
}
