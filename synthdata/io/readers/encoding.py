"""The encoding of a text file: UTF-8 unless it says or shows another one, and then it is said.

A byte order mark decides. Without one, bytes that are zero at every second place are UTF-16. What is not UTF-8, but has
some characters of it, is a mixture that nobody can read right, and is refused. Of what is left, Windows-1252 is known
by the words that it gives, and other scripts than Latin by `charset-normalizer`; what could be several is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from synthdata.errors import DataError
from synthdata.io.readers.opening import opened

__all__ = ["Encoding", "encoding_of"]

UTF_8 = "utf-8-sig"  # with its mark or without
MARKS = (  # a longer one first, since one begins like another
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
START = 4096  # bytes that zeros are looked for in
SAMPLE = 1 << 20  # bytes that an encoding is told by
ZEROS = 0.3  # share of zeros at every second place, at least, in UTF-16 of mostly Latin letters
WESTERN = set("äöüßÄÖÜéèêëàâîïôùûçœÉÈÊÀÇáíóúñ¿¡ÁÍÓÚÑãõâêôÃÕåæøÅÆØìòº°ª€£¥§©®™½¼¾²³µ·±×÷«»‘’“”„–—…•\u00a0")
ORDINALS, PUNCTUATION = set("ºª"), set("«»‘’“”„–—…•·¿¡\u00a0")
BEFORE_LETTERS = set("°§µ€£")  # °C, § a
BEYOND_LATIN = 0x370  # from Greek on
FEWEST = 12  # letters of another script, that tell it
MOSTLY = 0.9
NAME_IT = "name the encoding (--encoding; in a schema, source: {encoding: ...})"
CALLED = {"cp1252": "Windows-1252", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


@dataclass(frozen=True)
class Encoding:
    """The name of a codec, and what to say of it; nothing of UTF-8."""

    codec: str
    remark: str = ""


def encoding_of(path: Path) -> Encoding:
    """Find the encoding of a file; DataError if there is none, or the file holds zero bytes."""
    with opened(path) as file:
        start = file.read(START)
    for mark, codec in MARKS:
        if start.startswith(mark):
            return _named(codec)
    for offset, codec in ((1, "utf-16-le"), (0, "utf-16-be")):
        there, other = start[offset::2], start[1 - offset :: 2]
        if len(there) > 1 and there.count(0) >= ZEROS * len(there) and not other.count(0):
            return _named(codec)
    broken = _first_broken(path)
    if broken is None:
        return Encoding(UTF_8)
    where, has_others, sample = broken
    if has_others or start.startswith(codecs.BOM_UTF8):
        raise DataError(
            f"{path}: {where} is not UTF-8, though others of the file are: mend it and save the table as UTF-8, "
            f"or {NAME_IT}"
        )
    told = _told(sample)
    if told is None:
        raise DataError(f"{path}: {where} is not UTF-8, and may be in several encodings: {NAME_IT}")
    return _named(told)


def _named(codec: str) -> Encoding:
    return Encoding(codec, f"read as {CALLED.get(codec, codec.upper())}, not UTF-8; if characters are wrong, {NAME_IT}")


def _first_broken(path: Path) -> tuple[str, bool, bytes] | None:
    """Where a file stops being UTF-8, whether other characters beyond ASCII are UTF-8, and a sample around it."""
    offset, broken, others = 0, "", False
    sample = bytearray()
    with opened(path) as file:
        for number, line in enumerate(file, 1):
            if len(sample) < SAMPLE:
                sample += line
            if b"\0" in line:
                raise DataError(f"{path}, line {number}: holds a zero byte; mend the line, or is this no text file?")
            if not line.isascii():
                try:
                    line.decode()
                    others = True
                except UnicodeDecodeError as error:
                    if not broken:
                        broken = f"line {number}, byte {offset + error.start + 1} of the file"
                        if len(sample) >= SAMPLE:
                            sample += line
            offset += len(line)
    return (broken, others, bytes(sample)) if broken else None


def _told(sample: bytes) -> str | None:
    """The encoding of a sample: Windows-1252 if it gives Western words, another one if it gives other letters.

    None for what would be other Latin letters: Polish is not told from Turkish with certainty.
    """
    try:
        if _is_western(sample.decode("cp1252")):
            return "cp1252"
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None:
        return None
    letters = [character for character in str(best) if not character.isascii() and character.isalpha()]
    others = sum(ord(letter) >= BEYOND_LATIN for letter in letters)
    return str(best.encoding) if len(letters) >= FEWEST and others >= MOSTLY * len(letters) else None


def _is_western(text: str) -> bool:
    """Whether a text has the accents and signs of Western Europe, accents beside plain letters and signs not."""
    odd = [place for place, character in enumerate(text) if not character.isascii()]
    accents = [place for place in odd if text[place].isalpha() and text[place] not in ORDINALS]
    signs = [place for place in odd if not text[place].isalpha() and text[place] not in PUNCTUATION]
    usual = sum(text[place] in WESTERN for place in odd)
    beside = sum(any(each.isascii() and each.isalpha() for each in text[max(at - 1, 0) : at + 2]) for at in accents)
    inside = sum(text[at + 1 : at + 2].isalpha() for at in signs if text[at] not in BEFORE_LETTERS)
    is_plausible = usual >= MOSTLY * len(odd) and beside >= MOSTLY * len(accents)
    return is_plausible and inside <= (1 - MOSTLY) * len(signs)
