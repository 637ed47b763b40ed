"""An edit of rules.yaml while ``responder run`` works: real processes, real files."""

import asyncio

import httpx

from tests.conftest import wait_until
from tests.end_to_end.service import Service, send_steadily
from tests.receiver import Receiver

OTHER = "\n  - name: other\n    when: {text: Other}\n    then: [{reply: 'The other rule.'}]\n"


def edit(service: Service, text: str) -> None:
    """Replace the file by a rename, as careful editors do."""
    (service.folder / "new").write_text(text)
    (service.folder / "new").replace(service.folder / "rules.yaml")


def written(service: Service) -> str:
    return (service.folder / "rules.yaml").read_text()


async def follows(service: Service, *, count: int, ok: bool) -> None:
    """Wait until web and worker both go by so many rules, and say so."""

    async def does() -> bool:
        rules = (await service.readyz()).get("rules", {})
        return (rules.get("count"), rules.get("ok")) == (count, ok) and rules["workers"] == [rules["hash"]]

    await wait_until(does, 20, f"the reload\n{service.said()}")


async def rule_of(service: Service, text: str, originator: str) -> str:
    """The rule that answers a text."""
    assert await service.send(text, originator) == 200
    await service.settled()
    ((rule,),) = service.query(f"SELECT rule FROM messages WHERE originator = '{originator}'")  # noqa: S608  (ours)
    return str(rule)


async def test_a_good_edit_is_in_force_within_seconds_and_the_records_say_by_which_version(service: Service) -> None:
    await rule_of(service, "News ON", "+393300000001")
    edit(service, written(service) + OTHER)
    await follows(service, count=2, ok=True)
    assert await rule_of(service, "other", "+393300000002") == "other"
    kept = {version for (version,) in service.query("SELECT hash FROM rule_versions")}
    assert {version for (version,) in service.query("SELECT rules_hash FROM messages")} == kept
    assert len(kept) == 2
    assert await service.stop() == [0]


async def test_an_edit_under_load_loses_nothing_and_each_message_is_answered_by_the_version_that_its_record_names(
    service: Service, receiver: Receiver
) -> None:
    good = written(service)
    sending = asyncio.create_task(send_steadily(service, 150))
    await receiver.wait_for(20)
    edit(service, good.replace("Welcome {{ rest }}", "Hello {{ rest }}") + OTHER)
    await sending
    await follows(service, count=2, ok=True)
    await send_steadily(service, 5, start=150)
    await service.settled()
    service.check_once(receiver)
    versions = dict(
        service.query(
            "SELECT hash, CASE WHEN sources LIKE '%Welcome%' THEN 'Welcome' ELSE 'Hello' END FROM rule_versions"
        )
    )
    replies = service.query(
        "SELECT m.rules_hash, s.content FROM messages m JOIN steps s ON s.message_key = m.key WHERE s.kind = 'reply'"
    )
    assert {content.split()[0] for _, content in replies} == {"Welcome", "Hello"}
    assert [content for version, content in replies if not content.startswith(versions[version])] == []


async def test_a_bad_edit_changes_nothing_and_is_shown_everywhere_also_after_a_restart(
    service: Service,
) -> None:
    good = written(service)
    edit(service, good + "rulez: []\n")
    await follows(service, count=1, ok=False)
    assert await rule_of(service, "News ON", "+393300000001") == "news-on"
    line = good.count("\n") + 1
    mistake = f"rules.yaml:{line}:1: top level: unknown key 'rulez', did you mean 'rules'?"
    assert (await service.readyz())["rules"]["mistakes"] == [mistake]
    assert service.said().count(mistake) == 1
    async with httpx.AsyncClient(verify=False) as client:  # noqa: S501
        figures = (await client.get(f"http://127.0.0.1:{service.port}/metrics")).text
    assert "responder_rules_reload_ok 0.0" in figures
    assert "responder_workers_rules_refused 1.0" in figures
    assert await service.stop() == [0]
    await service.start()
    await follows(service, count=1, ok=False)
    assert await rule_of(service, "News ON", "+393300000002") == "news-on"
    assert "rules file refused at the start, serving by those in force at" in service.said()
    assert "HAS MISTAKES" in service.said()


async def test_a_mounted_volume_that_swaps_its_link_is_followed(service: Service) -> None:
    good = written(service)
    for name, text in (("v1", good), ("v2", good + OTHER)):
        (service.folder / name).mkdir()
        (service.folder / name / "rules.yaml").write_text(text)
    (service.folder / "..data").symlink_to("v1")
    (service.folder / "link").symlink_to("..data/rules.yaml")
    (service.folder / "link").replace(service.folder / "rules.yaml")
    (service.folder / "..tmp").symlink_to("v2")
    (service.folder / "..tmp").replace(service.folder / "..data")
    await follows(service, count=2, ok=True)
