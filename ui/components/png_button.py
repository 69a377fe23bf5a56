"""A button that saves an SVG as a PNG. The browser draws it, so the server needs neither a browser nor a network."""

from __future__ import annotations

from streamlit.components.v2 import component

SCALE = 2
"""Pixels of the picture for each pixel of the SVG, so that it is sharp on a slide."""


def draw_png_button(label: str, svg: str, file_name: str, *, width_px: int, height_px: int, key: str) -> None:
    """`svg` has nothing outside of it, and the size `width_px` by `height_px`."""
    mount = component("fairlap_png_button", html=_HTML, css=_STYLE, js=_SCRIPT)
    mount(
        key=key,
        data={
            "label": label,
            "svg": svg,
            "fileName": file_name,
            "width": width_px,
            "height": height_px,
            "scale": SCALE,
        },
    )


_HTML = '<img alt=""><button type="button"></button><span role="status"></span>'
_STYLE = """
img { display: block; width: 100%; border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); }
button {
  font: inherit; color: var(--st-text-color); background: var(--st-background-color); cursor: pointer;
  border: 1px solid var(--st-border-color); border-radius: var(--st-base-radius); padding: 0.4rem 0.75rem;
  margin-top: 0.6rem; min-height: 2.5rem;
}
button:hover { border-color: var(--st-primary-color); color: var(--st-primary-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
span { margin-left: 0.75rem; color: var(--st-text-color); font-size: 0.9rem; }
"""
_SCRIPT = """
export default function ({ data, parentElement }) {
  const [preview, button, status] = ["img", "button", "span"].map((name) => parentElement.querySelector(name))
  const url = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(data.svg)}`
  preview.src = url
  preview.alt = "Preview of the picture"
  button.textContent = data.label
  button.onclick = async () => {
    const picture = new Image()
    picture.src = url
    try {
      await picture.decode()
    } catch {
      status.textContent = "This browser cannot draw the picture."
      return
    }
    const canvas = document.createElement("canvas")
    canvas.width = data.width * data.scale
    canvas.height = data.height * data.scale
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height)
    const link = document.createElement("a")
    link.download = data.fileName
    link.href = canvas.toDataURL("image/png")
    link.click()
    status.textContent = "Saved."
  }
}
"""
