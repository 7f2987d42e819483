"""Data out of a text into a given form, by patterns: what no pattern finds stays empty."""

import json
import re
from collections.abc import Callable
from typing import Any

MONTHS = "January February March April May June July August September October November December".split()
EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
LINK = re.compile(r"https?://[^\s<>\"')]+[^\s<>\"').,;!?]")
PHONE = re.compile(r"(?<![\w-])\+\d[\d ()-]{6,}\d")
DATE = re.compile(rf"\b(\d{{4}}-\d{{2}}-\d{{2}})\b|\b(\d{{1,2}})\.? ({'|'.join(MONTHS)}) (\d{{4}})\b")
AMOUNT = re.compile(r"([$€£])\s?(\d[\d,]*(?:\.\d+)?)|(\d[\d,]*(?:\.\d+)?)\s?(USD|EUR|GBP|dollars|euros?|pounds)\b")
FACT = re.compile(
    r"\b(invoice|order|customer|contract|ticket|account|case)(?: (?:no\.?|number))? #?([A-Z0-9][\w-]*)", re.I
)
CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP", "dollars": "USD", "euro": "EUR", "euros": "EUR", "pounds": "GBP"}


def filled(schema: dict[str, Any], text: str) -> str:
    """A JSON object of that form; found is what the name of a property says it is."""
    properties = schema.get("properties", {})
    values = {name: _value(name, part, text) for name, part in properties.items()}
    return json.dumps(values, ensure_ascii=False, indent=2)


def _value(name: str, schema: dict[str, Any], text: str) -> Any:
    finder = next((find for word, find in FINDERS.items() if word in name.lower()), None)
    found = finder(text) if finder else []
    match schema.get("type"):
        case "array":
            return [value for value in found if _fits(value, schema.get("items", {}))]
        case "object":
            return {key: _value(key, part, text) for key, part in schema.get("properties", {}).items()}
        case "number" | "integer":
            return next((value["value"] for value in found if isinstance(value, dict)), 0)
        case "boolean":
            return False
        case "string":
            return next((value for value in found if isinstance(value, str)), "")
    return None


def _fits(value: Any, schema: dict[str, Any]) -> bool:
    wanted = schema.get("type")
    if isinstance(value, dict):
        return wanted == "object" and value.keys() == schema.get("properties", {}).keys()
    return wanted in ("string", None)


def _dates(text: str) -> list[Any]:
    return [
        found[1] or f"{found[4]}-{MONTHS.index(found[3]) + 1:02}-{int(found[2]):02}" for found in DATE.finditer(text)
    ]


def _amounts(text: str) -> list[Any]:
    found = []
    for match in AMOUNT.finditer(text):
        sign, number = (match[1], match[2]) if match[1] else (match[4], match[3])
        found.append({"value": float(number.replace(",", "")), "currency": CURRENCIES.get(sign, sign)})
    return found


def _facts(text: str) -> list[Any]:
    named = FACT.finditer(text)
    return [{"name": match[1].lower(), "value": match[2]} for match in named if any(map(str.isdigit, match[2]))]


FINDERS: dict[str, Callable[[str], list[Any]]] = {
    "mail": EMAIL.findall,
    "link": LINK.findall,
    "url": LINK.findall,
    "phone": PHONE.findall,
    "date": _dates,
    "amount": _amounts,
    "price": _amounts,
    "total": _amounts,
    "fact": _facts,
}
