"""Questions about date and time, and the places they name."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

NOW = r"now|right now|currently|today|there|here|please|at the moment"
IN_A_PLACE = r"in\b(?! (?:the|this|that|my|our|your|a|an) (?!uk\b|usa?\b|uae\b|united|netherlands|philippines|hague))"
ASKS_TIME = re.compile(
    r"what(?:'s| is)? (?:the )?(?:current |exact |local )*"
    r"(?:time|date|day|weekday|day of the week|date and time|time and date)"
    r"(?: is it| is today| of the week is it| do we have)?"
    rf"(?=$|[,?]| (?:{NOW}|and|{IN_A_PLACE})\b)"
    r"|\b(?:current|local|present) (?:time|date)\b"
    rf"|\b(?:tell|give|show) me the (?:current |local )?(?:time|date)(?=$|[,?]| (?:{NOW}|and|{IN_A_PLACE})\b)"
    r"|\b(?:date|time) and (?:date|time)\b"
    r"|\btoday's date\b|\bwhat(?:'s| is) today\b|\btime is it\b|\bhow late is it\b|\b(?:got|have) the time\b"
    r"|^(?:the )?(?:time|date)(?: now| please)?(?= in\b|$)",
    re.IGNORECASE,
)
NAMED_PLACE = re.compile(
    r"\bin\s+(?!the\b|this\b|my\b|your\b|an?\b)([^\W\d_][\w .'-]{1,40}?)(?=$|[,?]| and\b| right\b| now\b| please\b)"
)

# Where a country has several zones, its capital or largest city speaks for it.
ALSO_KNOWN_AS = {
    "utc": "UTC", "gmt": "Etc/GMT", "cet": "Europe/Paris", "est": "America/New_York", "edt": "America/New_York",
    "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo",
    "nyc": "America/New_York", "new york city": "America/New_York", "washington": "America/New_York",
    "boston": "America/New_York", "miami": "America/New_York", "atlanta": "America/New_York",
    "philadelphia": "America/New_York", "dallas": "America/Chicago", "houston": "America/Chicago",
    "austin": "America/Chicago", "san francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles",
    "san diego": "America/Los_Angeles", "las vegas": "America/Los_Angeles", "california": "America/Los_Angeles",
    "texas": "America/Chicago", "florida": "America/New_York", "montreal": "America/Toronto",
    "ottawa": "America/Toronto", "rio": "America/Sao_Paulo", "rio de janeiro": "America/Sao_Paulo",
    "brasilia": "America/Sao_Paulo", "beijing": "Asia/Shanghai", "shenzhen": "Asia/Shanghai", "osaka": "Asia/Tokyo",
    "kyoto": "Asia/Tokyo", "delhi": "Asia/Kolkata", "new delhi": "Asia/Kolkata", "mumbai": "Asia/Kolkata",
    "bangalore": "Asia/Kolkata", "bengaluru": "Asia/Kolkata", "chennai": "Asia/Kolkata", "hanoi": "Asia/Ho_Chi_Minh",
    "kyiv": "Europe/Kiev", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin", "frankfurt": "Europe/Berlin",
    "cologne": "Europe/Berlin", "milan": "Europe/Rome", "barcelona": "Europe/Madrid", "lyon": "Europe/Paris",
    "geneva": "Europe/Zurich", "basel": "Europe/Zurich", "bern": "Europe/Zurich", "the hague": "Europe/Amsterdam",
    "edinburgh": "Europe/London", "manchester": "Europe/London", "leeds": "Europe/London",
    "cape town": "Africa/Johannesburg",
    "abu dhabi": "Asia/Dubai", "tel aviv": "Asia/Jerusalem", "canberra": "Australia/Sydney",
    "wellington": "Pacific/Auckland", "hawaii": "Pacific/Honolulu",
    "germany": "Europe/Berlin", "france": "Europe/Paris", "spain": "Europe/Madrid", "italy": "Europe/Rome",
    "uk": "Europe/London", "england": "Europe/London", "scotland": "Europe/London", "united kingdom": "Europe/London",
    "ireland": "Europe/Dublin", "netherlands": "Europe/Amsterdam", "belgium": "Europe/Brussels",
    "switzerland": "Europe/Zurich", "austria": "Europe/Vienna", "sweden": "Europe/Stockholm", "norway": "Europe/Oslo",
    "denmark": "Europe/Copenhagen", "finland": "Europe/Helsinki", "greece": "Europe/Athens", "ukraine": "Europe/Kiev",
    "czechia": "Europe/Prague", "hungary": "Europe/Budapest", "romania": "Europe/Bucharest", "egypt": "Africa/Cairo",
    "kenya": "Africa/Nairobi", "nigeria": "Africa/Lagos", "south africa": "Africa/Johannesburg",
    "india": "Asia/Kolkata",
    "china": "Asia/Shanghai", "south korea": "Asia/Seoul", "korea": "Asia/Seoul", "thailand": "Asia/Bangkok",
    "vietnam": "Asia/Ho_Chi_Minh", "indonesia": "Asia/Jakarta", "philippines": "Asia/Manila",
    "malaysia": "Asia/Kuala_Lumpur", "pakistan": "Asia/Karachi", "bangladesh": "Asia/Dhaka", "uae": "Asia/Dubai",
    "saudi arabia": "Asia/Riyadh", "argentina": "America/Argentina/Buenos_Aires", "brazil": "America/Sao_Paulo",
    "chile": "America/Santiago", "colombia": "America/Bogota", "peru": "America/Lima", "mexico": "America/Mexico_City",
    "canada": "America/Toronto", "usa": "America/New_York", "australia": "Australia/Sydney",
    "new zealand": "Pacific/Auckland", "russia": "Europe/Moscow", "st petersburg": "Europe/Moscow",
}  # fmt: skip


@dataclass(frozen=True)
class Places:
    zones: list[str]
    unknown: list[str]


def asked_places(text: str) -> Places | None:
    """The time zones a question about the time means, UTC if it names no place; None if it is not such a question."""
    if not ASKS_TIME.search(text):
        return None
    text = _without_accents(text)
    names, pattern = _known_places()
    zones = [names[found.lower()] for found in pattern.findall(text)]
    unknown = [name.strip() for name in NAMED_PLACE.findall(pattern.sub(",", text))]
    if not zones and not unknown:
        zones = ["UTC"]
    return Places(list(dict.fromkeys(zones)), unknown)


def _without_accents(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


@cache
def _known_places() -> tuple[dict[str, str], re.Pattern[str]]:
    """Every place by its name in small letters, and a pattern that finds them; the longest name wins."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "US/")))
    names = {zone.lower(): zone for zone in zones}
    names |= {zone.rsplit("/", 1)[1].replace("_", " ").lower(): zone for zone in zones}
    names |= ALSO_KNOWN_AS
    longest_first = sorted(names, key=len, reverse=True)
    return names, re.compile(rf"(?<![\w/])(?:{'|'.join(map(re.escape, longest_first))})(?![\w/])", re.IGNORECASE)
