"""Arithmetic asked in English, as expressions a calculator takes."""

import re
from itertools import islice

from agents.llm.demo.grammar import NotArithmetic, Parser, Token, plain
from agents.llm.demo.numerals import in_digits

FUNCTIONS = "sqrt|abs|round|min|max|floor|ceil|exp|ln|log10|log|sin|cos|tan|factorial"
NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+"

# In the order they are tried. What no pattern knows is a WORD, which ends an expression.
TOKENS = [
    ("WORD", r"\d{4}-\d{1,2}-\d{1,2}|\d+(?:\.\d+){2,}|\d{1,2}:\d{2}|\d{3}-\d{4}\b|\d{1,2}/\d{1,2}/\d{2,4}"),
    ("NUMBER", rf"[$€£¥]?(?:{NUMBER})(?![a-wyz])(?!x\w*[a-z])"),
    ("FUNCTION", rf"\b(?:{FUNCTIONS})(?=\s*\()"),
    ("ROOT", r"\b(?:square )?root of\b|√"),
    ("SQUARE", r"\b(?:the )?square of\b"),
    ("FACTORIAL", r"\bfactorial of\b"),
    ("HALF", r"\bhalf (?:of )?(?=[\d$€£(])"),
    ("THIRD", r"\b(?:a |one )?third of\b"),
    ("QUARTER", r"\b(?:a |one )?quarter of\b"),
    ("DOUBLE", r"\b(?:double|twice)\b"),
    ("SUM", r"\bsum of\b|\badd(?: up| together)?\b|\btotal of\b"),
    ("PRODUCT", r"\bproduct of\b"),
    ("AVERAGE", r"\b(?:average|mean) of\b"),
    ("DIFFERENCE", r"\bdifference (?:between|of)\b"),
    ("SUBTRACT", r"\bsubtract\b|\btake(?: away)?\b(?=\s*[\d$€£])"),
    ("MULTIPLY", r"\bmultiply\b"),
    ("DIVIDE", r"\bdivide\b"),
    ("INCREASE", r"\b(?:increase|raise)\b"),
    ("DECREASE", r"\b(?:decrease|reduce|lower)\b"),
    ("POWER", r"\*\*|\^|\b(?:raised )?to the power of\b"),
    ("SQUARED", r"\bsquared\b|²"),
    ("CUBED", r"\bcubed\b|³"),
    ("PERCENT", r"%|\bpercent\b|\bper cent\b"),
    ("FLOOR", r"//"),
    ("TIMES", r"[*×·]|\b(?:times|multiplied by)\b|x(?=\s*[\d(.])"),
    ("OVER", r"[/÷]|\bdivided by\b|\bover\b"),
    ("PLUS", r"\+|\bplus\b"),
    ("MINUS", r"[-−–]|\bminus\b|\bless\b"),
    ("MODULO", r"\bmod(?:ulo)?\b"),
    ("OF", r"\b(?:of|on)\b(?: the\b)?"),
    ("OFF", r"\b(?:off|discount)\b(?: of\b| on\b| from\b)?"),
    ("BY", r"\bby\b"),
    ("FROM", r"\bfrom\b"),
    ("AND", r"\b(?:and|to|with)\b|&"),
    ("COMMA", r","),
    ("OPEN", r"\("),
    ("CLOSE", r"\)"),
    ("CONSTANT", r"\bpi\b|π|\be\b"),
    ("WORD", r"[^\W\d_]+|[^\s]"),
]
SCANNER = re.compile("|".join(f"(?P<{name}_{at}>{pattern})" for at, (name, pattern) in enumerate(TOKENS)))

MOST_TOKENS = 150
UNITS = re.compile(r"(?<=\d)\s*(?:dollars?|euros?|pounds|usd|eur|gbp)\b")
COUNTED_THINGS = re.compile(
    r"(?<=\d)\s+(?!squared|cubed|percent)[a-z]+(?=\s+(?:plus|minus|times|divided by|multiplied by)\s+\d)"
)
COMMAS_OF_CALLS = re.compile(rf"(?:{FUNCTIONS})\s*\([^()]*\)")
IS_WHAT_PERCENT = re.compile(rf"({NUMBER}) is what (?:percent|per cent|percentage|%) of ({NUMBER})")
WHAT_PERCENT_IS = re.compile(rf"what (?:percent|per cent|percentage|%) of ({NUMBER}) is ({NUMBER})")
RANGE_OR_DATE = re.compile(r"\d+(?:[-–/]\d+)+")
ASKING = set(
    "what whats what's s is are equals calculate compute evaluate work out how much many does make result value the a "
    "please can could you tell me solve i need to know give it do for hi hello so then also".split()
)


def expressions(text: str) -> list[str]:
    """The calculations a text asks for, in order; none if it asks for none."""
    text = _prepared(text)
    for pattern, part, whole in ((IS_WHAT_PERCENT, 1, 2), (WHAT_PERCENT_IS, 2, 1)):
        if asked := pattern.search(text):
            return [f"{plain(asked[part])} / {plain(asked[whole])} * 100"]
    tokens = [
        Token((match.lastgroup or "").split("_")[0], match[0], match.start(), match.end())
        for match in islice(SCANNER.finditer(text), MOST_TOKENS)
    ]
    is_only_asking = all(token.text in ASKING for token in tokens if token.kind == "WORD" and token.text.isalpha())
    found = []
    at = 0
    while at < len(tokens):
        parser = Parser(tokens, at)
        try:
            expression = parser.sum()
        except (NotArithmetic, RecursionError):
            at += 1
            continue
        source = text[tokens[at].start : tokens[parser.at - 1].end]
        if parser.operations and (is_only_asking or not RANGE_OR_DATE.fullmatch(source)):
            found.append(expression.text)
        at = max(parser.at, at + 1)
    return found


def _prepared(text: str) -> str:
    text = in_digits(text.lower())
    text = UNITS.sub("", text)
    text = COUNTED_THINGS.sub("", text)
    return COMMAS_OF_CALLS.sub(lambda call: call[0].replace(",", " , "), text)
