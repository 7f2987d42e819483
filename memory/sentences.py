"""The plain sentences that tell something about a person, in English, German and French: beginnings and meanings."""

import re
from dataclasses import dataclass
from functools import cache

from memory.models import MemoryKind

OPENING = (
    r"^\W*(?:(?:hi|hello|hey|hallo|bonjour|salut|ok(?:ay)?|well|so|and|also|oh|yes|no|by the way|btw|fyi|actually|"
    r"just so you know|please|bitte|übrigens|und|ja|nein|s'il te plaît|et|alors|au fait|oui|non)\b[\s,!–-]*)*"
    r"(?:there[\s,!]+)?"
)
AM = r"i(?:'m| am)"
PARTNERS = ("wife", "husband", "partner", "girlfriend", "boyfriend")


@dataclass(frozen=True)
class Rule:
    """How a sentence begins, and the memory it makes: `{}` in the text is what follows."""

    beginning: str
    text: str
    key: str = ""
    importance: int = 3
    kind: MemoryKind = MemoryKind.FACT
    is_name: bool = False  # what follows names somebody or some place

    def rest_of(self, sentence: str) -> str:
        """All that follows the beginning; empty where a sentence begins otherwise."""
        match = _pattern(self.beginning).match(sentence)
        return match["value"] if match else ""


@cache
def _pattern(beginning: str) -> re.Pattern[str]:
    return re.compile(rf"{OPENING}(?:{beginning})\s+(?P<value>\S.*)$", re.IGNORECASE | re.DOTALL)


def _named(beginning: str, text: str, key: str, importance: int = 4) -> Rule:
    return Rule(beginning, text, key, importance, is_name=True)


def _address(beginning: str, text: str) -> Rule:
    return Rule(beginning, text, "form_of_address", 4, MemoryKind.PREFERENCE, is_name=True)


def _preference(beginning: str, text: str) -> Rule:
    return Rule(beginning, text, kind=MemoryKind.PREFERENCE)


ENGLISH = (
    _named(rf"my (?:full |first )?name is|{AM} called", "Is called {}", "name", 5),
    _address(r"(?:you can |just )?call me", "Wants to be called {}"),
    _named(
        rf"i (?:now |currently )?live in|{AM} (?:now )?(?:living|based) in|"
        r"i(?:'ve| have)? (?:just |recently )?moved to",
        "Lives in {}", "home",
    ),
    _named(rf"i come from|{AM} (?:originally )?from|i grew up in", "Comes from {}", "hometown", 3),
    _named(
        rf"i (?:now |currently )?work (?:at|for)|{AM} (?:now )?(?:working (?:at|for)|employed (?:at|by))|"
        r"i(?:'ve| have)? (?:just )?started (?:working |a (?:new )?job )?at",
        "Works at {}", "employer",
    ),
    Rule(
        rf"i (?:now |currently )?work as|{AM} (?:now )?working as|my (?:job|profession|occupation) is(?= an?\s)",
        "Works as {}", "occupation", 4,
    ),
    Rule(r"my birthday is(?: on)?|i was born (?:on|in)", "Birthday: {}", "birthday", 4),
    Rule(r"my (?:native|first) language is|my mother tongue is", "Native language: {}", "native_language"),
    Rule(r"my time ?zone is", "Time zone: {}", "time_zone"),
    Rule(rf"{AM} allergic to", "Is allergic to {}", "allergy", 5),
    _preference(r"i prefer", "Prefers {}"),
)  # fmt: skip
GERMAN = (
    _named(r"mein name ist|ich heiße|ich heisse", "Heißt {}", "name", 5),
    _address(r"nenn(?:e|en sie)? mich", "Möchte {} genannt werden"),
    _named(r"ich (?:wohne|lebe) (?:jetzt |derzeit )?in", "Wohnt in {}", "home"),
    _named(r"ich komme aus", "Kommt aus {}", "hometown", 3),
    _named(r"ich arbeite (?:jetzt |derzeit )?(?:bei|für)", "Arbeitet bei {}", "employer"),
    Rule(r"ich arbeite (?:jetzt |derzeit )?als", "Arbeitet als {}", "occupation", 4),
    Rule(r"mein geburtstag ist(?: am)?", "Geburtstag: {}", "birthday", 4),
    Rule(r"ich bin allergisch (?:gegen|auf)", "Ist allergisch gegen {}", "allergy", 5),
    _preference(r"ich bevorzuge", "Bevorzugt {}"),
)
FRENCH = (
    _named(r"je m'appelle|mon nom est", "S'appelle {}", "name", 5),
    _address(r"appelle[sz]?[- ]moi", "Souhaite être appelé {}"),
    _named(r"(?:j'habite|je vis) (?:maintenant )?(?:à|au|en)", "Habite à {}", "home"),
    _named(r"je travaille (?:chez|pour)", "Travaille chez {}", "employer"),
    Rule(r"je travaille comme", "Travaille comme {}", "occupation", 4),
    Rule(r"je suis allergique (?:à|au|aux)", "Est allergique à {}", "allergy", 5),
    _preference(r"je préfère", "Préfère {}"),
)
RULES = (*ENGLISH, *GERMAN, *FRENCH)

RELATION = re.compile(
    OPENING + r"my (?P<who>wife|husband|partner|girlfriend|boyfriend|dog|cat|son|daughter|sister|brother|mother|father|"
    r"boss|manager|doctor)(?:'s name is| is called| is named) (?P<value>\S.*)$",
    re.IGNORECASE,
)
FAVOURITE = re.compile(OPENING + r"my favou?rite (?P<what>[\w -]{2,30}?) (?:is|are) (?P<value>\S.*)$", re.IGNORECASE)
AGE = re.compile(
    OPENING + rf"(?:{AM} (\d{{1,3}}) years old|ich bin (\d{{1,3}}) jahre alt|j'ai (\d{{1,3}}) ans)\b", re.IGNORECASE
)
DIET = re.compile(
    OPENING + rf"(?:{AM}|ich bin|je suis) (?:a |an )?(?P<value>vegan\w*|vegetari\w+|végétarien(?:ne)?|végane?)\b",
    re.IGNORECASE,
)

FROM_NOW = (
    r"always|never|from now on|in (?:the )?future|by default|immer|nie|niemals|künftig|ab jetzt|von nun an|toujours|"
    r"jamais|désormais|dorénavant"
)
ANSWERING = re.compile(
    OPENING + rf"(?=.*\b(?:{FROM_NOW})\b)(?P<value>(?:(?:{FROM_NOW}),? (?:please )?)?"
    r"(?:answer|reply|respond|write|speak|talk|address|keep|use|explain|format|end|start|begin|include|cite|avoid|"
    r"antworte\w*|schreib\w*|sprich|verwende\w*|benutze\w*|réponds?|répondez|écris|écrivez|utilise[zs]?|"
    r"parle[zs]?)\b.*)$",
    re.IGNORECASE | re.DOTALL,
)
ABOUT_ANSWERS = (
    (
        "answer_language",
        r"english|german|french|spanish|italian|portuguese|dutch|polish|turkish|russian|ukrainian|japanese|chinese|"
        r"korean|arabic|englisch|deutsch|französisch|spanisch|italienisch|anglais|allemand|français|espagnol|italien",
    ),
    ("answer_length", r"short|brief\w*|concise\w*|long|detail\w*|kurz|knapp|ausführlich|courte?|bref|concis"),
    ("answer_tone", r"formal\w*|informal\w*|friendly|polite\w*|du|sie|förmlich|tutoie\w*|vouvoie\w*"),
    ("answer_units", r"metric|imperial|metrisch\w*|celsius|fahrenheit|métriques?"),
)

TO_REMEMBER = re.compile(
    OPENING + r"(?:(?:can|could|would|will) you )?(?:please )?(?:remember|don't forget|do not forget|keep in mind|"
    r"make a note|merk(?:e)? dir|merken sie sich|vergiss nicht|denk(?:e)? daran|behalte|souviens-toi|souvenez-vous|"
    r"rappelle-toi|retiens|n'oublie[zs]? pas)(?: bitte| please)?"
    r"(?:,? ?(?:that|dass|que|qu')\b|\s*:|\s+(?=my\b|i\b|i'm\b|mein|ich\b)),?\s*(?P<value>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
