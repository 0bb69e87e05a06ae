"""Every typology there is, by name: one literal line each."""

from regift.queries.typology import Typology

ALL: dict[str, Typology] = {
    typology.name: typology
    for typology in ()
}
