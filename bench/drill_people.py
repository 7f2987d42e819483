"""The people of the long drill: they ask, wait, lose their line and come back; operators decide what is asked."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import Error as DatabaseError
from django.db import connection
from websockets.exceptions import WebSocketException

from accounts.models import User
from agents import actions, approvals, settlements
from agents.models import (
    Approval,
    ApprovalStatus,
    CallStatus,
    Effect,
    Run,
    RunStatus,
    Settlement,
    ToolCall,
    Verdict,
)
from agents.refusals import Refused
from tests import cast
from tests.drills.agents import MANAGER, ROUTER, approved_by, ledger_agent, managing_agent, routing_agent
from tests.drills.obedient import Plan
from tests.drills.proxy import Proxy
from tests.drills.talk import Talk
from tests.llm import Call, call
from tests.stack import Stack

BROKEN = (WebSocketException, OSError, EOFError)
PATIENCE = 240.0  # from the last word of a run to its end, faults and all
TOOLS = ["ledger_read", "ledger_idempotent", "ledger_unsafe", "ledger_blocking"]


class People:
    """Everybody at once: one thread for each conversation, and one for the operators."""

    def __init__(self, stack: Stack, talks: int, seed: int) -> None:
        self.line = Proxy(urlsplit(stack.url).port or 0).start()
        careful = {f"ledger_{effect}": approved_by("requester") for effect in (Effect.UNSAFE, Effect.IDEMPOTENT)}
        agents = [ledger_agent(), ledger_agent("careful-ledger", approvals=careful), managing_agent(), routing_agent()]
        self.talks = [
            Conversation(stack, cast.person(f"Person{number}"), agents[number % 4].slug, _chance_of(seed, number))
            for number in range(talks)
        ]
        self.operators = Operators(cast.person("Dana", is_staff=True), random.Random(seed))
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self._address = f"http://127.0.0.1:{self.line.port}"

    def begin(self) -> None:
        for talk in self.talks:
            talk.socket.by_way_of(self._address)
            talk.socket.come_back(talk.thread)
            self._go(lambda talk=talk: talk.go_on(self._ends))  # type: ignore[misc]
        self._go(lambda: self.operators.go_on(self._ends))

    def end(self) -> None:
        """Nobody asks anything new; wait until everyone has seen the end of everything."""
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def _go(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self._threads.append(thread)


class Conversation(Talk):
    """One person, who asks the next thing when the last is done, and now and then two things at once."""

    def __init__(self, stack: Stack, user: User, agent: str, chance: random.Random) -> None:
        super().__init__(stack, stack.open(user), user, agent)
        self.stuck: list[str] = []
        self.trouble: str = ""
        self._chance = chance

    def go_on(self, ends: threading.Event) -> None:
        try:
            while not ends.is_set():
                asked = [self._ask() for _ in range(self._chance.choice([1, 1, 1, 2]))]
                if self._chance.random() < 0.05:
                    with suppress(*BROKEN):
                        self.socket.send("run.cancel", runId=asked[0])
                for run in asked:
                    self._see_the_end(run)
        except Exception as error:  # the report says what the drill itself stumbled over
            self.trouble = f"{type(error).__name__}: {error}"[:2000]
        finally:
            connection.close()

    def _ask(self) -> str:
        """As the page does it: the same command again until it is answered."""
        plan, request = self._plan(), str(uuid4())
        place = {"threadId": self.thread} if self.thread else {"agent": self._agent}
        while True:
            with suppress(*BROKEN):
                ack = self.socket.send("run.start", id=request, text=plan.text, **place)
                if ack["type"] == "ack":
                    break
            self._come_back()
        self.thread = ack["threadId"]
        self.accepted.append(plan.text)
        self.runs.append(ack["runId"])
        return str(ack["runId"])

    def _plan(self) -> Plan:
        """What is to be done: by the agent itself, by two that work for it at once, or by another in its place."""
        name, batches = f"{self.user.name} {len(self.accepted)}", self._batches()
        if self._agent == MANAGER:
            tasks = [Plan(f"{name} {child}", self._batches(), words=10).text for child in ("hand", "careful hand")]
            both = (call("ask_hand", task=tasks[0]), call("ask_careful_hand", task=tasks[1]))
            batches = (both, *batches[:1])
        elif self._agent == ROUTER:
            batches = ((call("hand_off", agent="desk-hand", reason="It is to be done.", confidence=0.9),), *batches)
        return Plan(name, batches, words=self._chance.randint(10, 120), delay=0.01)

    def _batches(self) -> tuple[tuple[Call, ...], ...]:
        def one() -> Call:
            return call(self._chance.choice(TOOLS), note=f"note {self._chance.randrange(1000)}")

        sizes = [self._chance.randint(1, 3) for _ in range(self._chance.randint(0, 2))]
        return tuple(tuple(one() for _ in range(size)) for size in sizes)

    def _see_the_end(self, run: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self.socket.end(run)
                return
            except BROKEN:
                self._come_back(run)
            except AssertionError as error:
                if "there was no sign of" not in str(error):
                    raise
                self._come_back(run)  # nothing came for a while: the page looks again, too
        self.stuck.append(run)

    def _come_back(self, run: str = "") -> None:
        """To what it has of a run, if it has any of it; else to the whole thread."""
        for pause in [0.1, 0.3, 1.0] + [2.0] * 60:
            with suppress(*BROKEN, AssertionError):
                if self.socket.view.has(run):
                    self.socket.reconnect(self.thread, run)
                else:
                    self.socket.come_back(self.thread)
                return
            time.sleep(pause)
        raise RuntimeError("There is no way back to the server.")


def _chance_of(seed: int, number: int) -> random.Random:
    return random.Random(seed * 1000 + number)


class Operators:
    """They approve, deny, settle, and send back to work what was set aside."""

    def __init__(self, dana: User, chance: random.Random) -> None:
        self.resumed: set[str] = set()
        self.settled = self.decided = 0
        self._dana, self._chance = dana, chance

    def go_on(self, ends: threading.Event) -> None:
        while not ends.is_set() or Run.objects.unfinished().exists():
            with suppress(DatabaseError):
                self._look_after_everything()
            connection.close()
            time.sleep(0.2)

    def _look_after_everything(self) -> None:
        for approval in Approval.objects.filter(status=ApprovalStatus.PENDING).select_related("run__user"):
            with suppress(Refused):  # decided or stopped meanwhile
                self._decide(approval)
        unknown = ToolCall.objects.filter(status=CallStatus.OUTCOME_UNKNOWN, run__status=RunStatus.WAITING)
        for call_id in unknown.values_list("pk", flat=True):
            with suppress(Refused):
                settlements.settle(call_id=call_id, by=self._dana, word=self._chance.choice(list(Settlement.Word)))
                self.settled += 1
        for run in Run.objects.filter(status=RunStatus.DEAD):
            with suppress(Refused):  # whoever gave the task has gone on without it
                actions.resume_run(run=run, by=self._dana)
                self.resumed.add(str(run.pk))

    def _decide(self, approval: Approval) -> None:
        verdict = Verdict.APPROVE if self._chance.random() < 0.8 else Verdict.DENY
        if approval.run.user:
            approvals.decide(approval_id=approval.pk, by=approval.run.user, verdict=verdict)
            self.decided += 1
