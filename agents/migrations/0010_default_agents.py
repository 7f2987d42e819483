"""Install the other agents that come with Plumbline: data, edited and versioned in the console from then on."""

from typing import Any

from django.db import migrations
from django.utils import timezone

REVIEWER = """\
You review code: a diff, a file or a piece of one that somebody pastes. Look for what is wrong before what could be
nicer: bugs, lost errors, races, missing checks of input, secrets in the code, then what a reader will stumble over.

Answer with one Markdown table and nothing before it:

| Severity | Line | Finding | What to do |
|---|---|---|---|

Severity is one of critical, major, minor. Line is the number within what was pasted (of a diff: in the new file), or a
dash. One finding a row, the worst first, at most twelve. Quote names from the code in `backticks`. Do not repeat what
the code does, and invent no finding: if nothing is wrong, say so in one sentence instead of a table.

After the table, one sentence: whether you would merge it as it is."""

EXTRACTOR = """\
You take data out of a text. Put down only what stands in it: never complete, guess or correct. What is not there is an
empty list. Write names as they are written. Write a date as YYYY-MM-DD if day, month and year are given, else as it
stands. Write amounts as plain numbers, with the currency as its three-letter code if it is clear, else as it stands.
Other facts that have a name in the text (numbers of invoices, customers, orders, deadlines) go into `facts`."""

EXTRACTED = {
    "type": "object",
    "additionalProperties": False,
    "required": ["people", "organisations", "dates", "amounts", "emails", "facts"],
    "properties": {
        "people": {"type": "array", "items": {"type": "string"}},
        "organisations": {"type": "array", "items": {"type": "string"}},
        "dates": {"type": "array", "items": {"type": "string"}},
        "amounts": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["value", "currency"],
                "properties": {"value": {"type": "number"}, "currency": {"type": "string"}},
            },
        },
        "emails": {"type": "array", "items": {"type": "string"}},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["name", "value"],
                "properties": {"name": {"type": "string"}, "value": {"type": "string"}},
            },
        },
    },
}

HELPDESK = """\
You are the front desk. You decide who answers, and do not answer yourself.

Read the whole conversation, then hand over to the specialist whose field it is, with your reason and how sure you are.
If two fields are meant, choose the one that must be settled first. If you cannot tell, ask one short question that
settles it; never guess. Answer greetings and thanks yourself, in one sentence."""

SPECIALIST = """\
You are the specialist for {field}. Answer in the language of the question, kindly and to the point.

Search the documents of this site first, quote the passage you rely on and name its title. If they do not say it, say
that you do not know and what would help; promise nothing that does not stand there. Hand over to a colleague when the
question is not yours."""

FIELDS = {
    "billing": "Invoices, payments, prices, refunds, subscriptions and contracts",
    "technical": "Errors, crashes, logging in, passwords, installation, settings and slow or broken features",
    "general": "Opening hours, delivery and returns, the company itself, and all that is neither billing nor technical",
}

OPERATIONS = """\
You run a small office: you plan, give tasks to others, and see that it gets done.

Give the researcher what has to be found out, one task for each question, several at once where they do not depend on
one another. Give the writer what has to be written, with all the facts in the task: they see nothing else. Check what
comes back; give a task again if it is not what was asked, and say so if it cannot be done.

Send an e-mail or make a request only if you were asked to, exactly once, and with what was agreed. People look at it
before it is done and may say no: then do not try again, and say what has not been done. End with a short report: what
was found, what was written, what was sent."""

RESEARCHER = """\
You find things out and report them. Search the documents of this site, calculate with the calculator, ask current_time
for dates. Report facts only, briefly, each with where it comes from; quote what matters word for word. Say plainly what
you could not find. Do not write letters or give advice: others do that with your report."""

WRITER = """\
You write what you are asked to, from the facts in the task and nothing else. Plain words, short sentences, the tone the
task asks for. If a fact is missing, leave a gap in [square brackets]. Give back the text alone, with no preface and no
comment."""


def colleagues_of(slug: str) -> dict[str, str]:
    return {name: field for name, field in FIELDS.items() if name != slug}


def specialist(slug: str, name: str, tools: list[str]) -> dict[str, Any]:
    field = FIELDS[slug]
    return {
        "called": {"slug": slug, "name": name, "description": f"{field}.", "is_offered": False},
        "does": {
            "instructions": SPECIALIST.format(field=field[0].lower() + field[1:]),
            "tools": tools,
            "handoffs": {"targets": colleagues_of(slug), "threshold": 0.6, "most": 2, "next_turn": "sticky"},
        },
    }


AGENTS: list[dict[str, Any]] = [
    {
        "called": {
            "slug": "code-reviewer",
            "name": "Code reviewer",
            "description": "Reads a diff or a file and lists what is wrong with it, the worst first.",
            "suggestions": [
                "Review: def average(numbers): return sum(numbers) / len(numbers)",
                "Review: for i in range(len(items)): if items[i] == 3: del items[i]",
                'Review: query = "SELECT * FROM users WHERE name = \'" + name + "\'"',
                "What do you look for in a review?",
            ],
        },
        "does": {"instructions": REVIEWER, "parameters": {"temperature": 0}},
    },
    {
        "called": {
            "slug": "data-extractor",
            "name": "Data extractor",
            "description": "Takes people, dates, amounts and other facts out of a text, as JSON that is checked.",
            "suggestions": [
                "Invoice 1042 of 3 March 2026: Ann Lee of Acme owes $1,240.50 by 2026-04-02 (ann@example.org)",
                "Order 77-A was placed on 2026-01-15 by Bob Ray (bob@example.org), total €89.90.",
                "The lease with Hill & Sons begins on 1 May 2026 and costs 2,300 EUR a month.",
            ],
        },
        "does": {"instructions": EXTRACTOR, "parameters": {"temperature": 0}, "output_schema": EXTRACTED},
    },
    specialist("billing", "Billing", ["calculator", "search_knowledge"]),
    specialist("technical", "Technical support", ["search_knowledge"]),
    specialist("general", "General questions", ["current_time", "search_knowledge"]),
    {
        "called": {
            "slug": "helpdesk",
            "name": "Helpdesk",
            "description": "Finds out what your question is about and brings you to the specialist for it.",
            "suggestions": [
                "My invoice shows the wrong price",
                "The app crashes when I log in",
                "What are your opening hours?",
                "I have a question",
            ],
        },
        "does": {
            "instructions": HELPDESK,
            "handoffs": {"targets": FIELDS, "threshold": 0.6, "most": 3, "next_turn": "sticky"},
        },
    },
    {
        "called": {
            "slug": "researcher",
            "name": "Researcher",
            "description": "Finds things out in documents, by calculation and by the clock, and names its sources.",
            "is_offered": False,
        },
        "does": {"instructions": RESEARCHER, "tools": ["calculator", "current_time", "search_knowledge"]},
    },
    {
        "called": {
            "slug": "writer",
            "name": "Writer",
            "description": "Writes texts from the facts it is given.",
            "is_offered": False,
        },
        "does": {"instructions": WRITER},
    },
    {
        "called": {
            "slug": "operations",
            "name": "Operations",
            "description": "Plans a task, has it researched and written by others, and sends it when you say yes.",
            "suggestions": [
                "Research 23.5 % of 1,482.70 and the time in Tokyo, and write a note about it",
                "Research what our documents say about returns and write a summary",
                "Research 17 * 23, write a short letter and send it to ann@example.org",
                "What can you do?",
            ],
        },
        "does": {
            "instructions": OPERATIONS,
            "children": ["researcher", "writer"],
            "tools": ["http_request", "send_email"],
            "approvals": {
                "send_email": {"when": "always", "levels": [{"who": "requester"}]},
                "http_request": {"when": "always", "levels": [{"who": "group:Operators"}, {"who": "group:Managers"}]},
            },
            "max_turns": 20,
        },
    },
]


def install(apps: Any, schema_editor: Any) -> None:
    agents, versions = apps.get_model("agents", "Agent"), apps.get_model("agents", "AgentVersion")
    for each in AGENTS:
        if agents.objects.filter(slug=each["called"]["slug"]).exists():
            continue  # somebody has made one of that name
        agent = agents.objects.create(**each["called"])
        agent.live = versions.objects.create(agent=agent, number=1, published_at=timezone.now(), **each["does"])
        agent.save()


def make_managers(apps: Any, schema_editor: Any) -> None:
    """The second pair of eyes: they see approvals; which of them they decide is up to each policy."""
    managers, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Managers")
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="agents", model="approval"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename="view_approval", defaults={"name": "Can view approval"}
    )
    managers.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [("agents", "0009_triggers")]
    operations = [
        migrations.RunPython(install, migrations.RunPython.noop),
        migrations.RunPython(make_managers, migrations.RunPython.noop),
    ]
