"""What a pair's agreement is worth: a model of match weights, and where a workspace keeps its own.

    link_models/lm-3f09c1d2a4b87e55.json   whole numbers; the name is a hash of the content
    link_models/current                    the name of the one that the next refresh reads

A weight is 100 * log2(m / u) in hundredths of a bit (centibits), rounded once, when the model is
made: m and u are how often records of one person, and of two, agree at that level. `prior_cb` is
the same of the odds that two accounts picked at random are one person's. A total of 0 is even
odds, of 1000 about a thousand to one (Fellegi and Sunter 1969). From here on all is whole
numbers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from regift.graph.fuzzy_fields import FIELDS
from regift.graph.store import digest_of
from regift.graph.workspace import Workspace, private_folder, read_json, write_durably, write_json
from regift.loaders.errors import RegiftError


@dataclass(frozen=True)
class FuzzyModel:
    """Weights of every level by field, lowest level first; a field that is absent has none.

    made_from: what it was trained with and on, for people: counts, seed, versions, m and u.
    """

    prior_cb: int
    weights_cb: Mapping[str, tuple[int, ...]]
    made_from: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its id: the same content has the same one anywhere."""
        return "lm-" + digest_of(self.content())[:16]

    def content(self) -> dict[str, Any]:
        """As JSON holds it; `of` reads it back."""
        return asdict(self) | {
            "weights_cb": {field: list(weights) for field, weights in self.weights_cb.items()}
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """The prior and each level with its weight, to be shown; m and u per million, if known."""
        yield {
            "model": self.name, "part": "prior", "level": "two accounts picked at random",
            "weight_cb": self.prior_cb, "m_ppm": None, "u_ppm": None,
        }  # fmt: skip
        for field, weights in self.weights_cb.items():
            seen = self.made_from.get("m_u_ppm", {}).get(field, [[None, None]] * len(weights))
            for text, weight, (m, u) in zip(FIELDS[field].levels, weights, seen, strict=True):
                yield {
                    "model": self.name, "part": field, "level": text,
                    "weight_cb": weight, "m_ppm": m, "u_ppm": u,
                }  # fmt: skip

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "FuzzyModel":
        """A model from its content; RegiftError if it fits no field or level of ours.

        >>> weights = {"birth_date": [-300, 250, 900]}
        >>> FuzzyModel.of({"prior_cb": -1200, "weights_cb": weights, "made_from": {}}).prior_cb
        -1200
        """
        weights = {field: tuple(given) for field, given in content["weights_cb"].items()}
        for field, given in weights.items():
            if field not in FIELDS or len(given) != len(FIELDS[field].levels):
                raise RegiftError(
                    f"the link model was made for other levels of {field}: run `regift link train`"
                )
        return cls(content["prior_cb"], weights, content["made_from"])


def keep(workspace: Workspace, model: FuzzyModel) -> None:
    """Write a model and make it the one that the next refresh reads."""
    folder = workspace.root / "link_models"
    private_folder(folder)
    write_json(folder / f"{model.name}.json", model.content())
    write_durably(folder / "current", f"{model.name}\n".encode())


def current(workspace: Workspace) -> dict[str, Any] | None:
    """Content of the workspace's model; None before the first one was trained."""
    pointer = workspace.root / "link_models" / "current"
    if not pointer.is_file():
        return None
    name = pointer.read_text(encoding="utf-8").strip()
    content = read_json(pointer.with_name(f"{name}.json"))
    if FuzzyModel.of(content).name != name:
        raise RegiftError(f"link model {name} was changed by hand: run `regift link train`")
    return content
