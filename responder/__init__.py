"""responder: a business rents a number, people text it, and rules.yaml says what happens."""
