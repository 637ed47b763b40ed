"""Several files make one set of rules: in which order, under which hash, and never from beyond their folder."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from responder.core.rules.rules import Rules
from responder.errors import RulesError
from responder.rulefile import Kept, load_rules, read_rules, rule_files, rules_from, sources_of
from tests.planning import plan

MAIN = "version: 1\ninclude: [campaigns/*.yaml, always.yaml]\nrules:\n  - {name: main, when: {text: main}, then: [hand_off: seen]}\n"
RULE = "rules:\n  - {name: %s, when: {text: %s}, then: [hand_off: seen]}\n"


def written(folder: Path, files: Mapping[str, str]) -> Path:
    """The rules file of a folder, once all its files are written."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder / "rules.yaml"


def of(*names: str) -> dict[str, str]:
    """Files with a rule of their own name."""
    return {f"{name}.yaml": RULE % (Path(name).name, Path(name).name) for name in names}


FILES = {
    "rules.yaml": MAIN,
    **of("always", "campaigns/b", "campaigns/a", "campaigns/c"),
    "campaigns/.#a.yaml": "left behind",
    "campaigns/notes.txt": "x",
}


def load(folder: Path, files: Mapping[str, str]) -> Rules:
    return load_rules(written(folder, files), {})


def mistakes(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What is said of files, with names as seen from their folder."""
    with pytest.raises(RulesError) as refused:
        load(folder, files)
    return [str(mistake).replace(f"{folder}/", "") for mistake in refused.value.mistakes]


def test_included_rules_come_after_those_of_the_file_in_the_order_they_are_named_in(tmp_path: Path) -> None:
    assert [rule.name for rule in load(tmp_path, FILES).rules] == ["main", "a", "b", "c", "always"]


def test_a_rule_knows_its_file(tmp_path: Path) -> None:
    assert [rule.file for rule in load(tmp_path, FILES).rules][:2] == [
        str(tmp_path / "rules.yaml"),
        str(tmp_path / "campaigns/a.yaml"),
    ]


def test_the_files_that_were_read_are_told(tmp_path: Path) -> None:
    names = ["rules.yaml", "campaigns/a.yaml", "campaigns/b.yaml", "campaigns/c.yaml", "always.yaml"]
    assert load(tmp_path, FILES).files == tuple(str(tmp_path / name) for name in names)


def test_included_files_bring_lists_and_webhooks_that_all_may_use(tmp_path: Path) -> None:
    files = {
        "rules.yaml": "version: 1\ninclude: part.yaml\nrules: [{name: on, when: {text: on air}, then: [{subscribe: autumn}, {webhook: shop}]}]\n",
        "part.yaml": "version: 1\nlists: {autumn: {title: Autumn}}\nwebhooks: {shop: {url: 'https://shop.example.com/'}}\n",
    }
    assert [step["action"] for step in plan("on air", load(tmp_path, files)).explained] == ["subscribe", "webhook"]


def test_a_file_includes_from_its_own_folder(tmp_path: Path) -> None:
    files = {
        "rules.yaml": "version: 1\ninclude: deep [1]/more.yaml\n",
        "deep [1]/more.yaml": "include: [other.yaml, er/*.yaml]\n",
    }
    assert [rule.name for rule in load(tmp_path, {**files, **of("deep [1]/other", "deep [1]/er/last")}).rules] == [
        "other",
        "last",
    ]


def test_a_change_of_any_file_changes_the_hash(tmp_path: Path) -> None:
    before = load(tmp_path, FILES).hash
    assert load(tmp_path, FILES | {"campaigns/c.yaml": RULE % ("c", "d")}).hash != before
    assert load(tmp_path, FILES | {"campaigns/c.yaml": FILES["campaigns/c.yaml"].replace("\n", "\r\n")}).hash == before
    assert load(tmp_path, FILES).hash == before


def test_what_moves_from_one_file_to_the_next_changes_the_hash(tmp_path: Path) -> None:
    moved = {
        "rules.yaml": MAIN,
        **of("always"),
        "campaigns/a.yaml": "rules: []\n",
        "campaigns/b.yaml": "lists: {x: }\n",
    }
    before = load(tmp_path, moved).hash
    assert (
        load(tmp_path, moved | {"campaigns/a.yaml": "rules: []\nlists: {x: }\n", "campaigns/b.yaml": ""}).hash != before
    )


def test_files_that_were_kept_are_read_without_their_folder(tmp_path: Path) -> None:
    rules = load(tmp_path, FILES)
    main, *others = rules.files
    kept = Kept({str(Path(name).relative_to(tmp_path)): rules.sources[name] for name in others})
    again = read_rules(rules.sources[main], main, {}, kept)
    assert (again.hash, again.files, [rule.name for rule in again.rules]) == (
        rules.hash,
        rules.files,
        [rule.name for rule in rules.rules],
    )


def test_a_pattern_may_mean_no_file_where_its_folder_is_there(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    assert load(tmp_path, {"rules.yaml": MAIN, **of("always")}).files[1:] == (str(tmp_path / "always.yaml"),)


@pytest.mark.parametrize("wanted", ["rules.yaml", "./rules.yaml", "*.yaml", "again.yaml"])
def test_a_file_that_includes_itself_is_refused(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "again.yaml").symlink_to("rules.yaml")
    told = mistakes(tmp_path, {"rules.yaml": f"version: 1\ninclude: '{wanted}'\n"})
    assert told[0].endswith("yaml' includes itself, remove one of the entries that lead in this circle")


def test_a_circle_through_several_files_is_refused(tmp_path: Path) -> None:
    files = {
        "rules.yaml": "version: 1\ninclude: a/a.yaml\n",
        "a/a.yaml": "include: b/b.yaml\n",
        "a/b/b.yaml": "include: c.yaml\n",
    }
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/c.yaml").symlink_to("../a.yaml")
    assert mistakes(tmp_path, files) == [
        "a/b/b.yaml:1:10: include: 'a/b/c.yaml' includes itself, remove one of the entries that lead in this circle"
    ]


def test_files_that_include_files_without_end_are_refused(tmp_path: Path) -> None:
    files = {f"f{n}.yaml": f"include: f{n + 1}.yaml\n" for n in range(50)}
    told = mistakes(tmp_path, {"rules.yaml": "version: 1\ninclude: f0.yaml\n", **files})
    assert told == [
        "f8.yaml:1:10: include: 'f9.yaml' is included more than 10 files deep, include it in rules.yaml itself"
    ]


@pytest.mark.parametrize("wanted", ["out.yaml", "out*.yaml", "folder/secret.yaml", "folder/*.yaml"])
def test_no_link_leads_out_of_the_folder(tmp_path: Path, wanted: str) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.yaml").write_text("password: hunter2\n")
    (inside / "out.yaml").symlink_to("../outside/secret.yaml")
    (inside / "folder").symlink_to(outside)
    (told,) = mistakes(inside, {"rules.yaml": f"version: 1\ninclude: '{wanted}'\n"})
    assert "leads out of the folder of the rules file, put the file itself there" in told
    assert "hunter2" not in told


def test_links_within_the_folder_are_followed_as_mounted_volumes_need(tmp_path: Path) -> None:
    written(tmp_path / "..2026", {"rules.yaml": "version: 1\ninclude: part.yaml\n", **of("part")})
    (tmp_path / "..data").symlink_to("..2026")
    for name in ("rules.yaml", "part.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert [rule.name for rule in load_rules(tmp_path / "rules.yaml", {}).rules] == ["part"]


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to("b.yaml")
    (tmp_path / "b.yaml").symlink_to("a.yaml")
    (told,) = mistakes(tmp_path, {"rules.yaml": "version: 1\ninclude: a.yaml\n"})
    assert "there is no file 'a.yaml'" in told


@pytest.mark.parametrize("wanted", ["/dev/zero", "pipe.yaml"])
def test_what_is_no_file_is_never_opened(tmp_path: Path, wanted: str) -> None:
    import os

    os.mkfifo(tmp_path / "pipe.yaml")
    assert len(mistakes(tmp_path, {"rules.yaml": f"version: 1\ninclude: {wanted}\n"})) == 1


def test_a_large_file_is_refused_at_the_entry_that_includes_it(tmp_path: Path) -> None:
    with (tmp_path / "part.yaml").open("wb") as file:
        file.truncate(1 << 32)
    assert mistakes(tmp_path, {"rules.yaml": "version: 1\ninclude: part.yaml\n"}) == [
        "rules.yaml:2:10: include: 'part.yaml' is larger than 1 MB"
    ]


def test_a_pattern_that_looks_at_too_many_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(10_001):
        (tmp_path / "many" / str(number)).touch()
    (told,) = mistakes(tmp_path, {"rules.yaml": "version: 1\ninclude: many/*.yaml\n"})
    assert told.endswith("more than 10000 files would have to be looked at, name the folder more closely")


def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "campaigns").mkdir()
    (tmp_path / "campaigns" / "folder.yaml").mkdir()
    assert mistakes(tmp_path, {"rules.yaml": MAIN, **of("always")}) == [
        "rules.yaml:2:11: include: 'campaigns/folder.yaml' is no file"
    ]


def test_the_texts_that_were_kept_give_the_same_rules(tmp_path: Path) -> None:
    rules = load(
        tmp_path, {"rules.yaml": "version: 1\ninclude: campaigns/*.yaml\n", "campaigns/a.yaml": "lists: {a: }\n"}
    )
    again = rules_from(sources_of(rules), {})
    assert (again.hash, list(again.lists)) == (rules.hash, ["a"])


def test_files_of_a_folder_are_watched_where_the_rules_include_others(tmp_path: Path) -> None:
    load(
        tmp_path,
        {
            "rules.yaml": "version: 1\ninclude: campaigns/*.yaml\n",
            "campaigns/a.yaml": "lists: {a: }\n",
            ".hidden/b.yaml": "",
        },
    )
    assert [path.name for path in rule_files(tmp_path / "rules.yaml")] == ["rules.yaml", "a.yaml"]
    (tmp_path / "rules.yaml").write_text("version: 1\n")
    assert rule_files(tmp_path / "rules.yaml") == (tmp_path / "rules.yaml",)
