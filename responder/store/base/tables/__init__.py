"""The tables as they are now. How an older database becomes like that is in ``migrations``."""

from responder.store.base.tables.columns import *  # noqa: F403  (each table is found here, whichever module has it)
from responder.store.base.tables.inbound import *  # noqa: F403
from responder.store.base.tables.operations import *  # noqa: F403
from responder.store.base.tables.outbound import *  # noqa: F403
