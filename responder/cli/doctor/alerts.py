"""What doctor says of credit, delivered replies and alerts."""

from collections.abc import AsyncIterator, Iterator, Sequence

from responder.cli.doctor.findings import Finding, fault, ok, warning
from responder.cli.terminal.output import moment
from responder.cli.terminal.session import open_desk
from responder.core.operations.troubles import Credit, in_cents, low_credit
from responder.core.rules.alerts import Alert, Alerts
from responder.core.rules.rules import Rules
from responder.desk.operating.upkeep import Watch, read_watch
from responder.errors import ResponderError, TransientError
from responder.settings.model import Settings
from responder.wiring import mail_server

MOST = 0.9  # of the replies that were delivered
NO_SERVER = (
    "alerts.email is in the rules file and RESPONDER_SMTP_URL is not set, so nobody gets a mail: "
    "set it where the workers start"
)


async def check_credit_and_alerts(settings: Settings, rules: Rules | None) -> AsyncIterator[Finding]:
    """Credit, delivered replies and alerts; nothing if the database cannot be used, which another check says."""
    alerts = rules.alerts if rules else Alerts()
    try:
        async with open_desk(settings) as desk:
            watch = await read_watch(desk)
    except ResponderError:
        return
    yield _credit(settings, alerts, watch.credits)
    for finding in _delivered(watch):
        yield finding
    yield _alerts(alerts, watch.alerts)
    async for finding in _mail(settings, alerts, watch):
        yield finding


def _credit(settings: Settings, alerts: Alerts, credits_: Sequence[Credit]) -> Finding:
    if not settings.provider.sends:
        return ok("credit", f"not asked for, since nothing is sent without {settings.provider.needed_to_send}")
    if not credits_:
        return warning("credit", "not known yet: a worker asks for it soon after its start, then every five minutes")
    credit = credits_[0]
    last = f"{in_cents(credit.amount)} euros at {moment(credit.told_at)}" if credit.amount is not None else "none"
    if credit.failure:
        return warning("credit", f"the gateway does not tell it: {credit.failure}; the last that it told: {last}")
    if low_credit(credit, alerts.credit_low):
        return warning(
            "credit",
            f"{last}, less than {alerts.credit_low}: top it up with the gateway, or set alerts.credit_low",
        )
    return ok("credit", last)


def _delivered(watch: Watch) -> Iterator[Finding]:
    """For each API, the share of a day's replies that arrived, and any disagreement about segments."""
    for api, fare in watch.delivered.items():
        of = f" by the {api} API" if len(watch.delivered) > 1 and api else ""
        if fare.share_delivered is not None:
            bounds = [bound_s for bound_s, count in fare.within.items() if fare.timed and count >= MOST * fare.timed]
            took = f", nine in ten of them within {bounds[0]} s" if bounds else ""
            yield ok(
                "delivered",
                f"{fare.share_delivered:.0%} of the replies that the gateway took within 24 hours{of}{took}",
            )
        if fare.billed != fare.segments:
            counts = (
                f"the gateway counted {fare.billed} where we count {fare.segments}, in 24 hours{of}, and bills its own"
            )
            yield warning("segments", f"{counts}: see 'billed_segments' in 'responder deliveries list --json'")


def _alerts(alerts: Alerts, is_open: Sequence[Alert]) -> Finding:
    receivers = [*([f"webhook {alerts.webhook}"] if alerts.webhook else []), *alerts.email]
    reached = (
        f"told to {', '.join(receivers)}"
        if receivers
        else "nobody is told: name a webhook or an address under 'alerts:' in the rules file"
    )
    if not is_open:
        return ok("alerts", f"none is open; {reached}")
    kinds = ", ".join(dict.fromkeys(f"{alert.trouble.kind} since {moment(alert.opened_at)}" for alert in is_open))
    return warning("alerts", f"open: {kinds}; {reached}")


async def _mail(settings: Settings, alerts: Alerts, watch: Watch) -> AsyncIterator[Finding]:
    server = mail_server(settings)
    if server is None:
        if alerts.email:
            yield fault("alert mail", NO_SERVER)
        return
    try:
        await server.try_out()
        yield ok("alert mail", f"{server.place} answers")
    except TransientError as error:
        yield fault("alert mail", f"{server.place}: {error}")
    for finding in _waiting(watch):
        yield finding


def _waiting(watch: Watch) -> Iterator[Finding]:
    if unsent := watch.unsent:
        waits = "1 waits" if unsent.count == 1 else f"{unsent.count} wait"
        text = f"{waits} since {moment(unsent.since)}: {unsent.error or 'a worker sends them'}"
        yield warning("alert mail", text)
