"""Rules: the file as it is in force, or as it was under a hash, with its lines and what is wrong with a newer one."""

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import Route

from responder.desk.editing.unmatched import rule_uses
from responder.desk.rule_versions import read_version, version_in_force
from responder.web.console.frame.visits import Visit, pages


async def show(visit: Visit) -> Response:
    """The page of the rules; ``version`` in the address names an older one."""
    wanted = visit.request.query_params.get("version")
    version = await read_version(visit.desk, wanted) if wanted else await version_in_force(visit.desk)
    is_in_force = version is not None and version.hash == visit.console.rules().hash
    return await visit.page(
        "rules.html",
        version=version,
        is_in_force=is_in_force,
        rules=visit.console.rules().rules if is_in_force else (),
        uses=await rule_uses(visit.desk) if is_in_force else {},
        files=[(source.file, source.text.splitlines()) for source in version.sources] if version else [],
    )


routes: Sequence[Route] = (*pages("/rules", show),)
