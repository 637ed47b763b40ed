"""Which webhooks hear of what an operator changes: those that the rules in force name."""

from responder.cli.terminal.output import say
from responder.core.rules.rules import Rules
from responder.core.rules.webhooks import Event
from responder.errors import ConfigurationError
from responder.rulefile import rules_from
from responder.settings.model import environment, load_settings
from responder.store.base.rule_versions import RuleVersions
from responder.wiring import Store, read_rules_in_force


async def told_of(store: Store, event: Event) -> frozenset[str]:
    """The webhooks that ask for an event, by the rules file or else by the last good rules; a change never waits for a file to be mended."""
    rules = await last_good_rules(store)
    if rules is None:
        say("the rules file cannot be read ('responder check' says why), so no webhook is told of this", err=True)
    return rules.webhooks_for(event) if rules else frozenset()


async def last_good_rules(store: Store) -> Rules | None:
    """The rules of the file, or else those that were in force last; None if there are none."""
    try:
        return await read_rules_in_force(load_settings())
    except ConfigurationError:
        version = await RuleVersions(store.database).newest()
    try:
        return rules_from(version.sources, environment()) if version else None
    except ConfigurationError:
        return None
