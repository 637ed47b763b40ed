"""Letters of other alphabets that look like Latin ones; Unicode's own forms do not bring them together."""

_LOOK_ALIKES = str.maketrans(
    "авсԁеһіјкӏмпорԛѕтуѵԝхցոօսαβεηικνορτυχω",
    "abcdehijklmnopqstuvwxgnouabenikvoptuxw",
)


def latin(folded: str) -> str:
    """A folded text with each letter that looks like a Latin one as that letter.

    >>> latin("ѕтор"), latin("stop")
    ('stop', 'stop')
    """
    return folded if folded.isascii() else folded.translate(_LOOK_ALIKES)
