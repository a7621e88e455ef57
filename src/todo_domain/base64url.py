"""Base64url without padding (RFC 4648 §5)."""

import base64


def encode_base64url(content: bytes) -> str:
    """Encode bytes."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode_base64url(text: str) -> bytes:
    """Decode text; raise ValueError unless encoding gives the same text."""
    try:
        decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise ValueError("not base64url") from None
    # The decoder skips characters outside the alphabet, and ignores padding and left-over bits.
    if encode_base64url(decoded) != text:
        raise ValueError("not unpadded base64url")
    return decoded
