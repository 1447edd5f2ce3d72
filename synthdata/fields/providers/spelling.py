"""Names in plain ASCII, as an e-mail address needs them."""

from __future__ import annotations

import unicodedata

__all__ = ["in_ascii"]

LATIN = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "å": "aa", "ł": "l", "đ": "d"} | {
    "ð": "d", "þ": "th", "ı": "i", "ə": "e", "ħ": "h", "ŋ": "ng",
}  # fmt: skip
GREEK_SOUNDS = "a v g d e z i th i k l m n x o p r s s t y f ch ps o"
GREEK = dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", GREEK_SOUNDS.split(), strict=True))
CYRILLIC_SOUNDS = (
    "a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch - y - e yu ya yo i i ie g a g k n o u u h -"
)
CYRILLIC = dict(zip("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґәғқңөұүһ'", CYRILLIC_SOUNDS.split(), strict=True))
HANGUL_SOUNDS = (  # the revised romanisation, letter by letter: how syllables begin, go on and end
    "g kk n d tt r m b pp s ss - j jj ch k t p h",
    "a ae ya yae eo e yeo ye o wa wae oe yo u wo we wi yu eu ui i",
    "- k k ks n nj nh t l lk lm lp ls lt lp lh m p ps t t ng t t k t p t",
)
JAMO = tuple(sounds.split() for sounds in HANGUL_SOUNDS)
SPELLED = LATIN | GREEK | {letter: sound.strip("-") for letter, sound in CYRILLIC.items()}


def in_ascii(text: str) -> str:
    """A text in lower-case ASCII; what has no customary spelling is left out, so that "" may be left."""
    return "".join(_spelled(letter) for letter in unicodedata.normalize("NFC", text).lower())


def _spelled(letter: str) -> str:
    if letter.isascii():
        return letter
    if letter in SPELLED:
        return SPELLED[letter]
    if "가" <= letter <= "힣":
        block = ord(letter) - ord("가")
        return "".join(
            part[at].strip("-") for part, at in zip(JAMO, (block // 588, block // 28 % 21, block % 28), strict=True)
        )
    plain = unicodedata.normalize("NFKD", letter)
    base = plain[:1]
    return base if base.isascii() else SPELLED.get(base, "")
