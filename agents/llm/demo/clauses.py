"""A message as the single requests in it."""

import re
from dataclasses import dataclass

READ_CHARS = 2_000
SENTENCE = re.compile(r"[^?!;\n]+?(?:[?!;]+(?=\s|$)|\.(?=\s|$)|\n|$)")
NEXT_REQUEST = re.compile(
    r",?\s+(?:and|then|also)\s+(?:also\s+|then\s+)?"
    r"(?=(?:what|when|who|where|which|how|why|tell|show|search|find|look|calculate|compute|give|please|can|could)\b)",
    re.IGNORECASE,
)
QUESTION = re.compile(
    r"(?:(?:please|and|so|but|ok(?:ay)?)[,\s]+)*(?:what|what's|when|who|whom|whose|where|which|how|why|is|are|was|were|do|"
    r"does|did|can|could|may|must|will|would|should|has|have|tell|show|search|find|look|explain|describe|list|"
    r"summari[sz]e|quote|give|according)\b",
    re.IGNORECASE,
)
STATEMENT = re.compile(
    r"(?:i|i'm|i’m|i've|my|we|we're|our|you|you're|your|he|she|it|they|this|that|there)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Clause:
    text: str
    is_question: bool

    @property
    def is_statement(self) -> bool:
        return not self.is_question and bool(STATEMENT.match(self.text))


def clauses(message: str) -> list[Clause]:
    """The sentences of a message, split again where a second request begins ("… and what is 3*7?")."""
    found = []
    for sentence in SENTENCE.findall(message[:READ_CHARS].replace("’", "'")):
        for text in NEXT_REQUEST.split(sentence):
            words = text.strip(" \t\n.?!;,")
            if words:
                found.append(Clause(words, "?" in sentence or bool(QUESTION.match(words))))
    return found
