"""The agents that come with Plumbline: all in order, and offered to the right people."""

import pytest

from agents.exchange import import_agents, written
from agents.models import Agent
from agents.problems import problems_of
from agents.versions import surroundings

pytestmark = pytest.mark.django_db

OFFERED = ["assistant", "code-reviewer", "data-extractor", "helpdesk", "operations"]
FOR_OTHERS = ["billing", "general", "researcher", "technical", "writer"]


def test_five_are_offered_to_people_and_five_work_for_others():
    assert sorted(agent.slug for agent in Agent.objects.offered()) == OFFERED
    assert sorted(agent.slug for agent in Agent.objects.filter(is_offered=False)) == FOR_OTHERS


@pytest.mark.parametrize("slug", [*OFFERED, *FOR_OTHERS])
def test_nothing_is_wrong_with_any_of_them(slug):
    version = Agent.objects.get(slug=slug).live

    assert problems_of(version, surroundings(version)) == []


@pytest.mark.parametrize("slug", OFFERED)
def test_each_that_is_offered_says_what_to_begin_with(slug):
    agent = Agent.objects.get(slug=slug)

    assert 3 <= len(agent.suggestions) <= 4
    assert agent.description


def test_they_are_the_same_after_a_way_out_and_in_again():
    before = written([agent.live for agent in Agent.objects.select_related("live__agent")])

    assert all(one.version is None for one in import_agents(before, by=None))
