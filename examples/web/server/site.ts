import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";

import { toNodeHandler } from "better-auth/node";
import sirv from "sirv";

import type { Auth } from "./auth.ts";

const PAGE = fileURLToPath(new URL("../dist", import.meta.url));

/** Serve Better Auth, the built page, and `/config.json` with the URL of the API. */
export function createSite(auth: Auth, apiUrl: string): Server {
  const handleAuth = toNodeHandler(auth);
  const policy = `default-src 'self'; connect-src 'self' ${apiUrl}; frame-ancestors 'none'; base-uri 'none'`;
  const servePage = sirv(PAGE, {
    setHeaders: (response) => {
      response.setHeader("Content-Security-Policy", policy);
      response.setHeader("X-Content-Type-Options", "nosniff");
    },
  });
  return createServer((request, response) => {
    if (request.url?.startsWith("/api/auth/")) {
      void handleAuth(request, response);
    } else if (request.url === "/config.json") {
      response.setHeader("Content-Type", "application/json").end(JSON.stringify({ apiUrl }));
    } else {
      servePage(request, response, () => void response.writeHead(404).end());
    }
  });
}
