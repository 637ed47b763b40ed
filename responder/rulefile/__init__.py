"""From the text of ``rules.yaml`` to rules, or to mistakes with place and remedy. Only here is YAML read."""

from responder.rulefile.file import read_rules
from responder.rulefile.reading.folder import Kept
from responder.rulefile.reading.included import load_packs
from responder.rulefile.sources import load_rules, rule_files, rules_from, sources_of

__all__ = ["Kept", "load_packs", "load_rules", "read_rules", "rule_files", "rules_from", "sources_of"]
