import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

import { TodoClient } from "../src/index.ts";

export interface ReceivedRequest {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

type Respond = (response: ServerResponse, received: ReceivedRequest) => void;

/** Start a server that sends these responses, one after another, and records the requests. */
export async function scripted(t: TestContext, ...responses: Respond[]) {
  const received: ReceivedRequest[] = [];
  const server = createServer(async (request, response) => {
    const { method, url: path, headers } = request;
    const each = { method, path, headers, body: await text(request) };
    received.push(each);
    const respond = responses.shift() ?? assertNoMore;
    respond(response, each);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let tokens = 0;
  const fetchToken = async () => tokenOf({ iat: 0, exp: 900, number: ++tokens });
  return { received, url, client: new TodoClient({ url, userId: "ann", fetchToken }) };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Respond {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

export function problem(status: number, error_code: string, headers: Record<string, string> = {}): Respond {
  return json(status, { status, error_code, detail: "as scripted" }, headers);
}

/** Break the connection, as if the response had been lost. */
export const lost: Respond = (response) => void response.destroy();

export function events(...chunks: string[]): Respond {
  return (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    for (const chunk of chunks) response.write(chunk);
    response.end();
  };
}

export function tokenOf(claims: object): string {
  return `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;
}

function assertNoMore(response: ServerResponse): void {
  response.writeHead(418).end();
}
