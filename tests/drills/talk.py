"""One conversation of a drill, as its person sees it, and what must hold of it in the end."""

from datetime import timedelta
from typing import Any

from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from agents.models import Run, RunStatus
from tests.drills.checker import problems_of, problems_of_person, problems_of_stream
from tests.drills.obedient import Plan
from tests.drills.teams import team_of
from tests.fold import View
from tests.sockets import ChatSocket
from tests.stack import Stack

HALF_A_MINUTE = timedelta(seconds=30)


class Talk:
    """It remembers what was accepted, so that it can be asked for in the end."""

    def __init__(self, stack: Stack, socket: ChatSocket, user: User, agent: str) -> None:
        self.socket, self.user = socket, user
        self.thread = ""
        self.accepted: list[str] = []
        self.runs: list[str] = []
        self._stack, self._agent = stack, agent

    def ask(self, plan: Plan) -> str:
        """Have something done; the run that does it."""
        place = {"threadId": self.thread} if self.thread else {"agent": self._agent}
        ack = self.socket.ask(plan.text, **place)
        self.thread = ack["threadId"]
        self.accepted.append(plan.text)
        self.runs.append(ack["runId"])
        return str(ack["runId"])

    @property
    def address(self) -> str:
        """Of the server, without any line in between."""
        return self._stack.url

    def page(self) -> list[dict[str, Any]]:
        """The events a fresh page of the conversation carries."""
        return list(self._stack.page_data(self.thread, self.user)["events"])

    def run(self, number: int = -1) -> Run:
        return Run.objects.get(pk=self.runs[number])

    def end_well(self, *, status: RunStatus = RunStatus.COMPLETED) -> None:
        """Wait for the end of every run, then check all that a drill must not break."""
        for run in self.runs:
            self.socket.end(run)
        runs = Run.objects.filter(thread=self.thread).shown()
        team = [member for run in runs for member in team_of(run)]
        for member in team:
            self.socket.end(str(member.pk))
        problems = problems_of(self.thread, self.accepted) + problems_of_person(self.user)
        problems += [problem for run in team for problem in problems_of_stream(run, self.socket.events)]
        assert not problems, "\n".join(f"{problem.wrong}: {problem.words}" for problem in problems)
        assert {run.status for run in runs} == {status}, [f"{run.id}: {run.status}, {run.error}" for run in runs]
        assert self.socket.view.lasting == View(self.page()).lasting


def let_leases_run_out(stack: Stack) -> None:
    """Skip the wait for the leases of workers that are known to be dead."""
    assert not any(worker.is_running for worker in stack.workers), "a living worker would lose its runs"
    Run.objects.filter(status=RunStatus.RUNNING).update(lease_expires_at=Now())


def let_bells_be_missed(run: str) -> None:
    """Skip the wait after which the reaper believes that nobody heard the bell of a queued run."""
    Run.objects.filter(pk=run).update(queued_at=F("queued_at") - HALF_A_MINUTE)
