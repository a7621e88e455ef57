"""TokenVerifiers for JSON Web Tokens. PyJWT does the cryptography; all rules are here (RFC 7515, 7519, 8725)."""
