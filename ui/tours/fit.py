"""Fits the presenter view to the screen. Draws nothing that can be seen.

The view is designed for `DESIGN_PX`. On other screens all of it is enlarged by one factor, so that it looks the same
from the back of every room. Within it, a part that was made for a page is enlarged as far as its area holds it.
"""

from __future__ import annotations

from streamlit.components.v2 import component

KEY = "fairlap-presenter-fit"
DESIGN_PX = (1280, 720)
"""Width and height of the screen that sizes in pixels refer to."""
SCALE_VARIABLE = "--fairlap-scale"
"""CSS variable with the factor of the screen."""
FIT_VARIABLE = "--fairlap-fit"
"""CSS variable with the factor of the part, in addition to that of the screen."""
FIT_STEP = 0.05

_SCRIPT = """
let stop = () => {}

function overflows(area, content) {
  if (content.getBoundingClientRect().height > area.getBoundingClientRect().height + 1) return true
  return [content, ...content.querySelectorAll("pre, table")].some((part) => part.scrollWidth > part.clientWidth + 1)
}

export default function ({ data }) {
  stop()
  const root = document.documentElement
  const find = (selector) => document.querySelector(selector)
  let seen = ""
  const fit = () => {
    const scale = Math.min(innerWidth / data.width, innerHeight / data.height)
    root.style.setProperty(data.scaleVariable, scale.toFixed(4))
    const area = find(data.area), content = find(data.content)
    if (!area || !content) return
    const measure = () => {
      const [inner, outer] = [content, area].map((element) => element.getBoundingClientRect())
      return [inner.width, inner.height, outer.width, outer.height].map(Math.round).join()
    }
    if (measure() === seen) return
    let factor = data.largest
    const set = () => root.style.setProperty(data.fitVariable, factor.toFixed(2))
    set()
    while (factor > data.smallest && overflows(area, content)) {
      factor = Math.max(data.smallest, factor - data.step)
      set()
    }
    seen = measure()
  }
  let frame = 0
  const later = () => {
    cancelAnimationFrame(frame)
    frame = requestAnimationFrame(fit)
  }
  const sizes = new ResizeObserver(later)
  const observe = () => {
    sizes.disconnect()
    for (const selector of [data.area, data.content]) if (find(selector)) sizes.observe(find(selector))
    later()
  }
  // Areas come and go with the parts. Their children's changes are seen by their sizes.
  const body = find(data.body)
  const areas = new MutationObserver(observe)
  if (body) areas.observe(body, { childList: true, subtree: true })
  addEventListener("resize", later)
  observe()
  stop = () => {
    cancelAnimationFrame(frame)
    sizes.disconnect()
    areas.disconnect()
    removeEventListener("resize", later)
  }
  return stop
}
"""


def draw_fit(*, body: str, area: str, content: str, smallest: float, largest: float) -> None:
    """Set `SCALE_VARIABLE` to the factor of the screen, and `FIT_VARIABLE` to the largest factor between `smallest` and
    `largest` at which the element of the selector `content` is no higher than that of `area`, and no table or code in
    it is cut. Both are within the element of `body`."""
    width, height = DESIGN_PX
    mount = component("fairlap_presenter_fit", js=_SCRIPT)
    mount(
        key=KEY,
        data={
            "width": width,
            "height": height,
            "scaleVariable": SCALE_VARIABLE,
            "fitVariable": FIT_VARIABLE,
            "body": body,
            "area": area,
            "content": content,
            "smallest": smallest,
            "largest": largest,
            "step": FIT_STEP,
        },
        height=1,
    )
