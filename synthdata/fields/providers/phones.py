"""Telephone numbers in the form the locale usually writes.

From numbers that are kept for fiction or tests, so that nobody's phone rings:

    en, en-ca   555-0100 to 555-0199 of each area (North American Numbering Plan)
    en-gb       Ofcom's numbers for television and radio drama
    en-au       (0x) 5550 xxxx and (0x) 7010 xxxx (ACMA)
    de          the Bundesnetzagentur's numbers for media: five towns and two mobile ranges
    fr          01 99 00, 02 61 91, 03 53 01, 04 65 71, 05 36 49 and 06 39 98 (Arcep)
    sv          PTS' numbers for fiction: four towns and a mobile range

Elsewhere the form is mimesis', and a number may be somebody's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping

import numpy as np

from synthdata.fields.providers.base import People, Provider
from synthdata.fields.providers.mixing import drawn
from synthdata.fields.providers.names import picked
from synthdata.fields.providers.pools import known_locales, pool
from synthdata.fields.providers.writing import matching

__all__ = ["PHONES", "RESERVED", "reserved"]

US_AREAS = (
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 "
    "252 253 254 256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 "
    "319 320 321 323 325 330 334 336 337 339 347 351 352 360 361 386 401 402 404 405 406 407 408 409 410 412 413 "
    "414 415 417 419 423 424 425 430 432 434 435 440 443 456 469 478 479 480 484 501 502 503 504 505 507 508 509 "
    "510 512 513 515 516 517 518 520 530 540 541 551 559 561 562 563 567 570 571 573 574 580 585 586 601 602 603 "
    "605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 630 631 636 641 646 650 651 660 661 662 678 "
    "682 701 702 703 704 706 707 708 712 713 714 715 716 717 718 719 720 724 727 731 732 734 740 754 757 760 763 "
    "765 770 772 773 774 775 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 828 830 831 "
    "832 843 845 847 848 850 856 857 858 859 860 862 863 864 865 870 901 903 904 906 907 908 909 910 912 913 914 "
    "915 916 917 918 919 920 925 928 931 936 937 940 941 947 949 951 952 954 956 970 971 972 973 978 979 980 985 "
    "989"
)
CANADIAN_AREAS = (
    "204 226 236 249 250 289 306 343 365 403 416 418 431 437 438 450 506 514 519 548 579 581 587 604 613 639 647 "
    "705 709 778 780 782 807 819 825 867 873 902 905"
)
UK_CITIES = ("0113", "0114", "0115", "0116", "0117", "0118", "0121", "0131", "0141", "0151", "0161")

RESERVED: Mapping[str, tuple[str, ...]] = {  # # stands for any digit
    "en": tuple(f"({area}) 555-01##" for area in US_AREAS.split()),
    "en-ca": tuple(f"({area}) 555-01##" for area in CANADIAN_AREAS.split()),
    "en-gb": (
        *(f"{area} 496 0###" for area in UK_CITIES),
        "020 7946 0###",
        "0191 498 0###",
        "028 9649 6###",
        "029 2018 0###",
        "01632 960###",
        "07700 900###",
        "03069 990###",
    ),
    "en-au": tuple(f"(0{area}) {block} ####" for area in (2, 3, 7, 8) for block in (5550, 7010)),
    "de": (
        "030 23125###",
        "069 90009###",
        "040 66969###",
        "0221 4710###",
        "089 99998###",
        "0171 39200##",
        "0176 040690##",
    ),
    "fr": ("01 99 00 ## ##", "02 61 91 ## ##", "03 53 01 ## ##", "04 65 71 ## ##", "05 36 49 ## ##", "06 39 98 ## ##"),
    "sv": (
        "031-390 06 ##",
        "040-628 04 ##",
        "08-465 004 ##",
        "0980-319 2##",
        *(f"070-174 06 {ten}#" for ten in range(1, 10)),
    ),
}

ANY = re.compile(r"(?=(?:\D*\d){7,15}\D*$)\+?[\d(][\d ()./-]*(?: ?(?:x|ext\.?) ?\d{1,6})?")
TELLING = re.compile(
    r"(?=(?:\D*\d){8,15}\D*$)(?!\+?\d+\.\d+$)(?:"
    r"\+\d[\d ()/-]{6,}\d"  # +49 30 1234567
    r"|\(\+?\d{1,5}\) ?[\d ./-]{5,}\d"  # (555) 123-4567
    r"|(?=(?:\D*\d){9})0\d{1,4}[ /-]\d{2,8}(?:[ /-]\d{2,8}){0,4}"  # 030 1234567, 01 23 45 67 89
    r"|(?:\+?1[ .-])?\d{3}[.-]\d{3}[.-]\d{4}"  # 555-123-4567
    r")(?: ?(?:x|ext\.?) ?\d{1,6})?"
)


@functools.cache
def reserved(locale: str) -> np.ndarray:
    """All the numbers that are kept for fiction: (size,) object of str, empty for most locales."""
    made: list[str] = []
    for mask in RESERVED.get(locale, ()):
        free = mask.count("#")
        form = mask.replace("#", "{}")
        made += [form.format(*f"{number:0{free}d}") for number in range(10**free)]
    return np.array(made, dtype=object)


@functools.cache
def _forms(locale: str) -> np.ndarray:
    """Forms of mimesis' numbers: the last six digits, or fewer in short numbers, are left open."""
    forms = {
        re.sub(r"\d(?=(?:\D*\d){0,5}\D*$)", "{}", text)
        for text in pool(locale, "phone").tolist()
        if re.search(r"\d", text)
    }
    return np.array(sorted(forms), dtype=object)


def _phone(people: People) -> np.ndarray:
    kept = reserved(people.locale)
    if len(kept):
        return np.asarray(kept[picked(people, "phone", len(kept))])
    forms = _forms(people.locale)
    form = forms[drawn(people, "phone form", len(forms))]
    number = drawn(people, "phone number", 10**6)
    return np.array([f.format(*f"{n:06d}") for f, n in zip(form, number.tolist(), strict=True)], dtype=object)


def _is_phone(cells: np.ndarray) -> np.ndarray:
    return matching(cells, ANY)


def _tells_phone(cells: np.ndarray) -> np.ndarray:
    return matching(cells, TELLING)


PHONES = (
    Provider(
        name="phone",
        summary="a telephone number",
        makes=_phone,
        looks=_is_phone,
        distinctive=True,
        telling=_tells_phone,
        fewest=5,
        hint=r"(tele)?(phone|fon)( ?(number|no|num|nr))?"
        r"|(mobile|cell|handy|mobil)( ?(phone|number|no|num|nr|nummer))?|tel( ?(number|no|num|nr))?|tel[eé]fono"
        r"|(tele)?fax|msisdn",
        room=5_000,
        speaks=known_locales,
    ),
)
