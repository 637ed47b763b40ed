"""Files that pages bring in as the commands do: all of their lines or none, and tried first if one likes."""

import asyncio
import base64
import tempfile
from pathlib import Path

from starlette.responses import Response

from responder.web.console.frame.visits import Visit
from responder.web.forms.fields import Upload

LARGEST_FILE = 20 * 1024 * 1024
LARGEST_CARRIED = 512 * 1024  # bytes that the page of a dry run carries, so that nobody has to choose the file again
KEPT_LINES = 200


async def read_file(visit: Visit) -> Upload:
    """The file of a form: the one that was chosen, or else the one that the page of a dry run carries."""
    form = await visit.upload(LARGEST_FILE)
    if form.body or not form.fields.get("carried"):
        return form
    try:
        body = base64.b64decode(form.fields["carried"], validate=True)
    except ValueError:
        return form
    return Upload(name=form.fields.get("name", ""), body=body, fields=form.fields)


async def bring_in(visit: Visit, form: Upload, records: str, back: str) -> Response:
    """Bring in a file of appointments or subscribers, or say what would become of it; ``back`` leads on from there."""
    was_tried = form.fields.get("act") == "try"
    with tempfile.TemporaryDirectory(prefix="responder-") as folder:
        file = Path(folder, f"import{form.suffix}")
        await asyncio.to_thread(file.write_bytes, form.body)
        dry = ["--dry-run"] if was_tried else []
        answer = await visit.console.commands.run(records, "import", *dry, str(file), operator=visit.operator)
    told, errors = ([line.replace(str(file), form.name) for line in part] for part in (answer.lines, answer.errors))
    end = told.index("") if "" in told else 0  # a dry run tells each cell, and then what they come to
    visit.console.lookout.forget()
    is_fine = answer.code == 0
    carries = is_fine and was_tried and len(form.body) <= LARGEST_CARRIED
    return await visit.page(
        "imported.html",
        200 if is_fine else 422,
        summary=[*errors, *filter(None, told[end:])][:KEPT_LINES],
        told=told[: min(end, KEPT_LINES)],
        more=max(0, end - KEPT_LINES),
        is_fine=is_fine,
        was_tried=was_tried,
        back=back,
        carried=base64.b64encode(form.body).decode() if carries else None,
        file_name=form.name,
    )
