"""Tells words that some language writes from words that come of reading a text in a wrong encoding.

Encodings of one byte give some text for almost every file, and samples are often a few names, too short for statistics
of languages. Wrong readings break rules of spelling instead: `NÅrnberg` has a capital inside, `Wroc³aw` a sign between
letters, `Kцln` letters of two scripts.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

WORD = re.compile(r"[^\s,;|\"\t]+")
MIN_MONEY_LETTERS = 3
"""`£ukasz` is a word with a wrong first letter; `£m` is a unit."""
MAX_FOREIGN_SHARE = 0.75
"""Largest share of letters with accents in a Latin word of `MIN_LATIN_LETTERS` letters, such as Łódź."""
MIN_LATIN_LETTERS = 4
EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "IDEOGRAPHIC")
MARKS_BETWEEN_LETTERS = "\u2019\u2018\u2013\u2014\u2011\u00b7\u30fb"
"""Apostrophes, dashes and middle dots, which stand between letters."""
DOTTED_CAPITAL = "İ"
"""Its small letter is ASCII."""


def find_foreign_words(text: str) -> list[str]:
    """The words of `text` that have other characters than ASCII."""
    return [word for word in WORD.findall(text) if not word.isascii()]


def is_strange_word(word: str) -> bool:
    """Whether no language writes `word` so."""
    return (
        _has_unused_characters(word)
        or _has_sign_between_letters(word)
        or _mixes_scripts(word)
        or _mixes_capitals(word)
        or _has_too_many_accents(word)
        or re.search(rf"[£¥][a-z\u00df-\u00ff]{{{MIN_MONEY_LETTERS},}}", word) is not None
    )


def _has_unused_characters(word: str) -> bool:
    """Control characters, characters without a meaning, the lines and blocks of DOS, and the sign of any currency."""
    return any(
        unicodedata.category(character) in ("Cc", "Cn", "Co", "Cs")
        or "\u2500" <= character <= "\u259f"
        or character == "¤"
        for character in word
    )


def _has_sign_between_letters(word: str) -> bool:
    """A sign that no word has, with letters on both sides; or several signs and no letter."""
    foreign = [character for character in word if not character.isascii()]
    if len(foreign) > 1 and not any(map(str.isalpha, word)) and all(map(_is_sign, foreign)):
        return not any(map(str.isdigit, word))
    padded = f" {word} "
    return any(
        _is_sign(sign)
        and ((before.isalpha() and after.isalpha()) or (_is_symbol(sign) and (_is_odd(before) or _is_odd(after))))
        for before, sign, after in zip(padded, word, padded[2:], strict=False)
    )


def _is_odd(neighbour: str) -> bool:
    """Whether a symbol next to this character is unusual in a language: it is a sign, or a letter that is not ASCII."""
    return not neighbour.isascii() and (neighbour.isalpha() or _is_sign(neighbour))


def _is_symbol(sign: str) -> bool:
    """Whether a sign is no mark of punctuation."""
    return unicodedata.category(sign)[0] in "SN"


def _is_sign(character: str) -> bool:
    if character.isascii() or character in MARKS_BETWEEN_LETTERS:
        return False
    return unicodedata.category(character)[0] in "SNP" and not character.isalpha()


def _find_script(letter: str) -> str:
    name = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
    return "EAST ASIAN" if name in EAST_ASIAN else name


def _mixes_scripts(word: str) -> bool:
    """Letters of two scripts side by side. Latin words may stand before or behind East Asian ones, not around them."""
    letters = [(_find_script(letter), letter) for letter in word if letter.isalpha() and letter not in "ªºµ"]
    scripts = [script for script, _ in letters]
    if any(script in ("HALFWIDTH", "FULLWIDTH") for script in scripts) and "LATIN" in scripts:
        return True
    changes = [pair for pair in pairwise(scripts) if pair[0] != pair[1]]
    if all("EAST ASIAN" in pair for pair in changes):
        return len(changes) > 1
    return bool(changes)


def _mixes_capitals(word: str) -> bool:
    """A capital or a small letter that is not ASCII where the letters around it are of the other size."""
    for run in re.findall(r"[^\W\d_]+", word):
        for index, letter in enumerate(run):
            if letter.isascii() or letter == DOTTED_CAPITAL:
                continue
            before, after = run[index - 1 : index], run[index + 1 : index + 2]
            if letter.isupper() and (before.islower() or (before and after.islower())):
                return True
            if letter.islower() and letter not in "ßı" and before.isupper() and after.isupper():
                return True
            if letter.islower() and after.isupper() and not after.isascii():
                return True
    return False


def _has_too_many_accents(word: str) -> bool:
    letters = [letter for letter in word if letter.isalpha() and _find_script(letter) == "LATIN"]
    foreign = sum(not letter.isascii() for letter in letters)
    return len(letters) >= MIN_LATIN_LETTERS and foreign > MAX_FOREIGN_SHARE * len(letters)
