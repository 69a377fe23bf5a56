"""Tours from TOML: those that come with Fairlap are valid, and every mistake is reported with its line."""

import os
import re
from pathlib import Path

import pytest

from bench.paths import ROOT
from bench.workload.registry import load_workloads
from ui.tours.catalogue import FOLDERS_VARIABLE, SHIPPED_FOLDER, load_catalogue
from ui.tours.contracts import find_setting_problems, list_parts
from ui.tours.reading import MAX_FILE_BYTES, TourError, read_tour
from ui.tours.toml_lines import find_key_lines

SHIPPED = sorted(SHIPPED_FOLDER.glob("*.toml"))
POSTS = {"bert", "scikit-learn", "modin", "memory-traffic", "documents", "twelve-ways"}
VALID = '''title = "A tour"
audience = "Testers"
minutes = 5

[[steps]]
title = "Look"
text = """
Plain text with `<code>`, a < b and a [link](rules).
"""
page = "rules"

[[steps]]
# A comment.
title = "Race"
text = "Press **Run this**."
page = "bert"
race = true
look_at = ["times", "chart"]
notes = "Say something."
[steps.settings]
batch = 4
accelerated = "bf16"
'''


def write(folder: Path, text: str, name: str = "mine.toml") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def read_problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(TourError) as caught:
        read_tour(write(folder, text))
    assert str(caught.value).startswith("mine.toml, line ")
    return [str(problem) for problem in caught.value.problems]


def test_a_tour_has_all_that_its_file_says(tmp_path):
    tour = read_tour(write(tmp_path, VALID))
    assert (tour.name, tour.title, tour.audience, tour.minutes) == ("mine", "A tour", "Testers", 5)
    look, race = tour.steps
    assert (look.page, look.has_plan, look.race) == ("rules", False, False)
    assert race.settings == {"batch": "4", "accelerated": "bf16"} and race.look_at == ("times", "chart")
    plan = race.plan(core_limit=2)
    assert (plan.workload, plan.batch, plan.accelerated) == ("bert", 4, "bf16")


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_tour_is_valid_and_has_what_a_speaker_needs(file):
    tour = read_tour(file, shipped=True)
    assert all(step.notes for step in tour.steps)
    assert max(len(step.text) for step in tour.steps) < 320, "a longer text does not fit on a slide"
    assert all(step.plan(core_limit=1) for step in tour.steps if step.has_plan)


def test_every_post_has_a_tour_and_so_have_customers_and_newcomers():
    assert {file.stem for file in SHIPPED} == POSTS | {"customers", "newcomers"}
    tours = [read_tour(file) for file in SHIPPED]
    pages = {step.page for tour in tours for step in tour.steps}
    assert {name for name, workload in load_workloads().items() if not workload.hidden} <= pages
    assert all(any(step.race for step in tour.steps) for tour in tours if tour.name != "twelve-ways")


def test_the_tour_for_customers_takes_ten_minutes():
    assert read_tour(SHIPPED_FOLDER / "customers.toml").minutes == 10


def test_the_newcomers_tour_points_at_every_part_of_the_race_page():
    steps = read_tour(SHIPPED_FOLDER / "newcomers.toml").steps
    shown = {part for step in steps for part in step.look_at if step.page == "colour-quantization"}
    assert shown == set(list_parts("colour-quantization"))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"rules"', '"ruels"', "line 10: step 1, page: there is no page 'ruels'; there are colour-quantization"),
        ("batch = 4", "batch = 0", "line 21: step 2, settings, batch: expected an integer from 1"),
        ("batch = 4", "batches = 4", "line 21: step 2, settings, batches: bert has no such parameter; it has model"),
        ('"bf16"', '"int3"', "line 22: step 2, settings, accelerated: 'int3' is no value of the lever precision"),
        (
            "batch = 4",
            'tab = "Races"',
            "line 21: step 2, settings, tab: the page bert has no tab 'Races'; it has Race,",
        ),
        ("batch = 4", "batch = [4]", "line 21: step 2, settings, batch: "),
        ('["times"', '["tims"', "line 18: step 2, look_at: the page bert has no part 'tims'; it has controls"),
        ("minutes = 5", "minutes = 0", "line 3: minutes: input should be greater than or equal to 1"),
        ("minutes = 5", "", "line 1: minutes: the key is missing"),
        ('audience = "Testers"', 'audiences = "Testers"', "line 2: audiences: there is no such key; there are title,"),
        ("race = true", 'race = "yes"', "line 17: step 2, race: input should be a valid boolean"),
        ('"rules"', '"rules"\nrecording = "x.json"', "line 11: step 1, recording: only a step with race = true"),
        ("race = true", 'recording = "x.json"', "line 17: step 2, recording: there is no file 'x.json'"),
        ("race = true", 'race = true\nrecording = "x.json"', "line 18: step 2, recording: there is no file 'x.json'"),
        ("race = true", 'race = true\nrecording = "../x.json"', "line 18: step 2, recording: '../x.json' is outside"),
        ("race = true", 'race = true\nrecording = "best"', "line 18: step 2, recording: 'best' is neither the id"),
        ('"rules"', '"rules"\nrace = true', "line 11: step 1, race: the page rules has no race"),
        ('title = "Look"', 'title = "Look', "line 6: not valid TOML, column 14: "),
        ("[[steps]]\n# A comment.", "[steps]\n# A comment.", "line 12: not valid TOML"),
        ("Plain text", "<script>alert(1)</script>", "line 8: step 1, text: HTML is not shown: remove '<script'"),
        ("Plain text", "Plain\n</b> text", "line 9: step 1, text: HTML is not shown: remove '</b'"),
        ('"Say something."', '"<img src=x>"', "line 19: step 2, notes: HTML is not shown: remove '<img'"),
        ("Plain text", "![x](https://example.org/x.png)", "line 8: step 1, text: pictures are not shown"),
        ("(rules)", "(javascript:alert(1))", "line 8: step 1, text: 'javascript:alert(1' is neither an address"),
        ("(rules)", "(data:text/html,x)", "line 8: step 1, text: 'data:text/html,x' is neither an address"),
    ],
)
def test_a_mistake_is_reported_with_its_line(tmp_path, old, new, problem):
    assert old in VALID
    problems = read_problems(tmp_path, VALID.replace(old, new))
    assert any(found.startswith(problem) for found in problems), problems


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path):
    problems = read_problems(tmp_path, VALID.replace('"rules"', '"ruels"').replace("batch = 4", "batch = 0"))
    assert [found.split(":")[0] for found in problems] == ["line 10", "line 21"]


def test_the_example_of_the_docs_is_a_tour(tmp_path):
    (example,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "tours.md").read_text(), re.DOTALL)
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "desk.json.gz").touch()
    tour = read_tour(write(tmp_path, example))
    assert [step.race for step in tour.steps] == [False, True]


def test_the_name_of_a_file_must_fit_into_a_link(tmp_path):
    with pytest.raises(TourError, match="small letters, digits and hyphens"):
        read_tour(write(tmp_path, VALID, "My tour.toml"))


def test_a_file_that_is_no_text_or_too_large_or_missing_is_explained(tmp_path):
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b'title = "x"\nminutes = 5 # \xff')
    large = write(tmp_path, "#" * (MAX_FILE_BYTES + 1), "large.toml")
    for file, message in (
        (binary, "line 2: the file is not UTF-8"),
        (large, "more than"),
        (tmp_path / "no.toml", "be read"),
    ):
        with pytest.raises(TourError, match=message):
            read_tour(file)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("minutes = 5", "minutes = 5\nx = " + "[" * 90_000 + "]" * 90_000, "line 4: not valid: values are nested too"),
        ("minutes = 5", "minutes = 5\ntitle" + ".a" * 90_000 + " = 1", "line 4: a key has more than 20 parts"),
        ("minutes = 5", "minutes = " + "9" * 5000, "line 3: not valid TOML: Exceeds the limit"),
        ("minutes = 5", "minutes = 0x" + "f" * 9000, "line 3: minutes: input should be less than or equal to 480"),
        ("minutes = 5", "minutes = 5\nminutes = 6", "line 4: not valid TOML, column 12: Cannot overwrite a value"),
        ("batch = 4", "batch = 0x" + "f" * 9000, "line 21: step 2, settings, batch: a setting is a text, a finite"),
        ("batch = 4", "budget_s = nan", "line 21: step 2, settings, budget_s: a setting is a text, a finite number"),
        ("batch = 4", "batch = 2026-01-01", "line 21: step 2, settings, batch: a setting is a text, a finite number"),
        ("batch = 4", 'tour = "x"', "line 21: step 2, settings, tour: bert has no such parameter"),
        ('["times", "chart"]', "[1]", "line 18: step 2, look_at, 1: input should be a valid string"),
        ("race = true", 'race = true\nrecording = "\\u0000.json"', "line 18: step 2, recording: string should match"),
        (
            "race = true",
            f'race = true\nrecording = "{"x" * 999}.json"',
            "line 18: step 2, recording: string should have",
        ),
        ("race = true", f'race = true\nrecording = "{"x" * 250}.json"', "line 18: step 2, recording: there is no file"),
        ("Plain text", "a ` b\n\n![x](//evil)\n\n`", "line 10: step 1, text: pictures are not shown"),
        ("Plain text", "$`$ ![x](//evil) $`$", "line 8: step 1, text: pictures are not shown"),
        ("Plain text", "[x][r]\n\n> [r]: //evil", "line 10: step 1, text: '//evil' is neither an address"),
        ("Plain text", "[x](javascript&colon;x)", "line 8: step 1, text: 'javascript&colon;x' is neither an address"),
        ("minutes = 5", 'minutes = 5\nsource = "https://a)![x](//evil"', "line 4: source: string should match"),
        ("Look", "Lo\u2028\u0085ok", "line 21: step 2, settings, batch: "),
    ],
)
def test_a_hostile_file_is_refused_with_its_line(tmp_path, old, new, problem):
    # The text with unusual line ends has another mistake below them.
    text = VALID.replace(old, new) if old != "Look" else VALID.replace(old, new).replace("batch = 4", "batch = 0")
    problems = read_problems(tmp_path, text)
    assert any(found.startswith(problem) for found in problems), problems


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    (tmp_path / "folder.toml").mkdir()
    for name, message in (("pipe", "it is no file"), ("zero", "it is no file"), ("folder", "Is a directory")):
        with pytest.raises(TourError, match=message):
            read_tour(tmp_path / f"{name}.toml")


def test_a_file_may_have_a_mark_of_its_encoding_and_the_line_ends_of_windows(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert len(read_tour(file).steps) == 2
    file.write_bytes(VALID.replace("\n", "\r\n").replace("batch = 4", "batch = 0").encode())
    with pytest.raises(TourError, match="line 21: step 2"):
        read_tour(file)


def test_a_recording_that_appears_later_mends_the_tour(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDERS_VARIABLE, str(tmp_path))
    write(tmp_path, VALID.replace("race = true", 'race = true\nrecording = "x.json"'))
    [error] = load_catalogue().errors
    assert "there is no file 'x.json'" in str(error)
    (tmp_path / "x.json").touch()
    assert not load_catalogue().errors and "mine" in load_catalogue().tours


def test_the_lines_of_keys_of_a_large_file_are_those_where_they_begin():
    step = '[[steps]]\ntitle = "x"\ntext = """\n' + "[words]\n" * 100 + '"""\nsettings = {a = 1,\n b.c = [\n1]}\n'
    lines = find_key_lines("a.b = 1\n" + step.replace("{a = 1,\n b.c", "{a = 1, b.c") * 60 + "[steps.more]\nz = 1\n")
    assert lines[("a", "b")] == 1 and lines[("steps", 0, "title")] == 3
    length = 106
    assert lines[("steps", 59)] == 2 + 59 * length and lines[("steps", 59, "settings", "b", "c")] == 106 + 59 * length
    assert lines[("steps", 59, "more", "z")] == 3 + 60 * length


def test_the_lines_of_keys_are_those_where_they_begin():
    lines = find_key_lines(VALID)
    assert lines[("steps", 0, "text")] == 7 and lines[("steps", 0, "page")] == 10
    assert lines[("steps", 1)] == 12 and lines[("steps", 1, "title")] == 14
    assert lines[("steps", 1, "settings", "accelerated")] == 22


def test_settings_of_other_pages_are_checked_too():
    assert find_setting_problems("method", {"way": "projection", "apply": "true"}) == []
    assert find_setting_problems("method", {"way": "nonsense"})[0][0] == "way"
    assert find_setting_problems("glossary", {"q": "x"}) == [
        ("q", "the page glossary has no such setting; it has none")
    ]
    assert find_setting_problems("sweep", {"workload": "bert", "batch": "2"}) == []
    assert find_setting_problems("sweep", {"workload": "bird"})[0][0] == "workload"
    assert find_setting_problems("sweep", {"workload": "bert", "batch": "0"})[0][0] == "batch"
