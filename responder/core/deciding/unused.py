"""What happens once in a while is used up by what leaves, and not by a reply that is held back."""

from collections.abc import Iterable

from responder.core.contact.effects import Effect, RecordUse, Reply, WebhookCall
from responder.core.deciding.steps import Draft
from responder.core.outbound.suppression import DESPITE_OPT_OUT


def unused_by(
    drafts: Iterable[Draft], effects: Iterable[Effect], *, is_silent: bool, opted_out: bool
) -> frozenset[RecordUse]:
    """The uses that nothing is made of, since no reply may be sent, or those that would use something up are held back."""
    uses = [effect for effect in effects if isinstance(effect, RecordUse)]
    if not uses:
        return frozenset()
    all_drafts = [draft for draft, _, _ in drafts]
    leaving = [draft for draft in all_drafts if _leaves(draft, is_silent=is_silent, opted_out=opted_out)]
    wanted, used = ({of for draft in some for of in draft.uses} for some in (all_drafts, leaving))
    return frozenset(use for use in uses if use.of not in used and (use.by_reply or use.of in wanted))


def _leaves(draft: Reply | WebhookCall, *, is_silent: bool, opted_out: bool) -> bool:
    if isinstance(draft, WebhookCall):
        return True
    return not (is_silent or draft.held_back or (opted_out and draft.purpose not in DESPITE_OPT_OUT))
