"""Encodings of files without a byte order mark."""

from __future__ import annotations

import pytest

from bench.tables.foreign_words import is_strange_word
from bench.tables.identify import identify_file
from bench.tables.text_encoding import CHUNK_BYTES, Encoding, detect_encoding, guess_encoding
from bench.workload.interface import BadInput
from tests.support.tables import load_table, read_notes, write_file


@pytest.mark.parametrize(
    ("encoding", "towns"),
    [
        ("cp1252", ["Köln", "Málaga", "Besançon", "Århus", "Zürich"]),
        ("cp1250", ["Plzeň", "Ústí nad Labem", "České Budějovice", "Žďár"]),
        ("cp1250", ["Łódź", "Kraków", "Gdańsk", "Wrocław"]),
        ("iso8859_2", ["Łódź", "Kraków", "Gdańsk", "Wrocław"]),
        ("cp1254", ["İstanbul", "Eskişehir", "Muğla", "Şanlıurfa"]),
        ("cp437", ["München", "Köln", "Düsseldorf", "Málaga"]),
        ("cp437", ["München", "Rome"]),
        ("cp852", ["Plzeň", "Ústí nad Labem", "České Budějovice"]),
        ("cp866", ["Москва", "Санкт-Петербург", "Казань"]),
        ("cp1252", ["59 €", "60 €"]),
        ("iso8859_15", ["59 €", "60 €"]),
        ("cp1252", ["59 °C", "5 m²", "7 µm"]),
        ("cp1252", ["l’eau – “douce”", "Orléans"]),
        ("cp1251", ["Москва", "Санкт-Петербург", "Казань"]),
        ("koi8_r", ["Москва", "Санкт-Петербург", "Казань"]),
        ("cp1253", ["Αθήνα", "Θεσσαλονίκη", "Πάτρα"]),
        ("cp932", ["東京都", "大阪府", "ひらがな"]),
        ("gb18030", ["北京市", "上海市", "广州市"]),
    ],
)
def test_the_text_of_a_guessed_encoding_is_the_text_that_was_written(tmp_path, encoding, towns):
    text = "id,town\n" + "plain,ascii\n" * 50_000 + "".join(f"{i},{towns[i % len(towns)]}\n" for i in range(60))
    file = identify_file(write_file(tmp_path, text.encode(encoding)))
    assert detect_encoding(file) == Encoding("utf-8")
    assert file.path.read_bytes().decode(guess_encoding(file).codec) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_found_by_its_null_bytes(tmp_path, encoding):
    assert detect_encoding(identify_file(write_file(tmp_path, "id,v\n1,2\n".encode(encoding)))).codec == encoding


def test_a_damaged_byte_in_utf_8_is_refused_with_its_line(tmp_path):
    content = "id,town\n" + "1,Köln\n" * 100_000
    damaged = content.encode() + b"2,K\xff\n" + content.encode()
    with pytest.raises(BadInput, match=r"Line 100,002 of own\.csv has the byte 0xff, which is not UTF-8"):
        guess_encoding(identify_file(write_file(tmp_path, damaged)))


def test_letters_that_are_cut_by_the_end_of_a_chunk_are_no_error(tmp_path):
    text = "a" + "ö" * CHUNK_BYTES + "\nabc "
    file = identify_file(write_file(tmp_path, text.encode() + b"\xff"))
    with pytest.raises(BadInput, match=r"Line 2 of own\.csv has the byte 0xff"):
        guess_encoding(file)


def test_a_guess_says_what_it_reads_what_else_fits_and_what_to_do(tmp_path):
    files = load_table(tmp_path, ("id;town\n" + "1;Plzeň\n2;Žďár\n3;České\n" * 20).encode("cp1250"))
    assert files.layout.endswith("CP1250 (assumed)")
    note = read_notes(files)["Encoding"]
    assert note.startswith(
        "CP1250 is assumed: the file names no encoding and is not UTF-8. It reads 'Plzeň', 'České', 'Žďár'; also"
    )
    assert "CP1252 ('Plzeò')" in note and "convert the file to UTF-8" in note
    assert "Encoding" not in read_notes(load_table(tmp_path, "id;town\n" + "1;Plzeň\n" * 60, "utf8.csv"))


def test_bytes_that_make_no_words_in_any_encoding_are_refused_with_the_way_to_convert(tmp_path):
    noise = bytes(range(128, 160)) * 3
    with pytest.raises(
        BadInput, match=r"Line 2 of own\.csv has the byte 0x80, which is not UTF-8, and no other"
    ) as error:
        load_table(tmp_path, b"id,town\n" + b"".join(b"%d,a%sb\n" % (i, noise) for i in range(60)))
    assert "iconv -f ENCODING -t UTF-8" in error.value.remedy


@pytest.mark.parametrize(
    "word", ["NÅrnberg", "Wroc³aw", "£ukasz", "Kцln", "MЃnchen", "K攍n", "Ìîñêâà", "лПУЛЧБ", "Am├nchen", "¤", "ró¿a"]
)
def test_no_language_writes_a_word_that_was_read_in_a_wrong_encoding(word):
    assert is_strange_word(word)


@pytest.mark.parametrize(
    "word",
    ["Łódź", "Ångström", "MÜNCHEN", "Straße", "°C", "m²", "10€", "£m", "l’été", "Νέα", "Москва", "iPhone手机", "naïve"],
)
def test_words_of_languages_are_not_strange(word):
    assert not is_strange_word(word)
