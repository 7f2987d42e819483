"""Which procedures fit which questions, by the embedding model that is built in; what it finds is printed."""

import pytest

from accounts.models import User
from memory.embedding import embed_waiting
from memory.procedures import relevant
from memory.proposals import write

pytestmark = pytest.mark.django_db
AGENT = 81
KINDS = {
    "the price of something in another currency": [
        "How much is 50 euros in dollars?", "what's 12 swiss francs in yen", "Convert 100 USD to GBP",
        "Wie viel sind 20 Dollar in Euro?",
    ],
    "a refund of a booking": [
        "Can I get my money back for the hotel I booked?", "refund for my flight",
        "Storniere meine Hotelbuchung und gib mir das Geld zurück",
    ],
    "summing up the figures in a document": [
        "add up the totals of the quarterly report", "What is the total of the invoices in budget.pdf?",
        "sum of column B in sales.csv",
    ],
    "comparing two plans or contracts": [
        "which of the two insurance contracts is better for me", "Compare the pro and the team plan",
    ],
    "why a build or test failed": [
        "my CI is red, what happened?", "pytest fails with ImportError", "why does the deploy job crash",
    ],
    "the weather or time in a city": ["What time is it in Tokyo?", "is it raining in Zurich"],
    "translating a text": [
        "translate this into French: good morning", "how do you say thank you in Japanese",
        "say it in Spanish: where is the station?",
    ],
}  # fmt: skip
OTHERS = [
    "hi there", "thanks!", "Tell me a joke", "who wrote Faust?", "write a poem about autumn", "what's my name?",
    "How do I bake bread?", "explain recursion", "what is the capital of Peru", "I feel sad today",
    "give me ideas for a birthday gift", "what can you do?", "who are you", "write an email to my boss that I'm ill",
    "remember that I like tea", "schedule a meeting tomorrow at 3", "what is 2+2", "summarise this text",
]  # fmt: skip


def test_the_right_procedure_is_told_and_mostly_no_other(dana: User) -> None:
    for kind in KINDS:
        write(by=dana, agent_id=AGENT, trigger=kind, body="Do it.", steps=())
    embed_waiting()

    right = sum(told(question)[:1] == [kind] for kind, questions in KINDS.items() for question in questions)
    wrong = sum(bool(told(question)) for question in OTHERS)

    number = sum(len(questions) for questions in KINDS.values())
    print(f"fitting: the right one told for {right} of {number}, one told to {wrong} of {len(OTHERS)} others")
    assert right >= 0.85 * number
    assert wrong <= 2


def told(question: str) -> list[str]:
    return [one.trigger for one in relevant(question, user_id=None, agent_id=AGENT, count_tokens=len, most_tokens=9999)]
