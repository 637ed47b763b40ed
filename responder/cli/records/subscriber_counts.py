"""responder subscribers counts: how many numbers each list has, by status."""

from collections.abc import AsyncIterator, Iterable
from functools import partial

from responder.cli.terminal.options import AsJson
from responder.cli.terminal.output import Column, R, echo_json, print_records, say
from responder.cli.terminal.session import last_good_rules, with_store
from responder.core.consent.standing import ListCount
from responder.core.contact.known import SubscriptionStatus
from responder.store.consent.counting import count_consent
from responder.wiring import Store

NO_LISTS = "no list is in the rules file, and nobody is on one: name them under 'lists'"
RULES_UNREADABLE = "the rules file cannot be read ('responder check' says why), so lists with nobody may be left out"


def counts(*, as_json: AsJson = False) -> None:
    """Count the numbers on each list, those that want no texts at all, and those under review."""
    with_store(partial(_counts, as_json=as_json))


async def _counts(store: Store, *, as_json: bool) -> None:
    counted = await count_consent(store.database)
    rules = await last_good_rules(store)
    if rules is None:
        say(RULES_UNREADABLE, err=True)
    of_lists = counted.of_lists(rules.lists if rules else ())
    await print_records(_each(of_lists), _columns(), as_json=as_json, empty=NO_LISTS)
    if as_json:
        echo_json(counted.as_json())
    else:
        say(f"\nopted out of everything: {counted.opted_out}, under review: {counted.under_review}")


async def _each(records: Iterable[R]) -> AsyncIterator[R]:
    for record in records:
        yield record


def _columns() -> list[Column[ListCount]]:
    of_status = [Column(title=str(status), value=partial(_count, status=status)) for status in SubscriptionStatus]
    return [Column(title="list", value=lambda count: count.list), *of_status]


def _count(count: ListCount, status: str) -> str:
    return str(count.as_json()[status])
