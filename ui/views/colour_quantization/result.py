"""What the arms of colour quantization produced: the pictures of both, with a divider between them."""

from __future__ import annotations

from bench.run.record import Run
from bench.values.base import Arm
from ui.components.before_after import ComparedPicture, draw_before_after
from ui.design.headings import draw_heading
from ui.design.theme import Theme

ORIGINAL = "original"
LEARNED = "learned"
"""The name of the picture that the timed work produced."""


def draw_result(run: Run, key: str, theme: Theme) -> None:
    """The pictures of both arms. At first those that K-Means made; the reader may choose others."""
    pictures = _list_pictures(run)
    if not pictures:
        return
    learned = [place for place, compared in enumerate(pictures) if compared.picture.name == LEARNED]
    left, right = learned if len(learned) == len(Arm) else (0, min(1, len(pictures) - 1))
    draw_heading("Result", "Move the divider to compare the pictures of both arms.")
    draw_before_after(pictures, key=key, theme=theme, left=left, right=right)


def _list_pictures(run: Run) -> list[ComparedPicture]:
    """All pictures by kind, the original once: both arms have the same."""
    made = [(arm, picture) for arm in Arm for picture in run.pictures.get(arm, [])]
    names = list(dict.fromkeys(picture.name for _, picture in made))
    ordered = sorted(made, key=lambda pair: names.index(pair[1].name))
    originals = [ComparedPicture(picture, "") for _, picture in ordered if picture.name == ORIGINAL]
    return originals[:1] + [
        ComparedPicture(picture, run.snapshot.arms[arm], arm) for arm, picture in ordered if picture.name != ORIGINAL
    ]
