"""Whether capital letters of a text are kept: by tokenizer_config.json, else by the vocabulary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.workload.interface import BadInput
from tests.support import tiny_bert
from workloads.bert.inference import tokenization
from workloads.bert.model import checkpoint
from workloads.bert.model.casing import choose_casing, measure_cased_share

LOWER = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "[unused1]", *(f"word{number}" for number in range(300))]
CASED = [*LOWER, "The", "Berlin", "##S", "Übung"]


def write_vocabulary(folder: Path, pieces: list[str], config: str = "") -> Path:
    file = folder / "vocab.txt"
    file.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    if config:
        (folder / "tokenizer_config.json").write_text(config)
    return file


@pytest.mark.parametrize(
    ("pieces", "config", "lowercase", "reason"),
    [
        (LOWER, "", True, r"read as small ones (0 % of its vocabulary has them)"),
        (CASED, "", False, r"capital letters kept (1 % of its vocabulary has them)"),
        (CASED, "{}", False, "capital letters kept (1 %"),
        ([*LOWER, "Fairlap"], "", True, "read as small ones"),
        (CASED, '{"do_lower_case": true}', True, "read as small ones (tokenizer_config.json)"),
        (LOWER, '{"do_lower_case": false}', False, "capital letters kept (tokenizer_config.json)"),
    ],
)
def test_the_configuration_decides_and_else_the_vocabulary(tmp_path, pieces, config, lowercase, reason):
    casing = choose_casing(write_vocabulary(tmp_path, pieces, config))
    assert casing.lowercase is lowercase
    assert reason in casing.reason


def test_special_pieces_are_not_counted(tmp_path):
    assert measure_cased_share(write_vocabulary(tmp_path, LOWER)) == 0
    assert measure_cased_share(write_vocabulary(tmp_path, ["[PAD]", "A", "b"])) == 0.5
    assert measure_cased_share(write_vocabulary(tmp_path, ["[PAD]"])) == 0


@pytest.mark.parametrize("key", ["do_lower_case", "strip_accents", "tokenize_chinese_chars"])
def test_a_setting_that_is_no_truth_value_is_refused(tmp_path, key):
    with pytest.raises(BadInput, match=f"{key} is 'false'"):
        choose_casing(write_vocabulary(tmp_path, LOWER, f'{{"{key}": "false"}}'))


@pytest.mark.parametrize(
    ("config", "token", "words"),
    [
        ({"do_lower_case": True}, "muller", "small ones (tokenizer_config.json)"),
        ({"do_lower_case": True, "strip_accents": None}, "muller", "small ones (tokenizer_config.json)"),
        ({"do_lower_case": True, "strip_accents": False}, "müller", "accents kept (tokenizer_config.json)"),
        ({"do_lower_case": False, "strip_accents": True}, "Muller", "accents removed (tokenizer_config.json)"),
        ({"do_lower_case": False, "strip_accents": False}, "Müller", "letters kept (tokenizer_config.json)"),
    ],
)
def test_accents_are_read_as_the_configuration_says(tmp_path, config, token, words):
    """German models in lower case keep umlauts."""
    folder = tiny_bert.save_model(tmp_path / "model", vocab_size=len(tiny_bert.PIECES) + 4)
    write_vocabulary(folder, [*tiny_bert.PIECES, "muller", "müller", "Muller", "Müller"], json.dumps(config))
    read = checkpoint.read_checkpoint(folder)
    assert tokenization.WindowTokenizer(read).tokenizer.encode("Müller", add_special_tokens=False).tokens == [token]
    assert read.casing.reason.endswith(words)


@pytest.mark.parametrize(("config", "tokens"), [({}, ["北", "京"]), ({"tokenize_chinese_chars": False}, ["北京"])])
def test_chinese_characters_are_split_as_the_configuration_says(tmp_path, config, tokens):
    folder = tiny_bert.save_model(tmp_path / "model", vocab_size=len(tiny_bert.PIECES) + 3)
    write_vocabulary(folder, [*tiny_bert.PIECES, "北京", "北", "京"], json.dumps(config))
    read = checkpoint.read_checkpoint(folder)
    assert tokenization.WindowTokenizer(read).tokenizer.encode("北京", add_special_tokens=False).tokens == tokens
    assert ("Chinese characters not split" in read.casing.reason) == (len(tokens) == 1)


def test_a_cased_vocabulary_without_configuration_keeps_capital_letters(tmp_path):
    """The model must see the piece that it was trained with."""
    folder = tiny_bert.save_model(tmp_path / "model", vocab_size=len(tiny_bert.PIECES) + 3)
    pieces = [*tiny_bert.PIECES, "Bridge", "River", "Mill"]
    write_vocabulary(folder, pieces)
    read = checkpoint.read_checkpoint(folder)
    assert not read.casing.lowercase
    assert read.casing.reason.startswith("capital letters kept")
    windows = tokenization.WindowTokenizer(read).make_windows(["River"], ["the Bridge"], 16)
    assert windows.input_ids[0, 1] == pieces.index("River")
    assert pieces.index("Bridge") in windows.input_ids[0]


def test_a_tokenizer_json_has_its_own_rule(tmp_path):
    folder = tiny_bert.save_model(tmp_path / "model", tokenizer_json=True)
    assert checkpoint.read_checkpoint(folder).casing.reason == "capital letters as in its tokenizer.json"
