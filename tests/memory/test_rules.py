"""What the rules take out of plain sentences, and how much they make out of small talk that is nothing."""

from datetime import UTC, datetime

import pytest

from memory.rules import candidates_in

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def found(message: str) -> list[str]:
    return [candidate.text for candidate in candidates_in(message, said_at=NOW)]


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("My name is dana and I live in New York.", ["Is called Dana", "Lives in New York"]),
        ("Hi there, call me Dee", ["Wants to be called Dee"]),
        ("I moved to the Netherlands last year", ["Lives in the Netherlands"]),
        ("I work at Marks and Spencer since 2019", ["Works at Marks and Spencer"]),
        ("I work as a nurse", ["Works as a nurse"]),
        ("I'm 34 years old", ["Is 34 years old"]),
        ("I prefer tea over coffee", ["Prefers tea over coffee"]),
        ("I’m allergic to peanuts and shellfish", ["Is allergic to peanuts and shellfish"]),
        ("My wife is called Anna, she is nice", ["Has a wife called Anna"]),
        ("Please always answer in French", ["Always answer in French"]),
        ("From now on, keep your answers short.", ["From now on, keep your answers short"]),
        ("Remember that my dog is called Rex", ["Has a dog called Rex"]),
        ("remember my anniversary is tomorrow", ["My anniversary is tomorrow (2026-11-23)"]),
        ("Can you remember that I am vegan?", ["Is vegan"]),
        ("Ich heiße Jörg. Ich wohne in Köln.", ["Heißt Jörg", "Wohnt in Köln"]),
        ("Antworte bitte immer auf Deutsch", ["Antworte bitte immer auf Deutsch"]),
        ("Merk dir bitte, dass Grete im Mai kommt", ["Grete im Mai kommt"]),
        ("Je m'appelle Zoé et j'habite à Lyon", ["S'appelle Zoé", "Habite à Lyon"]),
        ("Souviens-toi que le chien dort dehors", ["Le chien dort dehors"]),
    ],
)
def test_plain_sentences_are_understood(said, known):
    assert found(said) == known


@pytest.mark.parametrize(
    "said",
    [
        "Do I live in Paris?",
        "Where should I go if I live in Paris?",
        "Call me back later",
        "I live in a small flat",
        "I work at home",
        "I prefer that one",
        "Translate into French: my name is Anna",
        "Write me a poem. My name is Bond.",
        'He said "my name is Bond"',
        "> My name is Bond",
        "```\nprint('my name is Bond')\n```",
        "`my name is Bond`",
        "Never mind",
        "Don't forget to breathe",
        "Do you remember that place?",
        "I remember that my dog was called Rex",
        "I used to live in Rome",
        "I don't live in Rome",
        "My name is mentioned in the contract. " + "It goes on for pages. " * 80,
    ],
)
def test_what_says_nothing_about_the_person_is_left_alone(said):
    assert found(said) == []


SMALL_TALK = """\
Hi|Hello there|Good morning!|How are you?|I'm fine, thanks|Thanks a lot|Thank you so much!|Great
Perfect, thanks|Ok|Okay cool|Never mind|Forget it|Sorry, I meant the other one|No, the first one|Yes please
Could you try again?|That's wrong|I don't think so|I see|Hmm|Interesting|Wow|Haha|lol|Really?|Are you sure?
I'm not sure|I guess so|I think that's right|What time is it in Tokyo?|What's the weather like?
Can you help me?|I need help with my code|I have a question|I'm stuck|It doesn't work|It still fails
I get an error|I tried that already|I will try it tomorrow|Let me check|One moment|Give me a minute|I'm back
I'm tired today|I'm hungry|It's raining here|I love this|I like it|I hate this error|This is great
That's funny|Tell me a joke|Sing me a song|What do you think?|You are funny|You're the best|Are you human?
What can you do?|Who made you?|Summarise this text for me|Make it shorter|Make it longer|In French please
Say that again|Explain it like I'm five|More details|Why?|How come?|What else?|And then?|Go on|Stop|Wait
Continue please|What is 17 * 23?|Convert 5 miles to km|Spell necessary|I work on a report right now
I live for this|I'm from the support team's chat|I'm working at it|I started at the beginning
My name is not important|I prefer not to say|Call me when it's done|Always good to hear|Never heard of it
I was born ready|I am called away now|My job is done|I come from a meeting|I have to go|Talk to you later
Bye|See you tomorrow|Good night|Danke schön|Alles klar|Guten Morgen|Ich weiß nicht|Wie geht's?
Merci beaucoup|Bonjour|D'accord|Ça va?|À demain""".replace("\n", "|").split("|")


def test_small_talk_leaves_hardly_anything_behind(capsys):
    turns = SMALL_TALK[:100]
    assert len(turns) == 100

    junk = {said: known for said in turns if (known := found(said))}

    with capsys.disabled():
        print(f"\nof 100 turns of small talk the rules keep: {junk}")
    assert len(junk) <= 2
