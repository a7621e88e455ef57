import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

import { freePorts } from "../../web/tests/ports.ts";
import type { Grant } from "./assistant.ts";
import { world } from "./world.ts";

const PACKAGE = createRequire(import.meta.url).resolve("@modelcontextprotocol/inspector/package.json");
const PROGRAM = join(dirname(PACKAGE), "clients/launcher/build/index.js");

/** What a run of the Inspector has printed. */
export interface Run {
  status: number;
  result: unknown;
  errors: string;
}

/** Run the Inspector in its command-line mode. If it asks for a token, `grant` does what the user does in a browser. */
export async function inspect(args: string[], grant?: Grant): Promise<Run> {
  const [port] = await freePorts(1);
  const callback = `http://127.0.0.1:${port}/oauth/callback`;
  const address = ["--server-url", world.mcpUrl, "--transport", "http", "--callback-url", callback];
  const inspector = spawn(process.execPath, [PROGRAM, "--cli", ...address, "--format", "json", ...args], {
    env: {
      PATH: process.env.PATH,
      HOME: await mkdtemp(join(world.directory, "home-")),
      MCP_INSPECTOR_SECRET_STORE: "memory",
      // Without a terminal it would not sign in. The URL is printed too, and there is no browser to open it.
      MCP_AUTO_OPEN_ENABLED: String(grant !== undefined),
      BROWSER: "none",
    },
  });
  let output = "";
  let errors = "";
  let granted = false;
  inspector.stdout.on("data", (data) => {
    output += data;
  });
  inspector.stderr.on("data", async (data) => {
    errors += data;
    const [url] = /http:\S+\/oauth2\/authorize\S+(?=\s)/.exec(errors) ?? [];
    if (!url || !grant || granted) return;
    granted = true;
    await fetch(`${callback}?${await grant(new URL(url))}`);
  });
  const [status] = await once(inspector, "close");
  return { status, result: output && JSON.parse(output).result, errors };
}
