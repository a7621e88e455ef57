"""Verifiers of JSON Web Tokens. PyJWT does the cryptography; this package checks all rules (RFC 7515, 7519, 8725)."""
