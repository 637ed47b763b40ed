"""YAML as placed nodes, and the reader that collects every mistake."""
