"""A call's arguments as text that two equal calls share, and its fingerprint."""

import hashlib
import json


def canonical(raw_arguments: str) -> str:
    """The same text for the same arguments, however they were spaced or ordered; what is no JSON stays as it is."""
    try:
        parsed = json.loads(raw_arguments or "{}")
        return json.dumps(parsed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        return raw_arguments


def digest(raw_arguments: str) -> str:
    """SHA-256 of the canonical arguments, as hex."""
    return hashlib.sha256(canonical(raw_arguments).encode(errors="surrogatepass")).hexdigest()
