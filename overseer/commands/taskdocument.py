"""What came of one request, as a document for programs: docs/json.md describes it, docs/task.schema.json checks it."""

from __future__ import annotations

from collections.abc import Sequence

from overseer import exits
from overseer.chat.handled import Handled
from overseer.errors import Failure
from overseer.frontends.draft import Answered, Planned, Refused
from overseer.jsonvalue import Json
from overseer.plan import to_document, waves
from overseer.review import Proposal
from overseer.running.approval import remedies

SCHEMA = "overseer.task/1"


def task_document(
    handled: Handled,
    *,
    session: str | None,
    is_interrupted: bool,
    denied: Proposal | None,
    model: str | None,
    spent: Json,
    notes: Sequence[str],
) -> dict[str, Json]:
    """All of it. `denied` is the plan that did not run for want of approval; the notes come before all others."""
    draft, proposal, performed = handled.draft, handled.proposal, handled.performed
    answer = performed.answer if performed is not None else None
    told = [*notes, *(draft.notes if isinstance(draft, Answered | Planned) else ()), *(answer.notes if answer else ())]
    by = answer.by if answer is not None else "model" if handled.answer else None
    return {
        "schema": SCHEMA,
        "request": handled.request,
        "session": session,
        "status": _status(handled, is_interrupted=is_interrupted, denied=denied),
        "exit_code": exit_code(handled, is_interrupted=is_interrupted, denied=denied),
        "planner": draft.by if draft is not None else None,
        "model": model,
        "answer": handled.answer or None,
        "answer_by": by,
        "reasons": list(reasons(handled, denied)),
        "reply": draft.reply or None if isinstance(draft, Refused) else None,
        "notes": list(told),
        **plan_fields(proposal),
        "denied": [need.to_json() for need in denied.needs] if denied is not None else [],
        "run": performed.report.document() if performed is not None else None,
        "spent": spent,
    }


def plan_fields(proposal: Proposal | None) -> dict[str, Json]:
    """A plan, if there is one, as it would run."""
    if proposal is None:
        return {"plan": None, "plan_hash": None, "waves": []}
    return {
        "plan": to_document(proposal.plan),
        "plan_hash": proposal.hash,
        "waves": [list(wave) for wave in waves(proposal.plan)],
    }


def exit_code(handled: Handled, *, is_interrupted: bool, denied: Proposal | None) -> int:
    """What the process says of it in the end."""
    if is_interrupted or handled.is_interrupted:
        return exits.INTERRUPTED
    if handled.performed is not None:
        result = handled.performed.result
        code = exits.of_run(result.status, result.failures.values())
        unanswered = unanswered_for(handled)
        return exits.of_failure(unanswered) if code == exits.OK and unanswered is not None else code
    if denied is not None:
        return exits.APPROVAL
    if isinstance(handled.draft, Refused):
        return exits.of_failure(handled.draft.failure) if handled.draft.failure else exits.PLAN
    return exits.OK


def unanswered_for(handled: Handled) -> Failure | None:
    """Why a model gave no answer although the steps were done: the values alone are not what was asked for."""
    return handled.performed.answer.failure if handled.performed is not None else None


def _status(handled: Handled, *, is_interrupted: bool, denied: Proposal | None) -> str:
    if is_interrupted or handled.is_interrupted:
        return "cancelled"
    if handled.performed is not None:
        status = handled.performed.result.status
        return "unanswered" if status == "succeeded" and unanswered_for(handled) is not None else status
    if denied is not None:
        return "denied"
    return "refused" if isinstance(handled.draft, Refused) else "answered"


def denial(denied: Proposal) -> str:
    """Why a plan that was shown with all that it needs did not run for want of approval, and what would let it."""
    ways = remedies(denied.needs) if denied.needs else ["approve it with: --approve all"]
    return "\n".join([_why_denied(denied), *ways])


def reasons(handled: Handled, denied: Proposal | None) -> list[str]:
    """Why it was not done, where there is no run that tells."""
    if isinstance(handled.draft, Refused):
        return list(handled.draft.reasons)
    if denied is not None and handled.performed is None:
        return [_why_denied(denied)]
    unanswered = unanswered_for(handled)
    return [unanswered.message] if unanswered is not None else []


def _why_denied(denied: Proposal) -> str:
    return f"{denied.asked_because}{'' if denied.is_denied else ', and nobody can be asked'}"
