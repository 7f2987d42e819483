"""A trigger of Alice's."""

import pytest


@pytest.fixture
def trigger(alice):
    """Makes a trigger that runs as Alice; its keys stand in `keys`."""
    from agents.models import Agent, Trigger  # Django's settings are read only after this file
    from agents.triggers import schedule
    from agents.triggers.keys import give_keys

    def made(**fields):
        agent = Agent.objects.get(slug="assistant")
        given = {"name": f"Trigger {Trigger.objects.count()}", "agent": agent, "run_as": alice, "created_by": alice}
        trigger = Trigger(**given | fields)
        trigger.keys = give_keys(trigger)
        schedule.set_clock(trigger)
        trigger.save()
        return trigger

    return made
