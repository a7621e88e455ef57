// One process runs all tests, so that they share a browser and an API.
import "./demo.test.ts";
import "./tasks.test.ts";
import "./live.test.ts";
import "./faults.test.ts";
import "./tokens.test.ts";
import "./pages.test.ts";
