"""Currency codes and the decimals of their minor unit.

ISO 4217 list one (active codes, with funds codes and metals), decimals as the standard gives them;
codes for which it gives none (XAU, XDR, XXX, ...) have 0. Source: ISO 4217:2015, list one of the
maintenance agency (SIX), with the amendments up to 2025.
"""

from decimal import Decimal

_BY_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF "
    "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
    2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD "
    "FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT "
    "LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
    "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD "
    "SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG "
    "XAD YER ZAR ZMW ZWG",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

# Not ISO 4217: coins that collectibles are priced in. BTC has eight decimals of its own;
# ETH has eighteen, of which eight are kept so that nine million coins still fit into one record.
NOT_ISO = {"BTC": 8, "ETH": 8, "USDT": 6}

DECIMALS: dict[str, int] = {
    code: decimals for decimals, codes in _BY_DECIMALS.items() for code in codes.split()
} | NOT_ISO
"""Decimals of the minor unit by code.

>>> DECIMALS["CNY"], DECIMALS["JPY"], DECIMALS["BHD"], DECIMALS["CLF"], DECIMALS["BTC"]
(2, 0, 3, 4, 8)
"""


def least_minor(amount: Decimal, currency: str) -> int:
    """Smallest amount in minor units that is not below `amount`.

    >>> least_minor(Decimal("10.00"), "CNY"), least_minor(Decimal("0.5"), "JPY")
    (1000, 1)
    """
    scaled = amount.scaleb(DECIMALS.get(currency, 2))
    return int(scaled.to_integral_value("ROUND_CEILING"))
