"""The rules in the hands of people: trying them, changing their file, and what became of texts that met none."""
