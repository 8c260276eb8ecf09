"""Numbers in words and ordinals in digits by CLDR's rules (rule-based number formats, UTS 35)."""

from __future__ import annotations

import re

Rules = dict[str, list[list[str]]]  # name of a set -> [key, text], as cldr-rbnf has them
_KEY = re.compile(r"(\d+)(?:/(\d+))?")
# What a rule's text is made of: optional parts, other sets, digits, endings by plural category.
_PART = re.compile(
    r"\[(?P<maybe>[^\]]*)\]"
    r"|(?P<sign>[→←=])(?P<how>[^→←=]*)(?P=sign)"
    r"|\$\((?P<kind>cardinal|ordinal),(?P<endings>[^)]*)\)\$"
)
_ENDING = re.compile(r"(\w+)\{([^}]*)\}")
_RELATION = re.compile(r"([nivwft])(?: % (\d+))? (!?=) ([\d.,]+)")


def plural_category(number: int, rules: dict[str, str]) -> str:
    """``few`` of a whole number by the rules of a language, as plurals.json has them."""
    for name, rule in rules.items():
        condition = rule.split("@")[0].strip()
        if not condition or any(
            all(_holds(number, relation) for relation in part.split(" and "))
            for part in condition.split(" or ")
        ):
            return name.rpartition("-")[2]
    raise ValueError(f"no plural category for {number}")


def _holds(number: int, relation: str) -> bool:
    found = _RELATION.fullmatch(relation.strip())
    if found is None:
        raise ValueError(f"plural rule {relation!r} is not understood")
    operand, modulus, sign, values = found.groups()
    value = number if operand in "ni" else 0  # whole numbers have no fraction
    if modulus:
        value %= int(modulus)
    ranges = [part.split("..") for part in values.split(",")]
    inside = any(int(ends[0]) <= value <= int(ends[-1]) for ends in ranges)
    return inside == (sign == "=")


class Speller:
    """The rules of one language.

    sets: of words and of ordinals together. plurals: rules of categories, by kind (``cardinal``,
    ``ordinal``).
    """

    def __init__(self, sets: Rules, plurals: dict[str, dict[str, str]]) -> None:
        self.sets, self._plurals = sets, plurals

    def __call__(self, number: int, name: str) -> str:
        """A number below 1000 by a set such as ``%spellout-ordinal``. ValueError for what rules of
        such numbers do not use."""
        base, divisor, text = self._rule(number, name)
        return self._text(text.removesuffix(";").removeprefix("'"), number, name, base, divisor)

    def _rule(self, number: int, name: str) -> tuple[int, int, str]:
        best = None
        for key, text in self.sets[name]:
            found = _KEY.fullmatch(key)
            if found and int(found[1]) <= number:
                base, radix = int(found[1]), int(found[2] or 10)
                divisor = 1
                while base >= divisor * radix:
                    divisor *= radix
                best = base, divisor, text
        if best is None:
            raise ValueError(f"{name} has no rule for {number}")
        return best

    def _text(self, text: str, number: int, name: str, base: int, divisor: int) -> str:
        def part(match: re.Match[str]) -> str:
            if match["maybe"] is not None:
                if number % divisor == 0:
                    return ""
                return self._text(match["maybe"], number, name, base, divisor)
            if match["kind"]:
                category = plural_category(number // divisor, self._plurals[match["kind"]])
                endings = dict(_ENDING.findall(match["endings"]))
                return endings.get(category, endings["other"])
            value = {"→": number % divisor, "←": number // divisor, "=": number}[match["sign"]]
            if match["how"].startswith("%"):
                return self(value, match["how"])
            return str(value) if match["how"] else self(value, name)

        return _PART.sub(part, text)
