"""Secrets masked before anything is stored. There is one path: the recorder calls this."""

import re
from dataclasses import dataclass

MASK = "[masked]"


def mask(text: str) -> str:
    """The text with every secret in it replaced by `[masked]`."""
    lowered = text.lower()
    for secret in SECRETS:
        if secret.hint in (lowered if secret.hint.islower() else text):
            text = secret.pattern.sub(_masked, text)
    if any(hint in lowered for hint in ASSIGNED_HINTS):
        text = ASSIGNED_PLAIN.sub(_masked, ASSIGNED_QUOTED.sub(_masked, text))
    return text


def is_secret_key(key: str) -> bool:
    """Whether a value under this key is masked whatever it looks like."""
    return SECRET_KEY.search(key) is not None


@dataclass(frozen=True)
class Secret:
    """A form a secret takes. `hint` is a piece of text every such secret holds: looking for it costs next to nothing,
    so ordinary text never meets the pattern. A group `keep` stays readable."""

    hint: str
    pattern: re.Pattern[str]


def _form(hint: str, pattern: str) -> Secret:
    return Secret(hint, re.compile(pattern, re.IGNORECASE if hint.islower() else 0))


def _prefixed(prefix: str) -> Secret:
    """A key that begins with its maker's mark. The digit keeps hyphenated words out."""
    return Secret(prefix, re.compile(rf"\b{prefix}(?=[A-Za-z_-]{{0,60}}\d)[A-Za-z0-9_-]{{12,}}"))


PREFIXES = (
    "sk-", "sk_live_", "sk_test_", "rk_live_", "rk_test_", "pk_live_", "whsec_",            # OpenAI, Anthropic, Stripe
    "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "npm_", "pypi-",       # code hosts and registries
    "lsv2_pt_", "lsv2_sk_", "pk-lf-", "hf_", "gsk_", "xai-", "tvly-", "pcsk_",              # LLM and tracing providers
    "xoxb-", "xoxp-", "xoxa-", "xoxs-", "xapp-", "AIza",                                    # Slack, Google
)  # fmt: skip
PRIVATE_KEY = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
    r"(?:[^-]|-(?!----)){0,20000}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
URL_PASSWORD = r"(?P<keep>\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,200}:)[^\s/@\"'<>]{1,200}(?=@)"
AWS_SECRET = r"(?P<keep>aws.{0,20}?(?:secret|key).{0,20}?[=:]\s{0,3}\\?[\"']?)[A-Za-z0-9/+=]{40}(?![A-Za-z0-9/+=])"
SECRETS = (
    _form("-----BEGIN", PRIVATE_KEY),
    _form("eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    *(_prefixed(prefix) for prefix in PREFIXES),
    _form("AKIA", r"\bAKIA[A-Z0-9]{16}\b"),
    _form("ASIA", r"\bASIA[A-Z0-9]{16}\b"),
    _form("SG.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    _form("aws", AWS_SECRET),
    _form("://", URL_PASSWORD),
    _form("bearer ", r"(?P<keep>\bbearer\s{1,3})(?!token\b)[a-z0-9._~+/=-]{12,}"),
    _form("basic ", r"(?P<keep>authorization\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?basic\s{1,3})[a-z0-9+/=]{6,}"),
)

# Counts of tokens are no secrets, and neither is a secretary.
SECRET_KEY = re.compile(
    r"pass(?:word|wd|phrase|code)|secrets?(?:$|[-_ ]|key)|authorization|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key"
    r"|credential|cookie|(?:^|[-_ ])(?:token|bearer|pwd|auth)$|(?:access|refresh|auth|session|id|bot|csrf)[-_ ]?token$",
    re.IGNORECASE,
)
SECRET_NAME = r"(?:password|passwd|passphrase|api[-_]?key|(?:access|auth|refresh)[-_]?token|client[-_]?secret)"
ASSIGNED_QUOTED = re.compile(
    rf"(?P<keep>{SECRET_NAME}\\?[\"']?\s{{0,3}}[:=]\s{{0,3}}(?P<quote>\\?[\"']))(?:(?!(?P=quote)).){{1,500}}",
    re.IGNORECASE,
)
ASSIGNED_PLAIN = re.compile(
    rf"(?P<keep>{SECRET_NAME}\s{{0,3}}[:=]\s{{0,3}})[^\s\"',;&}}\]\[\\]{{4,}}",
    re.IGNORECASE,
)
ASSIGNED_HINTS = ("password", "passwd", "passphrase", "key", "token", "secret")


def _masked(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + MASK
