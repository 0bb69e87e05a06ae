"""A made-up store of people, every fourth of whom has a second account under dirty identifiers."""

GIVEN = ("anna", "boris", "carla", "david", "elena", "felix", "greta", "henry", "irina", "jonas",
         "karla", "lukas", "maria", "nikos")  # fmt: skip
FAMILY = ("abbott", "becker", "castro", "dimitrov", "eriksen", "fischer", "gruber", "hansen",
          "ivanov", "jansen", "keller", "larsen", "mueller", "novak", "olsen", "petrov", "quinn",
          "rossi", "schmidt", "tanaka", "ulrich", "vargas", "weber", "xander", "young",
          "zimmer")  # fmt: skip
STREETS = ("Main", "Hill", "Lake", "Park", "Mill", "Oak", "Rose", "Bridge", "Church", "Station",
           "River", "Garden")  # fmt: skip


def person(i: int) -> dict[str, str]:
    """Identifiers of the i-th person: no two have one phone, e-mail address or document."""
    given, family = GIVEN[i * 5 % len(GIVEN)], FAMILY[(i * 7 + i // 13) % len(FAMILY)]
    return {
        "name": f"{given} {family}",
        "phone": f"139{(i * 7_919_317 + 12_345) % 10**8:08}",
        "email": f"{given[0]}{family}{i}@mail.example",
        "birth_date": f"{1950 + i * 13 % 50}-{1 + i * 5 % 12:02}-{1 + i * 11 % 28:02}",
        "address": f"{1 + i * 17 % 240} {STREETS[i * 5 % len(STREETS)]} Street, {10_000 + i % 89}",
    }


def dirty(i: int) -> dict[str, str]:
    """The same person again: what is left of the identifiers depends on i."""
    clean = person(i)
    given, family = clean["name"].split()
    year, month, day = clean["birth_date"].split("-")
    again = {
        "name": [f"{family.upper()}, {given}", f"{given[:-1]} {family}", clean["name"]][i % 3],
        "birth_date": [f"{year}-{day}-{month}" if int(day) <= 12 else clean["birth_date"],
                       clean["birth_date"], f"{month}/{day}/{year}"][i % 3],
        "address": clean["address"].replace(" Street", " St"),
    }  # fmt: skip
    return again | ({"phone": "+86 " + clean["phone"]} if i % 8 else {"email": clean["email"]})


def store(people: int = 240) -> tuple[list[dict[str, str]], set[tuple[str, str]]]:
    """Rows of `identifiers`, and the pairs of accounts (a < b) that are one person's."""
    accounts = {f"a{i:03}": person(i) for i in range(people)}
    accounts |= {f"b{i:03}": dirty(i) for i in range(0, people, 4)}
    rows = [
        {"account": account, "kind": kind, "value": value}
        for account, identifiers in accounts.items()
        for kind, value in identifiers.items()
    ]
    return rows, {(f"a{i:03}", f"b{i:03}") for i in range(0, people, 4)}
