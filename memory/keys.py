"""What can be said about somebody: the keys of memories, and those that have one value at a time.

Only under a key that has one value does something new contradict something old.
"""

import re

ONE_VALUED = {
    "name": "what they are called",
    "form_of_address": "how they want to be addressed",
    "pronouns": "their pronouns",
    "age": "how old they are",
    "birthday": "when they were born",
    "home": "where they live",
    "hometown": "where they come from",
    "employer": "whom they work for",
    "occupation": "what they work as",
    "studies": "what they study",
    "marital_status": "whether they are married",
    "partner": "who their partner is",
    "native_language": "their first language",
    "time_zone": "their time zone",
    "diet": "how they eat: vegetarian, vegan …",
    "phone_number": "their telephone number",
    "email_address": "their e-mail address",
    "answer_language": "in which language to answer",
    "answer_length": "how long answers shall be",
    "answer_tone": "how formal or friendly answers shall be",
    "answer_units": "which units to use: metric, imperial",
}
ABOUT_ANSWERS = frozenset(key for key in ONE_VALUED if key.startswith("answer_")) | {"form_of_address"}
PERSON = "user"  # the subject of what is said about the person themselves


def as_subject(given: str) -> str:
    """Whom it is about, written one way."""
    named = " ".join(given.casefold().split())[:80]
    return PERSON if named in {"", PERSON, "the user", "me", "i", "self", "person", "the person"} else named


def as_key(given: str) -> str:
    """What is said, written one way: `Answer language` and `user.answer_language` are one key."""
    return re.sub(r"\W+", "_", given.casefold().rpartition(".")[2]).strip("_")[:80]


def same_value(one: str, other: str) -> bool:
    """Whether two values are the same but for how they are written."""
    return bool(one) and _bare(one) == _bare(other)


def _bare(value: str) -> str:
    return re.sub(r"\W+", " ", re.sub(r"^(?:the|a|an)\s+", "", value.casefold())).strip()
