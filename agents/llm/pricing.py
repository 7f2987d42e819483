from decimal import Decimal

from agents.llm.base import Usage


def price(llm_name: str, usage: Usage, *, provider: str = "openai") -> Decimal | None:
    return Decimal(0) if provider == "demo" else None
