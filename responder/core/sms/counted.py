"""How many of something, as people say it."""

IRREGULAR = {"reply": "replies", "person": "people", "copy": "copies", "delivery": "deliveries"}


def counted(number: int, what: str) -> str:
    """A number with its noun, in the plural unless it is one.

    >>> counted(1, "appointment"), counted(2, "reply"), counted(1200, "webhook call"), counted(0, "row")
    ('1 appointment', '2 replies', '1,200 webhook calls', '0 rows')
    """
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {IRREGULAR.get(what, f'{what}s')}"
