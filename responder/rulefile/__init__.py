"""The rules file: text that an operator wrote becomes rules, or mistakes with place and remedy. YAML is read here alone."""

from responder.rulefile.file import read_rules
from responder.rulefile.packs import load_packs
from responder.rulefile.sources import load_rules, read_sources, rule_files, rules_from

__all__ = ["load_packs", "load_rules", "read_rules", "read_sources", "rule_files", "rules_from"]
