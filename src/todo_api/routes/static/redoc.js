// Redoc inserts its styles at run time; the page's policy allows those with the nonce.
Redoc.init("openapi.json", { nonce: document.currentScript.nonce }, document.getElementById("page"));
