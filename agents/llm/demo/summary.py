"""A summary as rules can make one: what the person said, the beginning of each message, the newest last."""

import re

MOST_LINES = 30
LONGEST = 160  # characters
SAID = re.compile(r"^(?:- The person said: |Person: )(.+)$", re.MULTILINE)


def summary(record: str) -> str:
    said = [" ".join(found.split()) for found in SAID.findall(record)]
    lines = [text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…" for text in said[-MOST_LINES:]]
    return "\n".join(f"- The person said: {line}" for line in lines) or "Nothing was said that is worth keeping."
