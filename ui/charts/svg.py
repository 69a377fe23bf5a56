"""Parts of an SVG image. Horizontal positions are percentages of its width, vertical ones and sizes are pixels.

So texts and markers keep their size at every width of the page.
"""

from __future__ import annotations

from html import escape
from typing import Literal

Anchor = Literal["start", "middle", "end"]
MARKER_PX = 4.0
"""Half of the size of a marker."""


def draw_text(x: float, y: float, text: str, *, anchor: Anchor = "start", colour: str = "", bold: bool = False) -> str:
    """A line of text, vertically centred on `y`; in the image's own colour unless `colour` is given."""
    fill = f' fill="{colour}"' if colour else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.2f}%" y="{y + MARKER_PX:.1f}" text-anchor="{anchor}"{fill}{weight}>{escape(text)}</text>'


def draw_line(
    ends: tuple[float, float], y: tuple[float, float], colour: str, *, width: float = 1.0, dash: str = ""
) -> str:
    """A line between the horizontal positions `ends` and the vertical positions `y`."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{ends[0]:.2f}%" x2="{ends[1]:.2f}%" y1="{y[0]:.1f}" y2="{y[1]:.1f}" stroke="{colour}" '
        f'stroke-width="{width:g}"{dashes}/>'
    )


def draw_circle(x: float, y: float, colour: str, *, opacity: float = 1.0) -> str:
    """An open circle."""
    return (
        f'<circle cx="{x:.2f}%" cy="{y:.1f}" r="{MARKER_PX - 0.5:g}" fill="none" stroke="{colour}" stroke-width="1.5" '
        f'opacity="{opacity:g}"/>'
    )


def draw_diamond(x: float, y: float, colour: str, *, opacity: float = 1.0) -> str:
    """A filled diamond."""
    size = MARKER_PX
    # A path has no percentages, so it is placed by an image of its own.
    return (
        f'<svg x="{x:.2f}%" y="{y:.1f}" overflow="visible"><path d="M{-size:g} 0L0 {-size:g}L{size:g} 0L0 {size:g}Z" '
        f'fill="{colour}" opacity="{opacity:g}"/></svg>'
    )
