// Redoc writes its styles as it runs; the policy of the page lets those with its nonce pass.
Redoc.init("openapi.json", { nonce: document.currentScript.nonce }, document.getElementById("page"));
