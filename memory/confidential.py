"""What is never kept as a memory, whoever asks: passwords, keys, numbers of cards and accounts."""

import re

from observability.recorder import holds_secret

NAMES = (
    r"pass ?words?|pass ?phrases?|pass ?codes?|passwd|pwd|pins?|pin[- ](?:code|number)|cvv|cvc|security code|"
    r"api[- ]?keys?|(?:access|auth|secret)[- ](?:token|key)|(?:recovery|backup|2fa|otp) codes?|seed phrase|private key|"
    r"passwort|passwörter|kennwort|geheimzahl|zugangscode|mot de passe|code secret|contraseña"
)
TOLD = re.compile(
    rf"\b(?:{NAMES})\b.{{0,40}}?(?:\bis\b|\bare\b|\bist\b|\bsind\b|\best\b|\bes\b|[:=])\s*\S", re.IGNORECASE
)
DIGITS = re.compile(r"(?<![\d.])\d(?:[ -]?\d){12,18}(?!\d)")
IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")


def is_confidential(text: str) -> bool:
    """Whether a text gives something away that must not be kept."""
    return holds_secret(text) or bool(TOLD.search(text)) or _has_account_number(text)


def _has_account_number(text: str) -> bool:
    return bool(IBAN.search(text)) or any(_is_card(re.sub(r"\D", "", found)) for found in DIGITS.findall(text))


def _is_card(digits: str) -> bool:
    """By the check digit of Luhn, which all cards have."""
    doubled = [sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2]]
    return (sum(doubled) + sum(map(int, digits[-1::-2]))) % 10 == 0
