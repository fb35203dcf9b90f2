"""One request in the making: its draft, the review of its plan, the run, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from overseer.broker.broker import Door
from overseer.broker.budget import NOTHING, Spend
from overseer.chat.asking import AsksAtDoor
from overseer.chat.drafting import Drafting, UnderWay
from overseer.chat.earlystart import Begun
from overseer.chat.foresight import Foresight
from overseer.chat.handled import Handled
from overseer.chat.negotiation import Negotiation
from overseer.chat.performance import Performance, Performed
from overseer.chat.person import Person
from overseer.codework import CodeWork
from overseer.errors import Failure, OverseerError
from overseer.frontends.asking import ROLE, Room, Turn, tokens_of
from overseer.frontends.directly import answered_directly
from overseer.frontends.draft import Answered, Draft, Planned, Refused
from overseer.frontends.earlier import given_to, with_values
from overseer.frontends.replanning import Reviser
from overseer.frontends.rules import plan_by_rules
from overseer.frontends.summing import summary_of
from overseer.jsonvalue import Json
from overseer.plan.values import Call, WorkflowPlan
from overseer.reports.report import Report
from overseer.review import Approved, Proposal
from overseer.running.engine import Engine
from overseer.running.run import Run
from overseer.text.brevity import brief

if TYPE_CHECKING:
    from overseer.chat.talk import Talk


# When a conversation is summed up, the last turns stay as they are that take no more than this part of the room.
_KEPT_PART = 3

_LONGEST_NAME = 60

# With a run that is given up because the request is.
_PATIENCE_S = 5.0


class Handling:
    """Of one request in a talk."""

    def __init__(self, talk: Talk, request: str, door: Door, before: Sequence[Turn], opened: ExitStack) -> None:
        """`before` is what was said until then; what is asked before there is a run goes through the door.

        What is needed for longer than the review, such as a sandbox, is open as long as `opened`.
        """
        bench = talk.bench
        work = CodeWork(bench.settings, bench.broker, bench.tools, ahead=door, keeps=not talk.demo)
        self._opened = opened
        self._talk = talk
        self._person = talk.person
        self._conversation = talk.conversation
        self._bench = bench
        self._request = request
        self._work = opened.enter_context(work)
        self._door = door
        self._before = before
        self._is_connected = not talk.is_by_rules and talk.bench.is_connected(ROLE)
        self._earlier = talk.earlier()
        self._drafting = Drafting(
            bench, talk.person, door, work, talk.grants, talk.budget, self._remembered(), talk.journal
        )

    # --- from a request to a draft

    def handle(self) -> Handled:
        """Do what is asked for, as far as the person lets it be done."""
        begun = self._drafted()
        return self._gone_through(begun, Handled(self._request, begun.draft))

    def plan(self) -> Handled:
        """What would be done, as it is proposed; nothing of it is."""
        begun = self._drafted(may_begin=False)
        handled = Handled(self._request, begun.draft)
        if not isinstance(begun.draft, Planned):
            return self._gone_through(begun, handled)
        proposal = self.look(self._proposal(begun.draft))
        self._conversation.noted("a plan was made, and not carried out yet")
        return replace(handled, proposal=proposal, spent=self._door.spent)

    def look(self, proposal: Proposal) -> Proposal:
        """A plan as it would run now."""
        return self._negotiation().ready(proposal)

    def go_on(self, plan: WorkflowPlan, prepare: Callable[[Engine], Run]) -> Handled:
        """Go on with a run that follows this plan; `prepare` takes it up."""
        engine = self._engine_for(plan)
        run = prepare(engine)
        before = run.spent
        performed = self._performance(self._negotiation()).finish(engine, run)
        return self.counted(self._remember(Handled(self._request), performed), before)

    def counted(self, handled: Handled, before: Spend = NOTHING) -> Handled:
        """The same, with what it took kept in the conversation; `before` is what earlier lives of its run took."""
        self._conversation.took((handled.spent - before).to_json())
        return handled

    def _proposal(self, draft: Planned) -> Proposal:
        plan, maker = draft.plan, self._model_name() if draft.by == "model" else ""
        if not plan.name:  # lists of runs show what was asked for
            plan = replace(plan, name=brief(self._request, _LONGEST_NAME))
        if self._talk.demo:
            plan = replace(plan, name=f"{plan.name} (scripted model)")  # as the list of runs shows it
        return Proposal(plan, draft.by, given_to(plan, self._earlier), draft.notes, maker=maker)

    def _gone_through(self, begun: Begun, handled: Handled) -> Handled:
        draft, handled = begun.draft, replace(handled, spent=self._door.spent)
        if not (isinstance(draft, Refused) and self._was_broken_off(draft)):
            self._drafting.take_back()
        if begun.stage == "apart":
            self._finish(begun)
            handled = replace(handled, spent=handled.spent + self._under_way.run.spent)
        match draft:
            case Answered(text=answer):
                self._conversation.answered(
                    answer, is_made=draft.by == "model"
                )  # first, as what was shown must not be lost
                self._person.end_answer(answer)
                for note in draft.notes:
                    self._person.tell(f"note: {note}")
                return replace(handled, answer=answer)
            case Refused():
                return self._refused(draft, handled)
            case Planned():
                proposal = self._proposal(draft)
                if begun.stage in ("whole", "waiting"):
                    return self._gone_on(begun, proposal, handled)
                return self.settle(proposal, handled)
            case _:
                assert_never(draft)

    def _drafted(self, *, may_begin: bool = True) -> Begun:
        if self._is_connected:
            self._door.permit.require_asking()
        if (failure := self._make_room()) is not None:
            return Begun(Refused((failure.message,), "model", failure=failure))
        if not self._is_connected:
            return Begun(self._drafted_by_rules())
        if not self._bench.settings.chat.workflow_mode.is_planned(self._request):
            asks = AsksAtDoor(self._door, self._person)
            return Begun(
                answered_directly(
                    asks, self._request, self._before, earlier=self._earlier, on_text=self._drafting.answer
                )
            )
        return self._drafting.draft(self._request, self._before, self._earlier, may_begin=may_begin)

    def _drafted_by_rules(self) -> Draft:
        talk, to_connect = self._talk, self._talk.standing.to_connect
        if not (talk.is_by_rules or to_connect.is_brief) and self._bench.is_set_up_in_vain:
            to_connect = to_connect.in_vain
        standing = replace(talk.standing, to_connect=to_connect)
        draft = plan_by_rules(self._request, self._bench.tools, earlier=self._earlier, standing=standing)
        said = draft.reasons if isinstance(draft, Refused) else (draft.text,) if isinstance(draft, Answered) else ()
        if any(to_connect.how in text for text in said):
            talk.standing = replace(talk.standing, to_connect=to_connect.briefly)
        return draft

    def _make_room(self) -> Failure | None:
        """Sum up the conversation where it has become too long to be shown to a model; all of it stays where it is.

        What comes back is that it was interrupted. Where it fails otherwise, the planner is shown the last turns.
        """
        room = Room().conversation
        if not self._is_connected or tokens_of(self._before) <= room:
            return None
        kept = 2  # the request itself, and what was said last, be it as long as it may
        while kept <= len(self._before) and tokens_of(self._before[-kept:]) <= room // _KEPT_PART:
            kept += 1
        turns, until = self._conversation.to_sum_up(keep=kept)
        if not turns:
            return None
        summary = summary_of(AsksAtDoor(self._door, self._person), turns)
        if isinstance(summary, str):
            self._conversation.summed_up(summary, until)
            self._before = self._conversation.shown()[:-1]  # without the request itself
            self._person.tell("the earlier part of this conversation was summed up for the model")
            return None
        if summary.kind == "cancelled":
            return summary
        self._conversation.not_summed_up()
        self._person.tell(f"this conversation could not be summed up, so the model sees its end: {summary.message}")
        return None

    def _was_broken_off(self, draft: Refused) -> bool:
        """Whether the reply that was heard last ended before its time: as far as it came, it holds."""
        return draft.failure is not None and self._drafting.spoilt_by in ("", draft.reasons[0])

    def _refused(self, draft: Refused, handled: Handled) -> Handled:
        if _is_cancelled(draft):
            self._person.tell("interrupted")
            if self._drafting.said:
                self._conversation.answered(self._drafting.said, is_partial=True)
            else:
                self._conversation.noted("interrupted before there was an answer or a plan")
            return replace(handled, answer=self._drafting.said, is_interrupted=True)
        what = "there is no whole answer" if self._drafting.said else "no plan could be made"
        self._person.tell(f"{what}:")
        failed = draft.failure.kind if draft.failure is not None else ""
        for reason in (*draft.reasons, *self._talk.standing.instead_of_model(failed)):
            self._person.tell(f"  - {reason}")
        if self._drafting.said:  # as far as it came
            self._conversation.answered(self._drafting.said, is_partial=True)
        if draft.reply:
            self._person.tell("what the model said:")
            for line in draft.reply.splitlines():
                self._person.tell(f"  {line}")
        self._conversation.noted(f"{what}: {'; '.join(draft.reasons)}")
        return replace(handled, answer=self._drafting.said)

    # --- from a plan to an answer

    def settle(self, proposal: Proposal, handled: Handled, *, in_background: bool = False) -> Handled:
        """Run a plan if it is approved, and answer."""
        negotiation = self._negotiation()
        approved, shown = negotiation.settle(proposal)
        handled = replace(handled, proposal=shown, spent=self._door.spent)
        if approved is None:
            self._conversation.noted("the plan was not carried out")
            return handled
        engine, performance = self._engine_for(approved.plan), self._performance(negotiation)
        run = performance.prepared(engine, approved, self._remembered())
        take_over = self._talk.take_over
        if take_over is None or not (in_background or approved.in_background):
            return self._remember(handled, performance.finish(engine, run))
        open_on = self._opened.pop_all()  # as long as the run

        def carry_out(person: Person) -> Handled:
            performance.person = negotiation.person = person
            with open_on:
                return self.counted(self._remember(handled, performance.finish(engine, run)))

        take_over(self._request, run, carry_out)
        return replace(handled, spent=NOTHING)  # it counts with the rest, at the end

    def _engine_for(self, plan: WorkflowPlan) -> Engine:
        return self._bench.engine(journal=self._talk.journal, coding=self._work.coding_for(plan))

    def _negotiation(self) -> Negotiation:
        talk = self._talk
        negotiation = Negotiation(
            self._person, self._engine_for, self._bench.settings.chat.review, talk.grants, earlier=self._earlier
        )
        negotiation.look_ahead = Foresight(self._bench, talk.journal, self._work, self._engine_for).outlook
        if self._is_connected:
            reviser = Reviser(self._drafting.planner())
            negotiation.model = self._model_name()
            negotiation.reword = lambda plan, remark: reviser.change(plan, remark, self._before, self._earlier)
        return negotiation

    def _model_name(self) -> str:
        """The model that plans, as people are told of it."""
        model = self._bench.broker.models.model(ROLE)
        return f"{model.name} ({model.provider})"

    def _performance(self, negotiation: Negotiation) -> Performance:
        talk = self._talk
        return Performance(
            self._person,
            self._request,
            self._before,
            negotiation,
            is_connected=self._is_connected,
            grants=talk.grants,
            journal=talk.journal,
            budget=talk.budget,
            ended=self._ended,
            answered=lambda answer: self._conversation.answered(answer.text, is_made=answer.by != "rules"),
        )

    def _ended(self, run_id: str, report: Report, values: Mapping[str, Json]) -> None:
        given = self._receipts_first(report.plan, values)
        self._conversation.ran(run_id, _told(run_id, report), given, request=self._request)

    def _receipts_first(self, plan: WorkflowPlan, values: Mapping[str, Json]) -> dict[str, Json]:
        """The values with those last that "it" may mean: what a tool that writes gives is a receipt."""
        receipts = {
            step.step_id
            for step in plan.steps
            if isinstance(step.action, Call)
            and (tool := self._bench.tools.get(step.action.tool)) is not None
            and "write" in tool.effects
        }
        return dict(sorted(values.items(), key=lambda item: item[0] not in receipts))

    def _remembered(self) -> dict[str, Json]:
        """What is kept beside a run, for whoever resumes it."""
        return {
            "tools": [str(folder.resolve()) for folder in self._bench.given],
            "session": self._conversation.session_id,
            "request": self._request,
            **({"demo": self._talk.demo} if self._talk.demo else {}),
        }

    def _remember(self, handled: Handled, performed: Performed) -> Handled:
        is_interrupted = performed.was_interrupted or performed.result.status == "cancelled"
        return replace(
            handled,
            performed=performed,
            answer=performed.answer.text,
            is_interrupted=is_interrupted,
            spent=self._door.spent + performed.run.spent,
        )

    # --- where a part of the plan began early

    def _gone_on(self, begun: Begun, proposal: Proposal, handled: Handled) -> Handled:
        """The run goes on with the whole plan, which for a part of it may take somebody's word."""
        under_way, negotiation = self._under_way, self._negotiation()
        shown, is_whole = proposal, True
        if begun.stage == "whole":
            self._person.show(proposal)
        else:
            approved, shown = negotiation.settle(proposal)
            is_whole = self._takes_up(begun, approved)
        engine = self._engine_for(under_way.run.plan)
        performance = self._performance(negotiation)
        performance.is_connected &= is_whole  # who has not let it go on wants no other way to do the rest
        performed = performance.finish(engine, under_way.run, under_way)
        if not is_whole:
            self._conversation.noted("the rest of the plan was not carried out")
        return self._remember(replace(handled, proposal=shown), performed)

    def _takes_up(self, begun: Begun, approved: Approved | None) -> bool:
        """Whether what has begun goes on with the plan that was approved."""
        if approved is None:
            begun.leave("the rest of the plan was not approved")
            self._person.tell("what had begun is finished, and no more of it")
            return False
        try:
            plan = with_values(approved.plan, approved.inputs)
            begun.go_on(plan, self._talk.grants | approved.grants)
        except (OverseerError, TimeoutError) as error:
            begun.leave("the rest of the plan could not be taken up")
            self._person.tell(f"what had begun is finished, and cannot go on with this plan: {error}")
            return False
        return True

    def _finish(self, begun: Begun) -> None:
        """Wait for what had begun of a plan that came to nothing, and remember it."""
        under_way = self._under_way
        is_given_up = isinstance(begun.draft, Refused) and _is_cancelled(begun.draft)
        done = "what had begun is given up" if is_given_up else "what had begun is finished, and no more of it"
        self._person.tell(f"{done}: {begun.reason}")
        report = under_way.begin_report()
        result = self._person.follow(under_way.run, report, under_way.began_as, under_way.relay)
        self._ended(result.run_id, report, result.values)

    def give_up(self, why: BaseException) -> None:
        """Something broke the request off: nothing of it may go on behind anybody's back."""
        spent = self._door.spent
        if (under_way := self._drafting.under_way) is not None:
            if under_way.run.is_under_way:
                self._give_up_run(under_way)
            spent += under_way.run.spent
        reason = str(why) if isinstance(why, OverseerError) else ""
        self._conversation.noted(f"the request was broken off{f': {reason}' if reason else ''}")
        self._conversation.took(spent.to_json())

    def _give_up_run(self, under_way: UnderWay) -> None:
        under_way.run.cancel(hard=True, reason="the request was broken off")
        with suppress(TimeoutError, OverseerError):
            result = under_way.run.wait(_PATIENCE_S)
            report = under_way.report or under_way.begin_report()
            if not report.run_id:  # nobody has followed it
                under_way.relay.watch(report.observe)
            self._ended(result.run_id, report, result.values)

    @property
    def _under_way(self) -> UnderWay:
        assert self._drafting.under_way is not None
        return self._drafting.under_way


def _is_cancelled(draft: Refused) -> bool:
    return draft.failure is not None and draft.failure.kind == "cancelled"


def _told(run_id: str, report: Report) -> str:
    """What a planner is told of a run that came before."""
    made = ", ".join(f"{step.step_id}: {step.status}" for step in report.steps() if "/" not in step.step_id)
    failed = f"; {report.error.message}" if report.error is not None else ""
    status = report.status if report.state.is_ended else "was cut off"
    return f"run {run_id} {status} ({made}){failed}"
