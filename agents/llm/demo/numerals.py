"""Numbers written as words."""

import re

SMALL = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen".split()
    )
}
TENS = {
    word: 10 * value for value, word in enumerate("twenty thirty forty fifty sixty seventy eighty ninety".split(), 2)
}
SCALES = {"hundred": 100, "thousand": 1_000, "million": 1_000_000}

WORD = "|".join([*SMALL, *TENS, *SCALES])
NUMERAL = re.compile(rf"\b(?:{WORD})(?:(?:-|\s+|(?<=hundred)\s+and\s+|(?<=thousand)\s+and\s+)(?:{WORD}))*\b")
SCALED_DIGITS = re.compile(r"\b(\d+(?:\.\d+)?)\s+(hundred|thousand|million)\b")


def in_digits(text: str) -> str:
    """The text (in small letters) with "twenty-five" as 25 and "three hundred and five" as 305."""
    text = SCALED_DIGITS.sub(lambda found: f"{float(found[1]) * SCALES[found[2]]:.0f}", text)
    return NUMERAL.sub(lambda found: str(_value(found[0])), text)


def _value(numeral: str) -> int:
    total = group = 0
    for word in re.split(r"[\s-]+", numeral):
        if word in SMALL or word in TENS:
            group += SMALL.get(word, 0) + TENS.get(word, 0)
        elif word == "hundred":
            group = max(group, 1) * 100
        elif word in SCALES:
            total += max(group, 1) * SCALES[word]
            group = 0
    return total + group
