"""Two pictures on top of each other with a divider that the reader moves: one is left of it, the other right of it.

The pictures are in the page. Moving the divider and choosing other pictures is done by the browser alone, so it costs a
running race nothing and never draws the page again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.components.v2 import component

from bench.values.base import Arm
from bench.values.output import Picture
from ui.design.markdown import escape_markdown
from ui.design.theme import Theme, arm_style

MIN_HEIGHT_REM, OTHER_REM = 18, 14
"""A picture is as high as the screen without `OTHER_REM` for the bar of a page and the lists above the picture, so that
it is seen as a whole, but not lower than `MIN_HEIGHT_REM`; and as wide as the page, if it is not too high then."""


@dataclass(frozen=True, slots=True)
class ComparedPicture:
    """A picture, and who made it."""

    picture: Picture
    source: str
    """Name of the arm, such as `stock scikit-learn`; plain text."""
    arm: Arm | None = None
    """Whose glyph and colour the label has; None for a picture that belongs to no arm, such as the original."""

    @property
    def label(self) -> str:
        """What it shows and who made it."""
        return f"{self.source}: {self.picture.label}" if self.source else self.picture.label


def draw_before_after(
    pictures: Sequence[ComparedPicture],
    *,
    key: str,
    theme: Theme,
    left: int = 0,
    right: int = 1,
) -> None:
    """Draw the pictures `left` and `right` with a divider. With more than two pictures, the reader may choose others.

    A single picture is drawn beside an empty frame of its size, because there is nothing to compare it with yet.
    """
    if not pictures:
        return
    if len(pictures) == 1:
        _draw_single(pictures[0])
        return
    mount = component("fairlap_before_after", html=_HTML, css=_STYLE, js=_SCRIPT)
    data = {
        "pictures": [_describe(compared, theme) for compared in pictures],
        "left": left,
        "right": right,
    }
    mount(key=key, data=data)


def _draw_single(compared: ComparedPicture) -> None:
    picture, columns = compared.picture, st.columns(2, gap="small")
    label = compared.label
    columns[0].image(_data_url(picture), caption=escape_markdown(label), alt=label, width="stretch")
    with columns[1].container(border=True, height="stretch", vertical_alignment="center"):
        st.markdown(":gray[The other picture is not available.]", text_alignment="center")


def _describe(compared: ComparedPicture, theme: Theme) -> dict[str, str | int]:
    style = arm_style(compared.arm, theme) if compared.arm is not None else None
    return {
        "url": _data_url(compared.picture),
        "label": compared.label,
        "glyph": style.glyph if style else "",
        "colour": style.colour if style else "",
        "width": compared.picture.width,
        "height": compared.picture.height,
    }


def _data_url(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{picture.base64}"


Side = Literal["left", "right"]


def _chooser(side: Side) -> str:
    name = side.capitalize()
    return f"""<span class="chooser"><span aria-hidden="true">{name}</span>
      <select class="choose-{side}" aria-label="{name} picture"></select></span>"""


_HTML = f"""
<div class="choosers" hidden>
  {_chooser("left")}
  {_chooser("right")}
</div>
<div class="frame">
  <img class="left" alt="">
  <img class="right" alt="">
  <span class="tag left-tag" aria-hidden="true"><b></b><span></span></span>
  <span class="tag right-tag" aria-hidden="true"><b></b><span></span></span>
  <input type="range" min="0" max="100" step="1" value="50">
  <span class="divider" aria-hidden="true"><span class="handle">◂ ▸</span></span>
</div>
"""

_STYLE = """
.choosers { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; margin-bottom: 0.5rem; }
.choosers[hidden] { display: none; }
.chooser { display: flex; align-items: center; gap: 0.5rem; font: inherit; color: var(--st-text-color); min-width: 0; }
.chooser select {
  font: inherit; color: var(--st-text-color); background: var(--st-background-color); min-width: 0; max-width: 100%;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); padding: 0.3rem 0.5rem;
}
.chooser select:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.frame {
  --at: 50%; position: relative; overflow: hidden; touch-action: pan-y;
  width: min(100%, max(_MIN_HEIGHT_, 100vh - _OTHER_) * var(--ratio));
  border-radius: var(--st-base-radius); border: 1px solid var(--st-border-color); line-height: 0;
}
.frame:has(input:focus-visible) { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
.frame img { display: block; width: 100%; height: 100%; object-fit: contain; image-rendering: auto; }
.frame img.right { position: absolute; inset: 0; clip-path: inset(0 0 0 var(--at)); }
.frame input {
  position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: ew-resize;
  touch-action: pan-y;
}
.divider {
  position: absolute; top: 0; bottom: 0; left: var(--at); width: 0; border-left: 2px solid #FFFFFF;
  box-shadow: 0 0 0 1px #161C27; pointer-events: none;
}
.handle {
  position: absolute; top: 50%; left: -1px; transform: translate(-50%, -50%); padding: 0 0.55rem; height: 2rem;
  line-height: 2rem; border-radius: 1rem; background: #FFFFFF; color: #161C27; border: 1px solid #161C27;
  white-space: nowrap; font-size: 0.9rem;
}
.tag {
  position: absolute; top: 0.5rem; max-width: calc(50% - 1rem); padding: 0.15rem 0.5rem; line-height: 1.35;
  font-size: 0.9rem; background: var(--st-background-color); color: var(--st-text-color);
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); pointer-events: none;
}
.tag b:not(:empty) { margin-right: 0.35rem; }
.left-tag { left: 0.5rem; }
.right-tag { right: 0.5rem; text-align: right; }
""".replace("_MIN_HEIGHT_", f"{MIN_HEIGHT_REM}rem").replace("_OTHER_", f"{OTHER_REM}rem")

_SCRIPT = """
export default function ({ data, parentElement }) {
  const find = (selector) => parentElement.querySelector(selector)
  const frame = find(".frame")
  const range = find("input")
  const chosen = parentElement.fairlapChosen ??= { left: data.left, right: data.right }
  for (const side of ["left", "right"]) {
    chosen[side] = Math.min(chosen[side], data.pictures.length - 1)
  }

  const draw = () => {
    const [left, right] = [data.pictures[chosen.left], data.pictures[chosen.right]]
    for (const [side, picture] of [["left", left], ["right", right]]) {
      const image = find(`img.${side}`)
      if (image.getAttribute("src") !== picture.url) image.src = picture.url
      image.alt = picture.label
      const [glyph, text] = find(`.${side}-tag`).children
      glyph.textContent = picture.glyph
      glyph.style.color = picture.colour
      text.textContent = picture.label
      find(`.choose-${side}`).value = String(chosen[side])
    }
    frame.style.aspectRatio = `${left.width} / ${left.height}`
    frame.style.setProperty("--ratio", String(left.width / left.height))
    range.setAttribute("aria-label", `Divider between ${left.label} and ${right.label}`)
    move()
  }
  const move = () => {
    frame.style.setProperty("--at", `${range.value}%`)
    range.setAttribute("aria-valuetext", `${range.value} % left picture`)
  }

  for (const side of ["left", "right"]) {
    const select = find(`.choose-${side}`)
    select.replaceChildren(...data.pictures.map((picture, index) => new Option(picture.label, String(index))))
    select.onchange = () => {
      chosen[side] = Number(select.value)
      draw()
    }
  }
  find(".choosers").hidden = data.pictures.length < 3
  range.oninput = move
  draw()
}
"""
