"""From tokens to an expression, by recursive descent."""

from collections.abc import Callable
from dataclasses import dataclass

ATOM, POWER, UNARY, PRODUCT, SUM = 5, 4, 3, 2, 1
BINARY = {
    "PLUS": ("+", SUM),
    "MINUS": ("-", SUM),
    "TIMES": ("*", PRODUCT),
    "OVER": ("/", PRODUCT),
    "FLOOR": ("//", PRODUCT),
    "MODULO": ("%", PRODUCT),
}
FRACTIONS = {"HALF": "2", "THIRD": "3", "QUARTER": "4"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Term:
    """A piece of an expression and how strongly its last operator binds. `percent`: a bare "10 %"."""

    text: str
    binds: int = ATOM
    percent: str = ""

    def within(self, binds: int) -> str:
        return self.text if self.binds >= binds else f"({self.text})"


class NotArithmetic(Exception):
    pass


def plain(number: str) -> str:
    """The digits alone, without thousands separators or a currency sign."""
    return number.strip().lstrip("$€£¥").replace(",", "")


class Parser:
    """Recursive descent from one token on; `at` is where it stopped, `operations` how much there was to work out."""

    def __init__(self, tokens: list[Token], at: int) -> None:
        self.tokens = tokens
        self.at = at
        self.operations = 0

    def sum(self) -> Term:
        left = self.product()
        while operator := self._operator("PLUS", "MINUS"):
            right = self.product()
            if right.percent:  # "200 + 10 %" means ten per cent of the 200
                left = Term(f"{left.within(PRODUCT)} * (1 {operator} {right.percent} / 100)", PRODUCT)
            else:
                left = Term(f"{left.text} {operator} {right.within(PRODUCT)}", SUM)
        return left

    def product(self) -> Term:
        left = self.unary()
        while operator := self._operator("TIMES", "OVER", "FLOOR", "MODULO"):
            left = Term(f"{left.within(PRODUCT)} {operator} {self.unary().within(UNARY)}", PRODUCT)
        return left

    def unary(self) -> Term:
        if self._skip("MINUS"):
            return Term(f"-{self.unary().within(UNARY)}", UNARY)
        base = self.primary()
        if self._skip("SQUARED"):
            base = self._worked(f"{base.within(ATOM)} ** 2", POWER)
        elif self._skip("CUBED"):
            base = self._worked(f"{base.within(ATOM)} ** 3", POWER)
        if self._skip("POWER"):
            base = self._worked(f"{base.within(ATOM)} ** {self.unary().within(UNARY)}", POWER)
        return base

    def primary(self) -> Term:
        token = self._next()
        match token.kind:
            case "NUMBER":
                return self._after_number(plain(token.text))
            case "CONSTANT":
                return Term("pi" if token.text == "π" else token.text)
            case "OPEN":
                inner = self.sum()
                self._expect("CLOSE")
                return Term(f"({inner.text})")
            case "FUNCTION":
                self._expect("OPEN")
                given = self._list(self.sum)
                self._expect("CLOSE")
                return self._worked(f"{token.text}({', '.join(term.text for term in given)})")
            case "ROOT":
                return self._worked(f"sqrt({self.unary().text})")
            case "FACTORIAL":
                return self._worked(f"factorial({self.unary().text})")
            case "SQUARE":
                return self._worked(f"{self.unary().within(ATOM)} ** 2", POWER)
            case "DOUBLE":
                return self._worked(f"{self.unary().within(PRODUCT)} * 2", PRODUCT)
            case "HALF" | "THIRD" | "QUARTER":
                return self._worked(f"{self.unary().within(PRODUCT)} / {FRACTIONS[token.kind]}", PRODUCT)
            case _:
                return self._spoken(token.kind)

    def _spoken(self, verb: str) -> Term:
        """Operations said before their numbers: "the sum of 3, 4 and 5", "subtract 3 from 10"."""
        match verb:
            case "SUM":
                return self._worked(f"({' + '.join(term.within(PRODUCT) for term in self._several())})")
            case "PRODUCT":
                return self._worked(f"({' * '.join(term.within(UNARY) for term in self._several())})")
            case "AVERAGE":
                given = self._several()
                return self._worked(f"({' + '.join(term.text for term in given)}) / {len(given)}", PRODUCT)
            case "DIFFERENCE":
                first, second = self._pair("AND")
                return self._worked(f"({first.text} - {second.within(PRODUCT)})")
            case "SUBTRACT":
                first, second = self._pair("FROM")
                return self._worked(f"({second.text} - {first.within(PRODUCT)})")
            case "MULTIPLY" | "DIVIDE":
                first, second = self._pair("BY", "AND")
                return self._worked(
                    f"{first.within(UNARY)} {'*' if verb == 'MULTIPLY' else '/'} {second.within(UNARY)}", PRODUCT
                )
            case "INCREASE" | "DECREASE":
                first, second = self._pair("BY")
                sign = "+" if verb == "INCREASE" else "-"
                if second.percent:
                    return self._worked(f"{first.within(UNARY)} * (1 {sign} {second.percent} / 100)", PRODUCT)
                return self._worked(f"{first.text} {sign} {second.within(PRODUCT)}", SUM)
        raise NotArithmetic

    def _after_number(self, number: str) -> Term:
        """A number alone, or the start of "23 % of 50", "20 % off 80", "15 % tip on 60"."""
        if self._kind() != "PERCENT":
            return Term(number)
        if self._kind(1) in {"NUMBER", "OPEN", "CONSTANT"}:  # "17 % 5" is a remainder
            self.at += 1
            return self._worked(f"{number} % {self.unary().within(UNARY)}", PRODUCT)
        self.at += 1
        if self._kind() == "WORD" and self._kind(1) in {"OF", "OFF"}:
            self.at += 1
        if self._skip("OFF"):
            self._skip("OF")
            return self._worked(f"{self.unary().within(UNARY)} * (1 - {number} / 100)", PRODUCT)
        if self._skip("OF"):
            return self._worked(f"{self.unary().within(UNARY)} * {number} / 100", PRODUCT)
        return Term(f"{number} / 100", PRODUCT, percent=number)

    def _several(self) -> list[Term]:
        given = self._list(self.product)
        if len(given) < 2:
            raise NotArithmetic
        return given

    def _list(self, element: Callable[[], Term]) -> list[Term]:
        given = [element()]
        while self._kind() in {"COMMA", "AND"}:
            before = self.at
            self.at += 2 if (self._kind(), self._kind(1)) == ("COMMA", "AND") else 1
            try:
                given.append(element())
            except NotArithmetic:
                self.at = before
                break
        return given

    def _pair(self, *between: str) -> tuple[Term, Term]:
        first = self.product()
        if not any(self._skip(kind) for kind in between):
            raise NotArithmetic
        return first, self.product()

    def _operator(self, *kinds: str) -> str:
        """The sign of the operator that stands here, with a comma before it or not; nothing if none does."""
        comma = self._kind() == "COMMA"
        if self._kind(comma) not in kinds or not self._can_start(1 + comma):
            return ""
        kind = self._kind(comma)
        self.at += 1 + comma
        self.operations += 1
        return BINARY[kind][0]

    def _can_start(self, ahead: int) -> bool:
        return self._kind(ahead) not in {"", "WORD", "COMMA", "CLOSE", "PERCENT", "OF", "BY", "FROM", "AND"}

    def _worked(self, text: str, binds: int = ATOM) -> Term:
        self.operations += 1
        return Term(text, binds)

    def _kind(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.tokens[at].kind if at < len(self.tokens) else ""

    def _next(self) -> Token:
        if self.at >= len(self.tokens):
            raise NotArithmetic
        self.at += 1
        return self.tokens[self.at - 1]

    def _skip(self, kind: str) -> bool:
        if self._kind() != kind:
            return False
        self.at += 1
        return True

    def _expect(self, kind: str) -> None:
        if not self._skip(kind):
            raise NotArithmetic
