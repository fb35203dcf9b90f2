"""The engine as other programs embed it: tools in, plans run, values and events out.

    from overseer import Engine
    from overseer.tool import tool

    @tool
    def double(x: int) -> int:
        return 2 * x

    result = Engine([double]).run({"steps": [{"step_id": "a", "tool": "double", "args": {"x": 21}}]})
    assert result.output == 42

`run` carries the plan out on the calling thread. `start` does so on a thread of its own and gives
back the `Run`, which can be watched, changed, cancelled and waited for. With a journal, a run that
was cut off can be resumed; finished steps are never repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from overseer.broker.accounts import Account, Accounts
from overseer.broker.attempts import attempts_in, warm_executor
from overseer.broker.broker import Broker, Door, Inside
from overseer.broker.budget import Budget
from overseer.broker.caps import NO_CAP, Cap, cap_from_text, cap_text, overruled
from overseer.broker.needs import Need
from overseer.broker.permissions import NOTHING_GRANTED, Grants
from overseer.broker.permit import APPROVE_OPTION
from overseer.broker.remedies import ON_COMMAND_LINE, Ways, of_plan, of_run, of_setting
from overseer.errors import PlanError, UsageError
from overseer.frontends.files import plan_reader
from overseer.ids import new_run_id
from overseer.journal.journal import Journal, StoredRun
from overseer.journal.runlog import NoLog, RunLog
from overseer.jsonvalue import Json
from overseer.kernel.events import Event, RunResumed, RunStarted
from overseer.kernel.rules import Rules
from overseer.kernel.state import RunState
from overseer.plan import completed, input_values, load_plan, plan_from, to_text, validate
from overseer.plan.expansion import expanded
from overseer.plan.values import WorkflowPlan
from overseer.running.approval import Approval, NotApproved, approved, as_kept, open_needs, refuse_secrets
from overseer.running.clock import steady_clock
from overseer.running.enginesettings import EngineSettings
from overseer.running.given import by_name, code_faults, has_code, plain_inputs, rules_of
from overseer.running.messages import Held, settled_change
from overseer.running.past import Past
from overseer.running.run import PlanLike, Run, RunResult
from overseer.running.runner import Runner
from overseer.running.stepdoor import StepDoor
from overseer.running.stream import Stream, Watcher
from overseer.sources import Sources
from overseer.tool import Tool, ToolError

if TYPE_CHECKING:
    from overseer.running.coding import Coding

# So many calls may be part of each other: a tool that carries out a plan may be called by that plan.
_DEEPEST = 8

__all__ = ["Engine", "EngineSettings", "PlanLike", "Run", "RunResult"]


class Engine:
    """Runs plans with a set of tools."""

    def __init__(
        self,
        tools: Iterable[Tool] = (),
        *,
        journal: Journal | None = None,
        settings: EngineSettings | None = None,
        executor: Executor | None = None,
        broker: Broker | None = None,
        folder: Path | None = None,
        coding: Coding | None = None,
        ways: Ways = ON_COMMAND_LINE,
    ) -> None:
        """Without a broker of its own, an engine allows and limits nothing: its tools are the program's own.

        Calls are made on the threads of `executor`. One whose workers are no threads, such as a pool of
        processes, gets the attempts alone; everything around them stays here. Steps that are code are refused
        unless it is said where the code comes from and where it runs. `ways` are those to give a run more budget.
        """
        self.tools = by_name(tools)
        self.settings = settings or EngineSettings()
        self.journal = journal
        self.broker = broker or Broker()
        self._pool = executor if isinstance(executor, ThreadPoolExecutor) else warm_executor()
        if executor is not None and executor is not self._pool:
            self.broker = replace(self.broker, attempt=attempts_in(executor))
        self._folder = folder or Path.cwd()
        self._coding = coding
        self._ways = ways
        self._sources = Sources(hook_port=self.settings.hook_port)

    # --- running

    def run(
        self, plan: PlanLike, inputs: Mapping[str, Json] | None = None, *, watch: Watcher | None = None
    ) -> RunResult:
        """Carry out a plan on this thread."""
        return self.prepare(plan, inputs, watch=watch).carry_out()

    def start(self, plan: PlanLike, inputs: Mapping[str, Json] | None = None, *, watch: Watcher | None = None) -> Run:
        """Carry out a plan on a thread of its own."""
        return self.prepare(plan, inputs, watch=watch).start()

    def prepare(
        self,
        plan: PlanLike,
        inputs: Mapping[str, Json] | None = None,
        *,
        watch: Watcher | None = None,
        approve: Grants | None = None,
        budget: Cap | None = None,
        remember: Mapping[str, Json] | None = None,
        is_open: bool = False,
    ) -> Run:
        """A run that has not begun yet; PlanError with every fault if the plan or its inputs are wrong.

        NotApproved lists what the plan wants to do and nobody approved. What is to be remembered is
        kept in the journal beside the run, for whoever resumes it. An open run waits for more steps
        until it is told by `change` or `complete` that it has all of them.
        """
        ready = self.checked(plan)
        given = input_values(ready, plain_inputs(inputs or {}))
        text = to_text(ready) if self._keeps_plans else ""
        refuse_secrets(self.broker, plan=text, input=given)  # first, as what is asked for is shown
        grants = approved(ready, self.tools, self.broker, approve)
        clock = steady_clock()
        run_id = new_run_id(clock())
        log: RunLog | NoLog = NoLog(run_id)
        if self.journal is not None:
            kept = Approval.of(grants, ready, self.tools)
            log = self.journal.begin(
                run_id,
                name=ready.name,
                plan=text,
                steps=len(ready.steps),
                inputs=given,
                options={
                    "folder": str(self._folder.absolute()),
                    "approved": kept.to_json(),
                    "budget": cap_text(budget) if budget is not None else "",
                    **(remember or {}),
                },
                at=clock(),
            )
        state = RunState(ready, self._rules(), run_id)
        door, accounts = self._door(ready, run_id, grants, budget)
        first: list[Event] = [RunStarted(clock(), run_id, given, self.level_of(ready), is_open)]
        return self._run(state, first, door=door, accounts=accounts, log=log, watch=watch, clock=clock)

    def needs(self, plan: PlanLike, approve: Grants | None = None) -> list[Need]:
        """What somebody has to be asked for before the plan may run."""
        return open_needs(self.checked(plan), self.tools, self.broker, approve)

    def door(
        self, grants: Grants = NOTHING_GRANTED, *, held_as: str | None = None, approve_with: str = APPROVE_OPTION
    ) -> Door:
        """The way to the tools for calls that are no step's.

        They spend from the session's budget alone or, held as something with a name, from a run's of their own.
        """
        account = Account(self.broker.budget, self.broker.limits)
        if held_as is not None:
            budget = Budget(held_as, self.settings.run_cap, parent=self.broker.budget, remedy=of_setting("run"))
            account = Account(budget, self.broker.limits)
        return Door(
            self.broker,
            self.tools,
            grants=grants,
            account_of=lambda key: account,
            run_plan=self.run_inside,
            approve_with=approve_with,
        )

    def run_inside(self, inside: Inside, plan: PlanLike, inputs: Mapping[str, Json]) -> Json:
        """What a plan gives that a call carries out, on this thread; ToolError if it fails.

        It is a part of that call: allowed what the call is allowed, paid from what the call is paid
        from, cancelled with it, and neither recorded nor shown.
        """
        if inside.depth > _DEEPEST:
            raise ToolError(f"plans are carried out inside of each other, more than {_DEEPEST} deep", kind="limit")
        try:
            ready = self.checked(plan)
            given = input_values(ready, plain_inputs(inputs))
        except PlanError as error:
            raise ToolError(str(error), kind="bad_request") from error
        if wanted := open_needs(ready, self.tools, self.broker, inside.outer.permit.grants):
            raise ToolError(str(NotApproved(wanted, approve_with=inside.outer.permit.remedy)), kind="denied")
        clock, context = steady_clock(), inside.context
        run_id = context.run_id or new_run_id(clock())
        budget = Budget(f"the plan in '{context.key}'", parent=inside.account.budget, remedy=of_plan)
        accounts = Accounts(ready, budget, inside.account.limits)
        run = self._run(
            RunState(ready, self._rules(), run_id),
            [RunStarted(clock(), run_id, given)],
            door=inside.door(accounts.account_of),
            accounts=accounts,
            log=NoLog(run_id),
            watch=None,
            clock=clock,
            executor=warm_executor(),  # one of the engine's own threads may be waiting for this
        )
        take_back = context.cancellation.call_when_asked(partial(run.cancel, hard=True))
        try:
            result = run.carry_out()
        finally:
            take_back()
        if result.failure is not None:
            raise ToolError(
                result.failure.message, kind=result.failure.kind, retry_after_s=result.failure.retry_after_s
            )
        if result.status == "cancelled":
            raise ToolError("was given up while it carried out a plan", kind="cancelled")
        return result.output

    def level_of(self, plan: WorkflowPlan) -> str:
        """The level at which the code of a plan runs; nothing where it has none."""
        return self._coding.sandbox.level if self._coding is not None and has_code(plan) else ""

    @property
    def _keeps_plans(self) -> bool:
        return self.journal is not None or self.broker.redactor.has_secrets

    def checked(self, plan: PlanLike) -> WorkflowPlan:
        """The plan with its implied dependencies, fit to run; PlanError with every fault if it is not."""
        if isinstance(plan, Path):
            read = plan_reader(self.tools)
            plan = load_plan(plan, tools=self.tools, limits=self.settings.limits, read=read).plan
        elif not isinstance(plan, WorkflowPlan):
            draft = plan_from(plan)
            if draft.faults:
                raise PlanError(draft.faults)
            plan = draft.plan
        plan, circles = expanded(plan, self.tools)
        ready, _ = completed(plan)
        faults = [*circles, *validate(ready, tools=self.tools, limits=self.settings.limits)]
        if faults := faults + (code_faults(ready) if self._coding is None else []):
            raise PlanError(faults)
        return ready

    # --- resuming

    def resume(
        self,
        run_id: str,
        *,
        repeat: Iterable[str] = (),
        give_up: Iterable[str] = (),
        watch: Watcher | None = None,
    ) -> RunResult:
        """Go on with a run that was cut off, cancelled or had failed, on this thread."""
        return self.prepare_resume(run_id, repeat=repeat, give_up=give_up, watch=watch).carry_out()

    def prepare_resume(
        self,
        run_id: str,
        *,
        repeat: Iterable[str] = (),
        give_up: Iterable[str] = (),
        watch: Watcher | None = None,
        approve: Grants | None = None,
        budget: Cap | None = None,
        plan: PlanLike | None = None,
    ) -> Run:
        """A run about to go on where it was, with what was approved for it then and now.

        With a `plan` it follows that one from here on: PlanError if it touches what is finished. It has to be
        approved anew.

        Amounts of `budget` take the place of those that it began with; what was spent stays spent.

        A step that was cut off and whose tool must not simply be called again is named in `repeat`
        (call it again) or `give_up` (count it as failed), "all" standing for every such step;
        otherwise ApprovalNeeded lists it.
        """
        if self.journal is None:
            raise UsageError("this engine has no journal, so it has no runs to resume")
        stored = self.journal.run(run_id)
        log = self.journal.reopen(stored.run_id)
        try:
            past = self._past(stored)
            clock, state = steady_clock(), past.state
            changed = None if plan is None else self.checked(plan)
            ready = changed or self._still_valid(state)
            refuse_secrets(self.broker, plan=to_text(ready) if self._keeps_plans and changed else "")
            first = past.resumption(
                stored.inputs, set(repeat), set(give_up), clock(), sandbox=self.level_of(ready), changed=changed
            )
            grants = past.grants(ready, self.tools) | (approve or NOTHING_GRANTED)
            approved(past.rest_of(ready) if changed else ready, self.tools, self.broker, grants)
            kept = as_kept(grants, ready, self.tools, approve)
            change = None if changed is None else settled_change(changed, kept)
            if change is None and isinstance(first[0], RunResumed):
                first[0] = replace(first[0], approved=kept)
            text = stored.options.get("budget")  # that it was held to when it began
            chosen = overruled(cap_from_text(text) if text else NO_CAP, budget or NO_CAP)
            door, accounts = self._door(ready, stored.run_id, grants, chosen)
            past.restore(accounts)
        except BaseException:
            log.close()
            raise
        run = self._run(state, first, door=door, accounts=accounts, log=log, watch=watch, clock=clock)
        return run if change is None else run.beginning_with(change)

    def _past(self, stored: StoredRun) -> Past:
        assert self.journal is not None
        state = RunState(plan_from(stored.plan).plan, self._rules(), stored.run_id)
        return Past(state, self.journal.events(stored.run_id), approved=stored.options.get("approved"))

    def _still_valid(self, state: RunState) -> WorkflowPlan:
        if faults := validate(state.plan, tools=self.tools, limits=self.settings.limits):
            raise PlanError(faults, source=f"the plan of run {state.run_id}")
        return state.plan

    # --- wiring

    def _door(self, plan: WorkflowPlan, run_id: str, grants: Grants, cap: Cap | None) -> tuple[Door, Accounts]:
        remedy = of_run(run_id, is_recorded=self.journal is not None, ways=self._ways)
        budget = Budget(f"run {run_id}", parent=self.broker.budget, remedy=remedy)
        accounts = Accounts(plan, budget, self.broker.limits, chosen=cap, default=self.settings.run_cap)
        door = Door(self.broker, self.tools, grants=grants, account_of=accounts.account_of, run_plan=self.run_inside)
        return door, accounts

    def _rules(self) -> Rules:
        settings = self.settings
        return rules_of(
            self.tools.values(),
            self._folder,
            max_parallel=settings.max_parallel,
            strict_groups=settings.strict_groups,
            grace_s=settings.cancel_grace_s,
        )

    def _run(
        self,
        state: RunState,
        first: list[Event],
        *,
        door: Door,
        accounts: Accounts,
        log: RunLog | NoLog,
        watch: Watcher | None,
        clock: Callable[[], float],
        executor: ThreadPoolExecutor | None = None,
    ) -> Run:
        stream = Stream([watch] if watch else [])
        if accounts.are_several:  # in a scope that listens, others are opened without end
            stream.watch(accounts.observe)
        runner = Runner(
            state,
            log=log,
            stream=stream,
            executor=executor or self._pool,
            caller=StepDoor(door, self._coding, lambda message: runner.tell(message)),  # noqa: PLW0108 - not there yet
            sources=self._sources.for_another_run(),
            folder=self._folder,
            clock=clock,
            clean=self.broker.redactor.redact_json,
            writers=None if door.depth else self.broker.writers,  # a run inside of a call is a part of that
        )
        door.hold = lambda context, what, give_up: runner.tell(Held(context, what, give_up))
        door.written_by = state.rules.written_by
        reopen = partial(self.journal.reopen, log.run_id) if self.journal is not None else None
        admit = partial(self._admitted, door, accounts)
        return Run(runner, first, log=log, reopen=reopen, stream=stream, door=door, admit=admit)

    def _admitted(
        self, door: Door, accounts: Accounts, plan: PlanLike, approve: Grants | None
    ) -> tuple[WorkflowPlan, Json, str, Callable[[], None]]:
        """Another plan for a run under way, checked and approved; how that is kept; what to do once it holds.

        Before the last comes the level at which its code runs.
        """
        ready = self.checked(plan)
        refuse_secrets(self.broker, plan=to_text(ready) if self._keeps_plans else "")
        grants = approved(ready, self.tools, self.broker, approve)

        def take_effect() -> None:
            door.permit = replace(door.permit, grants=grants)
            accounts.follow(ready)

        return ready, as_kept(grants, ready, self.tools, approve), self.level_of(ready), take_effect
