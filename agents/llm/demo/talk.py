"""What the demo model says by itself. It never pretends to know or to understand."""

import re

GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|howdy|good (?:morning|afternoon|evening)|greetings)\b(?:\s+\w+){0,2}$", re.I
)
HOW_ARE_YOU = re.compile(r"(?:and )?how are you(?: doing)?(?: today)?$|how's it going$", re.I)
THANKS = re.compile(
    r"(?:(?:ok(?:ay)?|great|cool|nice|perfect)[\s,]+)?(?:thanks|thank you|cheers)\b(?:[\s,]+\w+){0,4}$", re.I
)
AGREEMENT = re.compile(r"(?:ok(?:ay)?|great|cool|nice|perfect|yes|no|bye|goodbye|see you)\b(?:[\s,]+\w+)?$", re.I)
CREATIVE = re.compile(
    r"(?:please )?(?:write|compose|draft|translate|rewrite|imagine|tell (?:me )?a (?:joke|story))\b", re.I
)
HELP = re.compile(
    r"(?:please )?help(?: me)?(?: please)?$|\bwhat (?:can|could|do) you (?:do|know|offer)\b|"
    r"\bhow (?:can|could) you help\b|"
    r"\bwhat can i (?:ask|do|try)\b|\b(?:who|what) are you\b|\bhow do (?:you|i use (?:you|this)) ?(?:work)?$|"
    r"\bare you (?:an? )?(?:ai|llm|bot|robot|human|real|language model|chatgpt|gpt|claude|demo|model)\b|"
    r"\b(?:which|what) (?:llm|model|tools)\b.*\b(?:are|have|use|is|you)\b",
    re.I,
)
EXAMPLE = re.compile(
    r"\b(?:show|give|make|write|print|draw|create)\b(?: me)?(?: an?| some| the)?(?: short| small| simple| sample)?"
    r" (?:(?P<kind>table|code|list)|markdown|formatting)(?: (?:table|code|list|block|snippet|example|sample|demo))*"
    r"(?:\s+(?:in|with|using|of) (?:markdown|python|code))?$|\bwhat markdown\b",
    re.I,
)

NOT_A_LANGUAGE_MODEL = "I am the **demo model**: a set of rules inside Plumbline, not a language model."
CONNECT = "An administrator can connect a real model on the start page, or with `OPENAI_API_KEY` or `OPENAI_BASE_URL`."
MISSING_CALCULATOR = "I could work that out with the calculator, but this agent has not been given one."
MISSING_CLOCK = "I could look at the clock, but this agent has not been given one."
NOT_A_QUESTION = (
    "I cannot make anything of a statement: I am the demo model and follow rules. "
    "Ask a question, or type “help” to see what I can do."
)

TABLE = """A table in Markdown:

| Month | Orders | Revenue |
|---|---:|---:|
| January | 120 | $ 4,310 |
| February | 98 | $ 3,720 |
| March | 143 | $ 5,060 |"""

CODE = """A piece of Python:

```python
def average(numbers: list[float]) -> float:
    if not numbers:
        raise ValueError("There is no average of nothing.")
    return sum(numbers) / len(numbers)
```"""

LIST = """A list in Markdown:

1. First things first
2. Then the rest
   - with **bold** and *italic* words
   - and `code` in a line"""


def small_talk(text: str) -> str:
    """A friendly word where nothing was asked, else nothing."""
    if GREETING.match(text):
        return f"Hello. {NOT_A_LANGUAGE_MODEL} Type “help” to see what I can do."
    if HOW_ARE_YOU.match(text):
        return f"All rules are in order, thank you. {NOT_A_LANGUAGE_MODEL}"
    if THANKS.match(text):
        return "You are welcome."
    if AGREEMENT.match(text):
        return "Good. Ask on whenever you like."
    return ""


def asks_for_help(text: str) -> bool:
    return bool(HELP.search(text))


def asks_for_invention(text: str) -> bool:
    return bool(CREATIVE.match(text))


def example(text: str) -> str:
    """A sample of Markdown for those who ask to see one, else nothing."""
    asked = EXAMPLE.search(text)
    if not asked:
        return ""
    samples = {"table": TABLE, "code": CODE, "list": LIST}
    return samples.get((asked["kind"] or "").lower(), f"{LIST}\n\n{TABLE}\n\n{CODE}")


def help_text(offered: frozenset[str]) -> str:
    abilities = []
    if "calculator" in offered:
        abilities.append("**Arithmetic**: “What is 23.5 % of 1,482.70, minus 18?”")
    if "current_time" in offered:
        abilities.append("**Date and time**: “What time is it in Tokyo?”")
    if "search_knowledge" in offered:
        abilities.append("**Your documents**: ask about something written in them, and I quote the passages I find")
    if "remember" in offered:
        abilities.append("**Memory**: “Remember that I prefer tea”, “My name is Dana”, “Forget that I prefer tea”")
    if "hand_off" in offered:
        abilities.append("**Bringing you to a specialist**: say what it is about, for example “My invoice is wrong”")
    if any(name.startswith("ask_") for name in offered):
        abilities.append("**Work for several**: “Research 17 * 23 and write a note about it”; the others do their part")
    if "send_email" in offered:
        abilities.append("**Mail**: “Send an e-mail to ann@example.org saying hello”; you are asked before it goes out")
    if "http_request" in offered:
        abilities.append(
            "**Requests**: “Fetch https://api.example.org/status”, where a host is allowed and people agree"
        )
    abilities.append("**Markdown**: “Show me a table”")
    listed = "\n".join(f"- {ability}" for ability in abilities)
    return (
        f"{NOT_A_LANGUAGE_MODEL} I cannot reason or chat, but what I do is real: tools run, documents are searched, "
        f"and every step is recorded.\n\nWhat you can try:\n\n{listed}\n\n{CONNECT}"
    )


def beyond_me(offered: frozenset[str]) -> str:
    return f"That is beyond my rules, and I will not invent an answer. {help_text(offered)}"


def nothing_found(query: str) -> str:
    return (
        f"I searched the documents you may read for “{query}” and found nothing. "
        "I am the demo model: what is not in them, I do not know."
    )


def unknown_place(name: str) -> str:
    return f"I do not know the time zone of {name}. Name a larger city, or a time zone such as `Europe/Paris`."


def reason(words: list[str], slug: str) -> str:
    """Why a question goes to whom."""
    said = ", ".join(f"“{word}”" for word in dict.fromkeys(words))
    return f"The question speaks of {said}." if said else f"Nothing in it says who can help; {slug} would be a guess."


def which_field(fields: dict[str, str]) -> str:
    listed = "\n".join(
        f"- **{slug.replace('-', ' ').capitalize()}**: {field.rstrip('.')}" for slug, field in fields.items()
    )
    return f"I am not sure who can help with this. Which of these is it about?\n\n{listed}"


def put_together(what: str, notes: str) -> str:
    return f"{what[0].upper()}{what[1:]}\n\n{notes}\n\n(Put together by the demo model, which cannot write.)"


def report(done: list[tuple[str, str, bool]]) -> str:
    """What became of a task, step by step: tool, words, whether it failed."""
    return "\n\n".join(_reported(*step) for step in done)


def _reported(tool: str, words: str, is_error: bool) -> str:
    if is_error:
        return f"**{_worker(tool)}** did not get it done: {words}"
    return f"**{_worker(tool)}**: {words}" if "\n" not in words else f"**{_worker(tool)}**:\n\n{words}"


def _worker(tool: str) -> str:
    return tool.removeprefix("ask_").replace("_", " ").capitalize()
