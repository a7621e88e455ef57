// One process runs all tests, so that they share the servers.
import "./clients.test.ts";
import "./tokens.test.ts";
