"""Lists: how many are on each, how it grew day by day and by which word, who they are, and bringing in more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from responder.core.consent.standing import GrowthDay
from responder.core.contact.known import SubscriptionStatus
from responder.core.contact.reasons import because, reason_of
from responder.core.operations.pages import SubscriberFilter
from responder.core.sms.address import number_from
from responder.desk.consent import count_lists, list_subscribers, put_subscriber, read_growth
from responder.desk.desk import DeskError, Invalid, Missing
from responder.web.console.frame.files import as_csv, as_lines, bring_in, each_of, read_file, with_query
from responder.web.console.frame.visits import Visit, acts, pages

WIDTH, HEIGHT, EDGE = 760.0, 180.0, 24.0
GAP = 0.25  # of a bar
SHOWN = 50
SPANS = (30, 90, 365)  # days


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar: where it stands, how large it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    day: date
    count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GrowthChart:
    """The bars of a chart, and the line between those who came and those who left."""

    bars: tuple[Bar, ...]
    middle: float
    highest: int
    lowest: int
    width: float = WIDTH
    height: float = HEIGHT


def growth_chart(days: Sequence[GrowthDay]) -> GrowthChart:
    """The chart of some days, scaled so that the largest day fills it."""
    highest = max((day.joined for day in days), default=0)
    lowest = max((day.left for day in days), default=0)
    scale = (HEIGHT - 2 * EDGE) / max(highest + lowest, 1)
    middle = EDGE + highest * scale
    each = WIDTH / max(len(days), 1)
    bars = [bar for place, day in enumerate(days) for bar in _bars(day, place * each, each, middle, scale)]
    return GrowthChart(bars=tuple(bars), middle=round(middle, 1), highest=highest, lowest=lowest)


def _bars(day: GrowthDay, x: float, each: float, middle: float, scale: float) -> list[Bar]:
    at, width = round(x + each * GAP / 2, 1), round(each * (1 - GAP), 1)
    up, down = round(day.joined * scale, 1), round(day.left * scale, 1)
    bars = []
    if day.joined:
        bars.append(
            Bar(x=at, y=round(middle - up, 1), width=width, height=up, kind="joined", day=day.day, count=day.joined)
        )
    if day.left:
        bars.append(Bar(x=at, y=round(middle, 1), width=width, height=down, kind="left", day=day.day, count=day.left))
    return bars


async def show_all(visit: Visit) -> Response:
    counts, counted = await count_lists(visit.desk)
    titles = visit.console.rules().list_titles
    return await visit.page("lists.html", counts=counts, counted=counted, titles=titles)


async def show(visit: Visit) -> Response:
    return await _page(visit)


async def _page(
    visit: Visit, status: int = 200, *, typed: dict[str, str] | None = None, wrong: str = "", wrong_file: str = ""
) -> Response:
    name, query = visit.request.path_params["name"], visit.request.query_params
    counts, _ = await count_lists(visit.desk)
    count = next((one for one in counts if one.list == name), None)
    if count is None:
        raise Missing(because("no_such_list", list=name))
    wanted = SubscriberFilter(list=name, status=_status(query.get("status")))
    page = await list_subscribers(visit.desk, wanted).page(limit=SHOWN, after=query.get("after"), newest_first=True)
    span = _span(query.get("days"))
    last = visit.now.astimezone(visit.zone).date()
    days = await read_growth(visit.desk, name, last - timedelta(days=span - 1), last)
    kept = {"status": query.get("status"), "days": query.get("days")}
    return await visit.page(
        "list.html",
        status,
        name=name,
        title_of=visit.console.rules().list_titles.get(name, name),
        is_in_file=name in visit.console.rules().lists,
        count=count,
        days=days,
        chart=growth_chart(days),
        span=span,
        spans=SPANS,
        items=page.items,
        statuses=[str(one) for one in SubscriptionStatus],
        status_wanted=wanted.status,
        older=with_query(f"/lists/{name}", {**kept, "after": page.next}) if page.next else None,
        typed=typed or {},
        wrong=wrong,
        wrong_file=wrong_file,
    )


def _status(typed: str | None) -> SubscriptionStatus | None:
    if not typed:
        return None
    try:
        return SubscriptionStatus(typed)
    except ValueError:
        raise Invalid(because("one_of", field="status", words=", ".join(SubscriptionStatus))) from None


def _span(typed: str | None) -> int:
    return int(typed) if typed in {str(span) for span in SPANS} else SPANS[0]


async def change(visit: Visit) -> Response:
    """Put a number on the list, or take it off."""
    form, name = await visit.form(), visit.request.path_params["name"]
    joins = form.get("act") == "join"
    evidence = form.get("evidence", "").strip()
    typed = form.get("number", "").strip()
    try:
        number = number_from(typed, visit.console.rules().country)
        await put_subscriber(visit.desk, number, name, joins=joins, operator=visit.operator, evidence=evidence)
    except DeskError as error:
        return await _page(visit, 422, typed=form, wrong=reason_of(error))
    except ValueError:
        return await _page(visit, 422, typed=form, wrong=because("number_unreadable", typed=typed))
    return visit.go(f"/lists/{name}", visit.say("Done."))


async def import_subscribers(visit: Visit) -> Response:
    """Bring in a file, or say what would become of it: as the command does, all of its lines or none."""
    form = await read_file(visit)
    if not form.body:
        return await _page(visit, 422, wrong_file=visit.say("Choose a file first."))
    return await bring_in(visit, form, "subscribers", f"/lists/{quote(visit.request.path_params['name'])}")


async def give_counts(visit: Visit) -> Response:
    counts, _ = await count_lists(visit.desk)
    return as_lines(each_of(counts))


async def give_counts_csv(visit: Visit) -> Response:
    counts, _ = await count_lists(visit.desk)
    return as_csv(each_of(counts), "lists")


async def give_lines(visit: Visit) -> Response:
    """Who is on the list, as the command prints them."""
    return as_lines(list_subscribers(visit.desk, await _named(visit)).every())


async def give_csv(visit: Visit) -> Response:
    """Who is on the list, in the form that an import reads."""
    return as_csv(list_subscribers(visit.desk, await _named(visit)).every(), "subscribers")


async def _named(visit: Visit) -> SubscriberFilter:
    """The subscribers that are asked for. Raises Missing if no list has this name."""
    name = visit.request.path_params["name"]
    counts, _ = await count_lists(visit.desk)
    if all(one.list != name for one in counts):
        raise Missing(because("no_such_list", list=name))
    return SubscriberFilter(list=name, status=_status(visit.request.query_params.get("status")))


routes: Sequence[Route] = (
    *pages("/lists", show_all),
    *pages("/lists.json", give_counts),
    *pages("/lists.csv", give_counts_csv),
    *pages("/lists/{name}.json", give_lines),
    *pages("/lists/{name}.csv", give_csv),
    *pages("/lists/{name}", show),
    *acts("/lists/{name}", change),
    *acts("/lists/{name}/import", import_subscribers),
)
