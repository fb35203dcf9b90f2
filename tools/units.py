"""A tool that converts units of measurement. Factors are exact; a symbol counts before a name, so that
`Mb` is a megabit and `MB` a megabyte, while names may be written in any case, as singular or plural.
"""

from __future__ import annotations

import math
import re
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

from overseer.tool import ToolError, tool


class Unit(NamedTuple):
    symbol: str
    quantity: str
    factor: Fraction  # how many base units of the quantity one is
    offset: Fraction = Fraction(0)  # where zero is, in base units


@tool(
    tags=["units", "convert", "measure", "math"],
    examples=[
        {"request": "convert 5 miles to kilometers", "args": {"value": 5, "from_unit": "miles", "to_unit": "km"}},
        {"request": "how many cups are in a liter?", "args": {"value": 1, "from_unit": "liter", "to_unit": "cups"}},
        {"request": "what is 100 °F in Celsius?", "args": {"value": 100, "from_unit": "°F", "to_unit": "Celsius"}},
        {"request": "how many seconds are 3 days?", "args": {"value": 3, "from_unit": "days", "to_unit": "seconds"}},
    ],
)
def convert_units(value: float, from_unit: str, to_unit: str) -> dict[str, Any]:
    """Convert a quantity from one unit of measurement to another.

    Knows lengths, areas, volumes, masses, times, speeds, temperatures, angles, amounts of data, energies, powers,
    pressures, forces and frequencies, by name or symbol. A month is a twelfth of a year of 365.25 days; gallons,
    pints, cups and the like are those of the United States unless called imperial.

    Args:
        value: how many of the first unit
        from_unit: the unit it is in, such as km, miles, sq ft, °C or MiB
        to_unit: the unit it is to have
    """
    if not math.isfinite(value):
        raise _wrong("value is not a finite number; give one")
    given, wanted = _unit(from_unit, "from_unit"), _unit(to_unit, "to_unit")
    if given.quantity != wanted.quantity:
        raise _wrong(
            f"from_unit {from_unit} measures {given.quantity} and to_unit {to_unit} measures {wanted.quantity};"
            f" give two units of {given.quantity}, such as {', '.join(_symbols(given.quantity)[:6])}"
        )
    exact = Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
    in_base = exact * given.factor + given.offset
    if given.quantity == "temperature" and in_base < 0:
        raise _wrong(f"value {value:g} {given.symbol} is below absolute zero; give a temperature above it")
    result = _as_json((in_base - wanted.offset) / wanted.factor)
    text = f"{_shown(value)} {given.symbol} = {_shown(result)} {wanted.symbol}"
    return {"value": result, "unit": wanted.symbol, "quantity": wanted.quantity, "text": text}


@tool(
    tags=["units", "list"],
    examples=[{"request": "which units of length do you know?", "args": {"quantity": "length"}}],
)
def list_units(quantity: str = "") -> dict[str, list[str]]:
    """List the units of measurement that can be converted, by what they measure.

    Args:
        quantity: only those that measure this, such as length; empty means all
    """
    known = list(dict.fromkeys(unit.quantity for unit in _units()[0].values()))
    if quantity and quantity.lower() not in known:
        raise _wrong(f"quantity {quantity!r} is not known; there are: {', '.join(known)}")
    return {name: _symbols(name) for name in ([quantity.lower()] if quantity else known)}


def _unit(text: str, where: str) -> Unit:
    symbols, names = _units()
    written = " ".join(text.split())
    tidy = re.sub(r"\^?([23])$", lambda power: "²³"[int(power[1]) - 2], written)  # m2 and m^2 for m²
    name = _plain(tidy)
    if found := symbols.get(written) or symbols.get(tidy) or names.get(name):
        return found
    shape, _, side = name.partition(" ")
    length = symbols.get(side) or names.get(_plain(side))
    if length and (found := symbols.get(length.symbol + {"square": "²", "cubic": "³"}.get(shape, "?"))):
        return found
    if written.lower() in _AMBIGUOUS:
        raise _wrong(f"{where} {text!r} could mean several units; write {_AMBIGUOUS[written.lower()]}")
    near = get_close_matches(name, names, 3, 0.7)
    remedy = f"did you mean {' or '.join(near)}?" if near else "the tool list_units names those that are"
    raise _wrong(f"{where} {text!r} is no unit known here; {remedy}")


def _plain(name: str) -> str:
    """A name in the one spelling that names are looked up by."""
    name = (
        name.lower()
        .replace("degrees ", "")
        .replace("degree ", "")
        .replace("°", "")
        .replace(" per ", "/")
        .replace("-", " ")
    )
    name = re.sub(r"^sq\.? ", "square ", re.sub(r"^(?:cu|cb)\.? ", "cubic ", name))
    name = name.replace("metre", "meter").replace("litre", "liter")
    return _IRREGULAR.get(name, name)


_IRREGULAR = {
    **{
        "feet": "foot",
        "feet/second": "foot/second",
        "inches": "inch",
        "foot pounds": "foot pound",
        "kilo": "kilogram",
        "kilos": "kilogram",
    },
}
_AMBIGUOUS = {
    "ton": "tonne, short ton or long ton",
    "tons": "tonnes, short tons or long tons",
}


@cache
def _units() -> tuple[dict[str, Unit], dict[str, Unit]]:
    """All units, by symbol as it is written and by name in small letters."""
    symbols: dict[str, Unit] = {}
    names: dict[str, Unit] = {}

    def add(unit: Unit, *called: str) -> None:
        assert unit.symbol not in symbols, unit.symbol
        symbols[unit.symbol] = unit
        names.setdefault(unit.symbol.lower(), unit)
        for name in called:
            head, slash, tail = name.lower().replace("-", " ").partition("/")  # kilometer/hour
            plural = re.sub(r"(?<![aeiou])ys$", "ies", f"{head}s")
            names.setdefault(f"{head}{slash}{tail}", unit)
            names.setdefault(f"{plural}{slash}{tail}", unit)

    for quantity, table in _TABLES.items():
        for line in table.strip().splitlines():
            symbol, factor, *called = [part.strip() for part in line.split("|")]
            add(Unit(symbol, quantity, _factor(factor)), *called)
    for symbol, name, quantity, base, prefixes in _PREFIXED:
        for prefix, (spelled, power) in _PREFIXES.items():
            if prefix in ("", *prefixes.split()):
                add(Unit(f"{prefix}{symbol}", quantity, _factor(base) * power), f"{spelled}{name}")
    for prefix, (spelled, size) in _BINARY.items():
        add(Unit(f"{prefix}B", "data", Fraction(8 * size)), f"{spelled}byte")
        add(Unit(f"{prefix}bit", "data", Fraction(size)), f"{spelled}bit")
    for symbol, factor, offset, *called in _TEMPERATURES:
        add(Unit(symbol, "temperature", _factor(factor), _factor(offset)), *called)
    for symbol, unit in _SPELLINGS.items():
        symbols[symbol] = symbols[unit]
    return symbols, names


def _factor(text: str) -> Fraction:
    numerator, _, denominator = text.partition("/")
    return Fraction(numerator) / Fraction(denominator or 1)


def _symbols(quantity: str) -> list[str]:
    return [symbol for symbol, unit in _units()[0].items() if unit.quantity == quantity and unit.symbol == symbol]


def _as_json(value: Fraction) -> int | float:
    if value.denominator == 1:
        return value.numerator
    try:
        return float(value)
    except OverflowError:
        return round(value)


def _shown(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.10g}"


def _wrong(message: str) -> ToolError:
    return ToolError(message, kind="bad_request")


_PREFIXES = {
    "": ("", Fraction(1)),
    **{"n": ("nano", Fraction(1, 10**9)), "µ": ("micro", Fraction(1, 10**6)), "m": ("milli", Fraction(1, 1000))},
    **{"c": ("centi", Fraction(1, 100)), "d": ("deci", Fraction(1, 10)), "h": ("hecto", Fraction(100))},
    **{"k": ("kilo", Fraction(10**3)), "M": ("mega", Fraction(10**6)), "G": ("giga", Fraction(10**9))},
    **{"T": ("tera", Fraction(10**12)), "P": ("peta", Fraction(10**15))},
}
_BINARY = {
    "Ki": ("kibi", 2**10),
    "Mi": ("mebi", 2**20),
    "Gi": ("gibi", 2**30),
    "Ti": ("tebi", 2**40),
    "Pi": ("pebi", 2**50),
}

# symbol, name, quantity, factor to the base unit, prefixes it is used with besides none
_PREFIXED = (
    ("m", "meter", "length", "1", "n µ m c d k"),
    ("g", "gram", "mass", "1/1000", "µ m k"),
    ("L", "liter", "volume", "1/1000", "µ m c d h"),
    ("s", "second", "time", "1", "n µ m"),
    ("B", "byte", "data", "8", "k M G T P"),
    ("b", "bit", "data", "1", "k M G T P"),
    ("J", "joule", "energy", "1", "k M G"),
    ("Wh", "watt hour", "energy", "3600", "k M G T"),
    ("cal", "calorie", "energy", "4.184", "k"),
    ("eV", "electronvolt", "energy", "1.602176634e-19", "k M G"),
    ("W", "watt", "power", "1", "m k M G T"),
    ("Pa", "pascal", "pressure", "1", "h k M G"),
    ("bar", "bar", "pressure", "100000", "m"),
    ("N", "newton", "force", "1", "m k M"),
    ("Hz", "hertz", "frequency", "1", "k M G T"),
)
_TEMPERATURES = (
    ("K", "1", "0", "kelvin"),
    ("°C", "1", "273.15", "C", "celsius", "centigrade"),
    ("°F", "5/9", "45967/180", "F", "fahrenheit"),
    ("°R", "5/9", "0", "rankine"),
)
# More ways to write a symbol, in exactly this case.
_SPELLINGS = {
    **{"l": "L", "ml": "mL", "cl": "cL", "dl": "dL", "hl": "hL", "μm": "µm", "um": "µm", "us": "µs", "μs": "µs"},
    **{"μg": "µg", "ug": "µg", "KB": "kB", "Kb": "kb", "sec": "s", "mins": "min", "hr": "h", "hrs": "h", "'": "ft"},
    **{'"': "in", "″": "in", "′": "ft", "°": "deg", "kph": "km/h", "kmh": "km/h", "m/sec": "m/s", "lbs": "lb"},
    **{"sqft": "ft²", "sqm": "m²", "sqkm": "km²", "sqmi": "mi²", "cc": "cm³", "ccm": "cm³", "kts": "kn", "℃": "°C"},
    **{
        "Cal": "kcal",
        "C": "°C",
        "F": "°F",
        "℉": "°F",
        "bit": "b",
        "Kbit": "kb",
        "kbit": "kb",
        "Mbit": "Mb",
        "Gbit": "Gb",
        "Tbit": "Tb",
    },
}

# symbol | factor to the base unit | names
_TABLES = {
    "length": """
        in | 0.0254 | inch
        ft | 0.3048 | foot
        yd | 0.9144 | yard
        mi | 1609.344 | mile
        nmi | 1852 | nautical mile
        ftm | 1.8288 | fathom
        fur | 201.168 | furlong
        Å | 1e-10 | angstrom
        au | 149597870700 | astronomical unit
        ly | 9460730472580800 | light year | light-year
        pc | 30856775814913673 | parsec
        """,
    "area": """
        m² | 1 | square meter
        mm² | 1e-6 | square millimeter
        cm² | 1e-4 | square centimeter
        km² | 1e6 | square kilometer
        ha | 1e4 | hectare
        a | 100 | are
        in² | 0.00064516 | square inch
        ft² | 0.09290304 | square foot
        yd² | 0.83612736 | square yard
        mi² | 2589988.110336 | square mile
        ac | 4046.8564224 | acre
        """,
    "volume": """
        m³ | 1 | cubic meter
        mm³ | 1e-9 | cubic millimeter
        cm³ | 1e-6 | cubic centimeter
        dm³ | 1e-3 | cubic decimeter
        in³ | 0.000016387064 | cubic inch
        ft³ | 0.028316846592 | cubic foot
        yd³ | 0.764554857984 | cubic yard
        gal | 0.003785411784 | gallon | US gallon
        qt | 0.000946352946 | quart | US quart
        pt | 0.000473176473 | pint | US pint
        cup | 0.0002365882365 | cup | US cup
        fl oz | 0.0000295735295625 | fluid ounce | US fluid ounce
        tbsp | 0.00001478676478125 | tablespoon
        tsp | 0.00000492892159375 | teaspoon
        imp gal | 0.00454609 | imperial gallon | UK gallon
        imp qt | 0.0011365225 | imperial quart | UK quart
        imp pt | 0.00056826125 | imperial pint | UK pint
        imp fl oz | 0.0000284130625 | imperial fluid ounce | UK fluid ounce
        bbl | 0.158987294928 | barrel | oil barrel
        """,
    "mass": """
        t | 1000 | tonne | metric ton
        lb | 0.45359237 | pound
        oz | 0.028349523125 | ounce
        st | 6.35029318 | stone
        short ton | 907.18474 | US ton
        long ton | 1016.0469088 | imperial ton | UK ton
        ct | 0.0002 | carat
        gr | 0.00006479891 | grain
        oz t | 0.0311034768 | troy ounce
        """,
    "time": """
        min | 60 | minute
        h | 3600 | hour
        d | 86400 | day
        wk | 604800 | week
        fortnight | 1209600 | fortnight
        mo | 2629800 | month
        yr | 31557600 | year
        decade | 315576000 | decade
        century | 3155760000 | century
        """,
    "speed": """
        m/s | 1 | meter/second
        km/h | 5/18 | kilometer/hour
        km/s | 1000 | kilometer/second
        mph | 0.44704 | mile/hour | mi/h
        ft/s | 0.3048 | foot/second | fps
        kn | 463/900 | knot | nautical mile/hour
        """,
    "angle": """
        deg | 1 | degree
        rad | 180/3.14159265358979323846264338327950288 | radian
        mrad | 0.18/3.14159265358979323846264338327950288 | milliradian
        grad | 0.9 | gradian | gon
        turn | 360 | turn | revolution
        arcmin | 1/60 | arcminute | minute of arc
        arcsec | 1/3600 | arcsecond | second of arc
        """,
    "energy": """
        BTU | 1055.05585262 | british thermal unit
        therm | 105505585.262 | therm
        ft lbf | 1.3558179483314004 | foot-pound | foot pound
        erg | 1e-7 | erg
        """,
    "power": """
        hp | 745.69987158227022 | horsepower
        PS | 735.49875 | metric horsepower
        BTU/h | 0.29307107017222 | british thermal unit/hour
        """,
    "pressure": """
        atm | 101325 | atmosphere
        psi | 6894.757293168361 | pound/square inch
        mmHg | 133.322387415 | millimeter of mercury
        inHg | 3386.388640341 | inch of mercury
        Torr | 101325/760 | torr
        """,
    "force": """
        lbf | 4.4482216152605 | pound-force | pound force
        kgf | 9.80665 | kilogram-force | kilopond
        dyn | 1e-5 | dyne
        """,
    "frequency": """
        rpm | 1/60 | revolution/minute
        """,
}
