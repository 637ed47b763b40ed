"""GET /metrics: the state of the service for Prometheus; numbers and the hash of the rules, and nothing that anybody texted."""

from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from responder.core.versions import RulesStatus
from responder.web.health import Health, State


class Metrics:
    """Tells the figures."""

    def __init__(self, health: Health) -> None:
        self._health = health

    async def __call__(self, _request: Request) -> Response:
        """The figures of this moment, also while the database is away."""
        state = await self._health.state()
        figures = _Figures([*_of_rules(self._health.rules()), *_of_state(state, self._health.clock())])
        registry = CollectorRegistry(auto_describe=False)
        registry.register(figures)
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})


class _Figures:
    """The figures of one moment, as the library asks for them."""

    def __init__(self, figures: list[Metric]) -> None:
        self._figures = figures

    def collect(self) -> list[Metric]:
        return self._figures


def _of_rules(rules: RulesStatus) -> Iterator[Metric]:
    yield _gauge("responder_rules", "Rules in force.", rules.count)
    yield _gauge("responder_rules_reload_ok", "1 if the rules in force are those of the file, 0 if the file was refused.", rules.is_ok)
    at = rules.last_good_at.timestamp()
    yield _gauge("responder_rules_last_good_timestamp_seconds", "When rules without mistakes were last read.", at)
    named = GaugeMetricFamily("responder_rules_info", "The hash of the rules in force.", labels=["hash"])
    named.add_metric([rules.hash], 1)
    yield named


def _of_state(state: State | None, now: datetime) -> Iterator[Metric]:
    yield _gauge("responder_database_up", "1 if messages can be taken.", state is not None)
    if state is None:
        return
    yield _gauge("responder_redis_up", "1 if workers can be woken.", state.redis_is_up)
    yield _gauge("responder_gateway_ok", "1 unless the gateway refuses us and replies wait.", state.gateway == "ok")
    yield _gauge("responder_workers", "Workers seen lately.", len(state.workers))
    yield _gauge("responder_workers_with_redis", "Workers that can be woken.", sum(worker.has_redis for worker in state.workers))
    refused = sum(not worker.rules_are_ok for worker in state.workers)
    yield _gauge("responder_workers_rules_refused", "Workers that refused the rules file and go by the last good rules.", refused)
    waited_s = (now - state.oldest_waiting).total_seconds() if state.oldest_waiting else 0.0
    yield _gauge("responder_oldest_waiting_seconds", "How long the message has waited that waits longest.", max(waited_s, 0.0))


def _gauge(name: str, told: str, value: float) -> Metric:
    return GaugeMetricFamily(name, told, value=float(value))
