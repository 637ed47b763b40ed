"""Processes that stand still in a transaction: others wait for their locks, or pass over what they have locked.

PostgreSQL itself ends those that stand still between two statements. It has no limit for those within one, whose
statement is prepared and not yet carried out, or whose answer is not read; so others of ours look for them.
"""

from sqlalchemy import text

from responder.store.base.database import APPLICATION, FROZEN_S, Database

_END = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
    " WHERE datname = current_database() AND usename = current_user AND application_name = :application"
    " AND state = 'active' AND wait_event_type = 'Client'"
    " AND state_change < clock_timestamp() - make_interval(secs => :frozen_s)"
)


async def end_frozen(database: Database, frozen_s: float = FROZEN_S) -> int:
    """End the sessions of ours whose process has not gone on for so long, and tell how many they were."""
    if database.is_sqlite:
        return 0
    found: int = await database.value(_END.bindparams(application=APPLICATION, frozen_s=frozen_s))
    return found
