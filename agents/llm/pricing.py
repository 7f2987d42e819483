"""What an LLM call cost and what a model can read, from the list inside `genai-prices`. Nothing is fetched."""

from decimal import Decimal
from functools import cache
from typing import Any

from agents.llm.base import Usage

DEMO = "demo"


def price(llm_name: str, usage: Usage, *, provider: str = "openai") -> Decimal | None:
    """US dollars, cached tokens at their own rate; None when the price is unknown, so never a wrong zero."""
    if provider == DEMO:
        return Decimal(0)
    prices = _price_list()
    counted = prices.Usage(
        input_tokens=usage.input,
        cache_read_tokens=min(usage.cached, usage.input),
        output_tokens=usage.output,
    )
    try:
        found = prices.calc_price(counted, llm_name, provider_id=provider)
    except LookupError:
        return None
    # Entries without a price per token (speech by the minute, "free for now") come out as zero: that is not known.
    is_known = found.total_price > 0 or not (usage.input or usage.output)
    return found.total_price if is_known else None


def context_window(llm_name: str, *, provider: str = "openai") -> int | None:
    """The tokens this model takes in and gives out together; None when that is not known."""
    try:
        _, model = _price_list().data_snapshot.get_snapshot().find_provider_model(llm_name, None, provider, None)
    except LookupError:
        return None
    return model.context_window or None


@cache
def _price_list() -> Any:
    """Imported at first use: the list takes a quarter of a second to load."""
    import genai_prices.data_snapshot

    return genai_prices
