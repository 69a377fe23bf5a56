"""`report` on the command line."""

from bench.cli.main import main
from tests.support.stored_runs import store_run


def test_a_report_of_stored_runs_is_written_in_both_formats(finished, tmp_path, capsys):
    store_run(finished, "a" * 32)
    store_run(finished, "b" * 32)
    html, pptx = tmp_path / "r.html", tmp_path / "r.pptx"
    arguments = ["report", "--html", str(html), "--pptx", str(pptx), "--customer", "A & B", "aaaa", "bbbb", "aaaaa"]
    assert main(arguments) == 0
    text = html.read_text()
    assert "For A &amp; B" in text and text.count('class="record"') == 2
    assert pptx.read_bytes().startswith(b"PK")
    assert "r.html: 2 runs" in capsys.readouterr().out


def test_what_is_wrong_is_said_and_nothing_is_written(finished, tmp_path, capsys):
    store_run(finished, "a" * 32)
    html = tmp_path / "r.html"
    assert main(["report", "aaaa"]) == 2
    assert "--html FILE or --pptx FILE" in capsys.readouterr().err
    assert main(["report", "--html", str(html), "cccc"]) == 2
    assert "no stored job has an id that begins with 'cccc'" in capsys.readouterr().err
    assert main(["report", "--html", str(tmp_path / "nowhere" / "r.html"), "aaaa"]) == 2
    assert "There is no such folder" in capsys.readouterr().err
    assert not html.exists()
